"""What tune takes for more than noise, on scripted numbers; and which settings it tries at all."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import TYPE_CHECKING

import pytest

from fakes.bench_parts import weights_row
from steelyard.core.bench.candidates import Candidate, MachineFacts, candidates_for, combined
from steelyard.core.bench.engine_bench import EngineSample
from steelyard.core.bench.report import best_of, report_of
from steelyard.core.bench.sums import (
    holm,
    mean_interval,
    p_of_mean,
    p_of_single,
    sample_sd,
    t_p_value,
    t_quantile,
)
from steelyard.core.bench.trials import Trial, log_ratio, row_of, tell_apart, welch
from steelyard.core.servers.flags import effective
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from steelyard.core.values.bench import TuneReport

EIGHT_CORES = MachineFacts(physical_cores=8, logical_cores=16)


# ---- sums ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freedom", "table"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (100, 1.984)],
)
def test_students_t_is_that_of_the_tables(freedom: int, table: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(table, abs=5e-4)
    assert t_p_value(table, 1.0, freedom) == pytest.approx(0.05, abs=1e-4)


def test_an_interval_worked_out_by_hand() -> None:
    low, high = mean_interval([10.0, 12.0, 11.0, 13.0]) or (0.0, 0.0)
    half = 3.18245 * math.sqrt(5 / 3) / 2
    assert (low, high) == pytest.approx((11.5 - half, 11.5 + half), abs=1e-4)


@pytest.mark.parametrize("values", [[], [5.0]])
def test_too_few_values_say_nothing(values: list[float]) -> None:
    assert sample_sd(values) is None
    assert mean_interval(values) is None
    assert p_of_mean(values) == 1.0
    assert p_of_single(1.0, values) == 1.0
    assert welch(values, [1.0, 2.0]) == 1.0


def test_values_without_any_spread() -> None:
    assert p_of_mean([0.0, 0.0, 0.0]) == 1.0
    assert p_of_mean([0.1, 0.1, 0.1]) < 1e-9


def test_welch_worked_out_by_hand() -> None:
    # t = -1/sqrt(1/3 + 4/3), 2.94 degrees of freedom, taken as 2
    assert welch([1.0, 2.0, 3.0], [1.0, 3.0, 5.0]) == pytest.approx(0.519, abs=1e-3)


def test_holm_refuses_fewer_the_more_are_tested() -> None:
    assert holm({"a": 0.01, "b": 0.02, "c": 0.04}) == {"a", "b", "c"}
    assert holm({"a": 0.01, "b": 0.03, "c": 0.04}) == {"a"}
    assert holm({"a": 0.02}) == {"a"}
    assert holm({}) == set()


# ---- more than noise -------------------------------------------------------------------------------------


def sample(prompt: float, gen: float) -> EngineSample:
    return EngineSample(prompt=[prompt], gen=[gen], backend="cpu")


def trial(
    key: str, rounds: Sequence[float], screened: Sequence[float] = (1.0,), axis: str = "threads"
) -> Trial:
    """A candidate whose rates are these factors of 500 and 100 tokens per second."""
    settings = {} if axis in ("baseline", "quant") else {"threads": 1}
    made = Trial(Candidate(key, axis, "/w.gguf", settings, quant=key if axis == "quant" else "Q4_1"))  # pyright: ignore[reportArgumentType]
    made.screened = [sample(500 * factor, 100 * factor) for factor in screened]
    made.rounds = [sample(500 * factor, 100 * factor) for factor in rounds]
    return made


def concluded(baseline: Trial, *others: Trial) -> TuneReport:
    tell_apart(others, baseline)
    return report_of(baseline, others, best_of(others, baseline), None, [], is_stopped=False)


def test_a_clear_gain_is_told_with_its_interval() -> None:
    baseline = trial("base", [1.0, 1.01, 0.99, 1.0], axis="baseline")
    report = concluded(baseline, trial("fast", [1.21, 1.2, 1.19, 1.2]))
    assert report.best.distinguishable
    assert "1.20 times as fast as the defaults (95 %: 1.1" in report.verdict
    assert report.best.gen_tps == pytest.approx(120)
    assert report.best.gen_tps_low is not None
    assert report.best.gen_tps_low < 120 < (report.best.gen_tps_high or 0)


def test_a_gain_within_the_noise_is_none() -> None:
    baseline = trial("base", [1.0, 1.2, 0.8, 1.0], axis="baseline")
    report = concluded(baseline, trial("luck", [1.1, 1.0, 1.1, 1.05]))
    assert not report.candidates[1].distinguishable
    assert report.best == report.baseline
    assert report.profile_path is None


def test_a_machine_that_slows_down_favours_nobody() -> None:
    """In mirrored order each falls back by the same steps on the whole."""
    order = [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]
    speeds = [1 - 0.03 * step for step in range(len(order))]
    rates = [[speed for who, speed in zip(order, speeds, strict=True) if who == one] for one in (0, 1)]
    baseline, same = trial("base", rates[0], axis="baseline"), trial("same", rates[1])
    concluded(baseline, same)
    assert not same.distinguishable


def test_a_setting_that_adds_nothing_is_left_out() -> None:
    baseline = trial("base", [1.0, 1.01, 0.99, 1.0], axis="baseline")
    one, two = trial("one", [1.3, 1.31, 1.3, 1.29]), trial("two", [1.31, 1.32, 1.31, 1.3], axis="combined")
    two.candidate = dataclasses.replace(two.candidate, changes=2)
    tell_apart([two, one], baseline)
    assert best_of([two, one], baseline) is one


def test_a_machine_that_others_use_is_told() -> None:
    busy = trial("base", [1.0, 0.4, 1.0], axis="baseline")
    quiet = trial("base", [1.0, 0.97, 1.0], axis="baseline")
    assert "2.5 times as slow" in concluded(busy).verdict
    assert "something else" not in concluded(quiet).verdict


def test_two_rounds_are_too_few_to_decide() -> None:
    baseline = trial("base", [1.0, 1.0], axis="baseline")
    other = trial("two", [1.5, 1.5])
    concluded(baseline, other)
    assert not other.distinguishable


def test_what_was_only_screened_is_told_apart_when_it_is_far_off() -> None:
    baseline = trial("base", [], [1.0, 1.02, 0.98, 1.0], axis="baseline")
    half, near = trial("half", [], [0.5]), trial("near", [], [0.97])
    concluded(baseline, half, near)
    assert (half.distinguishable, near.distinguishable) == (True, False)


def test_many_candidates_without_effect_are_seldom_taken_for_better() -> None:
    """At most 5 % of tunes are wrong; 300 give 15, and chance another 10."""
    chance = random.Random(7)

    def noise(count: int) -> list[float]:
        return [math.exp(chance.gauss(0, 0.05)) for _ in range(count)]

    wrong = 0
    for _ in range(300):
        baseline = trial("base", noise(6), axis="baseline")
        others = [trial(str(number), noise(6)) for number in range(4)]
        tell_apart(others, baseline)
        wrong += best_of(others, baseline) is not baseline
    assert wrong <= 25


def test_what_failed_has_its_reason_and_no_figures() -> None:
    baseline = trial("base", [1.0, 1.0, 1.0], axis="baseline")
    failed = trial("oom", [], [])
    failed.failed = "there is not enough memory for these weights"
    report = concluded(baseline, failed)
    assert report.candidates[1].failed
    assert report.candidates[1].gen_tps is None
    assert row_of(failed).memory_bytes is None


def test_quants_are_told_by_what_was_measured() -> None:
    baseline = trial("base", [], [1.0, 1.01, 0.99], axis="baseline")
    quick = trial("Q4_0", [], [1.0], axis="quant")
    quick.screened = [sample(1700.0, 155.0)]
    same = trial("Q4_K_M", [], [1.0], axis="quant")
    report = concluded(baseline, quick, same)
    assert "Q4_0 reads prompts 3.40 times and writes 1.55 times as fast as Q4_1 here." in report.quant_note
    assert "Q4_K_M is not distinguishable from Q4_1 here." in report.quant_note
    assert report.best == report.baseline


def test_ratios_compare_what_was_measured_alike() -> None:
    baseline = trial("base", [1.0, 1.0, 1.0], [2.0], axis="baseline")
    assert log_ratio(trial("a", [2.0, 2.0, 2.0], [9.0]), baseline) == pytest.approx(-math.log(2))
    assert log_ratio(trial("b", [], [1.0]), baseline) == pytest.approx(math.log(2))
    assert log_ratio(trial("c", [], []), baseline) is None


# ---- what is tried ---------------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"x")
    return path


def tried(machine: MachineFacts, weights: Path, **profile: object) -> list[Candidate]:
    base = effective(LaunchProfile(**profile), ServerSettings())  # pyright: ignore[reportArgumentType]
    return candidates_for(machine, base, weights_row(weights, "Q4_1"), [])


def test_threads_follow_the_cores_and_leave_out_what_the_engine_does_anyway(weights: Path) -> None:
    def threads(machine: MachineFacts, **profile: object) -> list[int]:
        return [c.settings["threads"] for c in tried(machine, weights, **profile) if c.axis == "threads"]

    assert threads(EIGHT_CORES) == [16, 6, 4]
    assert threads(EIGHT_CORES, threads=16) == [8, 6, 4]
    assert threads(MachineFacts(1, 1)) == []


def test_layers_are_tried_where_there_is_a_gpu_only(weights: Path) -> None:
    assert not [c for c in tried(EIGHT_CORES, weights) if c.axis == "gpu"]
    on_gpu = tried(MachineFacts(8, 16, has_gpu=True), weights)
    assert {"gpu_layers": "all"} in [c.settings for c in on_gpu]


def test_no_candidate_contradicts_itself(weights: Path) -> None:
    for profile in ({}, {"flash_attention": "off"}, {"kv_type_k": "q8_0", "kv_type_v": "q8_0"}):
        for candidate in tried(EIGHT_CORES, weights, **profile):
            wanted = candidate.profile(LaunchProfile(**profile))
            assert not (wanted.kv_type_v == "q8_0" and wanted.flash_attention == "off")
            assert (wanted.ubatch_tokens or 0) <= (wanted.batch_tokens or 1 << 30)


def test_the_best_of_each_kind_goes_together(weights: Path) -> None:
    made = {c.key: c for c in tried(EIGHT_CORES, weights)}
    row = weights_row(weights)
    order = [made["threads=16"], made["threads=6"], made["flash_attention=off"]]
    together = combined(row, order)
    assert together is not None
    assert together.settings == {"threads": 16, "flash_attention": "off"}
    assert combined(row, order[:2]) is None
    cache = made["kv_type_k=q8_0,kv_type_v=q8_0"]
    assert combined(row, [cache, made["flash_attention=off"]]) is None  # the engine has no such pair


def test_other_quants_are_few_and_the_telling_ones_first(weights: Path, tmp_path: Path) -> None:
    siblings = []
    for quant in ("F16", "Q2_K", "Q8_0", "Q4_0", "Q4_1", "Q5_K_M"):
        path = tmp_path / f"m-{quant}.gguf"
        path.write_bytes(b"x")
        siblings.append(weights_row(path, quant))
    base = effective(LaunchProfile(), ServerSettings())
    made = candidates_for(EIGHT_CORES, base, weights_row(weights, "Q4_1"), siblings)
    assert [c.quant for c in made if c.axis == "quant"] == ["Q4_0", "Q8_0", "Q5_K_M"]
