"""Bench and tune on tiny weights, with the real engine; where rates matter, with a scripted llama-bench."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from fakes.bench_parts import JOULES_PER_RUN, Rig, bench_rig
from fakes.fake_llama_bench import put_bench, put_program
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.bench.benching import Benching, BenchSize
from steelyard.core.bench.candidates import MachineFacts
from steelyard.core.bench.engine_bench import Shape, bench_words
from steelyard.core.bench.tuning import TuneSize, Tuning
from steelyard.core.servers.flags import effective
from steelyard.core.values.commands import StartBench, StartTune
from steelyard.core.values.events import BenchProgressed, TuneProgressed
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.bench.parts import Parts
    from steelyard.core.values.bench import TuneReport

SMALL_BENCH = BenchSize(Shape(32, 8, 2), most=6, fewest=5, span_s=5.0, gen_tokens=8)
TWO_CORES = MachineFacts(physical_cores=2, logical_cores=2)
SMALL_TUNE = TuneSize(shapes=((64, 16),), rounds=3, asks=2, prompt_tokens=0, gen_tokens=8, machine=TWO_CORES)


@pytest.fixture
async def rig(home: Home) -> AsyncIterator[Rig]:
    async with bench_rig(home) as rig:
        yield rig


def with_bench(rig: Rig, folder: Path) -> Parts:
    """The parts with another llama-bench."""
    return dataclasses.replace(
        rig.parts, workbench=dataclasses.replace(rig.parts.workbench, engine_folder=folder)
    )


def benches_under(rig: Rig) -> list[psutil.Process]:
    """Every llama-bench that measures these weights."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if str(rig.weights) in words and "jsonl" in words:
            found.append(process)
    return found


async def tune(rig: Rig, parts: Parts, budget_s: float = 60.0, **command: bool) -> TuneReport:
    """With the engine's bench alone."""
    asked = StartTune(target="tiny", budget_s=budget_s, **command)
    return await Tuning(parts, asked, "r", dataclasses.replace(SMALL_TUNE, asks=0)).carry_out()


# ---- bench -----------------------------------------------------------------------------------------------


async def test_bench_measures_the_engine_and_the_way_through_steelyard(rig: Rig) -> None:
    report = await Benching(
        rig.parts, StartBench(target="tiny", parallel=[1, 2, 2]), "r", SMALL_BENCH
    ).carry_out()
    engine = report.engine
    assert engine.prompt_tps
    assert engine.gen_tps
    assert (engine.backend, engine.repetitions, engine.prompt_tokens, engine.gen_tokens) == ("cpu", 2, 32, 8)
    assert engine.build
    assert [level.parallel for level in report.levels] == [1, 2]
    for level in report.levels:
        assert (level.n, level.failed) == (6, 0)
        assert level.aggregate_tps
        assert level.ratio_to_engine == pytest.approx(level.aggregate_tps / engine.gen_tps)
        assert level.ttft_p50_ms
        assert level.ttft_p95_ms is None  # six are too few for it
    told = [event for event in rig.events if isinstance(event, BenchProgressed)]
    assert [event.level for event in told if event.level] == report.levels
    assert told[-1].done == told[-1].total == 3


async def test_what_bench_asks_is_in_the_ledger_and_never_the_same_twice(rig: Rig) -> None:
    await Benching(rig.parts, StartBench(target="tiny", parallel=[1]), "r", SMALL_BENCH).carry_out()

    def read(connection) -> list[tuple[str, str]]:
        return list(connection.execute("SELECT document, messages FROM runs"))

    rows = await rig.database.call(read)
    assert len(rows) == 6  # the warm-up is in no ledger
    assert all('"route":"bench"' in document.replace(" ", "") for document, _ in rows)
    assert len({messages for _, messages in rows}) == 6


async def test_bench_says_what_was_going_on_beside_it(rig: Rig) -> None:
    async def one_is_busy() -> list[str]:
        return ["other"]

    parts = dataclasses.replace(rig.parts, idle_others=one_is_busy, beside=lambda: ["the CPU was throttled"])
    report = await Benching(parts, StartBench(target="tiny", parallel=[1]), "r", SMALL_BENCH).carry_out()
    assert "busy beside it: other; these figures are too low" in report.notes
    assert report.notes.count("the CPU was throttled") == 1


async def test_an_unsteady_engine_is_told(rig: Rig, tmp_path: Path) -> None:
    reads, writes = '{"n_prompt":32,"samples_ns":[1e6,9e6]}', '{"n_gen":8,"samples_ns":[1e6,1e6]}'
    program = f"#!/bin/sh\necho '{reads}'\necho '{writes}'\n"
    parts = with_bench(rig, put_program(tmp_path / "engine", program))
    report = await Benching(parts, StartBench(target="tiny", parallel=[1]), "r", SMALL_BENCH).carry_out()
    assert any("reads unsteadily" in note for note in report.notes)
    assert not any("writes unsteadily" in note for note in report.notes)


@pytest.mark.parametrize("levels", [[], [0], [-1], [1000], list(range(1, 40))])
async def test_levels_that_make_no_sense_are_refused(rig: Rig, levels: list[int]) -> None:
    with pytest.raises(UsageError):
        await Benching(rig.parts, StartBench(target="tiny", parallel=levels), "r", SMALL_BENCH).carry_out()


async def test_weights_that_do_not_load_say_why(rig: Rig) -> None:
    rig.weights.write_bytes(b"GGUF nonsense")
    with pytest.raises(AppError, match="llama-bench failed"):
        await Benching(rig.parts, StartBench(target="tiny"), "r", SMALL_BENCH).carry_out()


@pytest.mark.parametrize(
    "text",
    [
        "exit 0",
        "echo nonsense",
        'echo \'{"n_prompt":32,"n_gen":0,"samples_ns":[0,-1,null,"x",1e999]}\'',
        'echo \'{"n_prompt":true,"samples_ns":{"a":1}}\'',
        "echo '[[[[[]]]]]'",
    ],
)
async def test_a_bench_that_tells_no_figures_is_an_error_and_no_number(
    rig: Rig, tmp_path: Path, text: str
) -> None:
    parts = with_bench(rig, put_program(tmp_path / "engine", f"#!/bin/sh\n{text}\n"))
    with pytest.raises(AppError, match="no figures"):
        await Benching(parts, StartBench(target="tiny"), "r", SMALL_BENCH).carry_out()


def test_the_engine_is_measured_with_the_flags_of_its_server() -> None:
    profile = LaunchProfile(
        threads=3,
        gpu_layers="all",
        kv_type_k="q8_0",
        flash_attention="on",
        tensor_split=[1, 2.5],
        devices=["CUDA0"],
    )
    (words,) = bench_words("/w.gguf", effective(profile, ServerSettings()), Shape())
    line = " ".join(words)
    for part in (
        "-m /w.gguf",
        "-t 3",
        "-b 512",
        "-ctk q8_0",
        "-fa on",
        "-ngl 9999",
        "-ts 1/2.5",
        "-dev CUDA0",
    ):
        assert part in line
    for part in ("-p 512 -n 128", "-r 5"):
        assert part in line
    assert "-ctv" not in line


def test_a_prompt_that_is_read_with_other_threads_is_measured_with_them() -> None:
    profile = LaunchProfile(threads=2, threads_batch=8)
    reading, writing = bench_words("/w.gguf", profile, Shape())
    assert (reading[reading.index("-t") + 1], reading[reading.index("-n") + 1]) == ("8", "0")
    assert (writing[writing.index("-t") + 1], writing[writing.index("-p") + 1]) == ("2", "0")


# ---- tune ------------------------------------------------------------------------------------------------


async def test_tune_on_the_real_engine_measures_every_kind_of_setting(rig: Rig) -> None:
    report = await Tuning(rig.parts, StartTune(target="tiny"), "r", SMALL_TUNE).carry_out()
    settings = [row.settings for row in report.candidates]
    assert settings[0] == {} == report.baseline.settings
    changed = {name for row in settings for name in row}
    assert {"ubatch_tokens", "flash_attention", "kv_type_k", "speculation", "parallel"} <= changed
    refused = next(row for row in report.candidates if row.settings.get("kv_type_k"))
    assert "failed to create context" in refused.failed  # its heads are too small for blocks of 32
    assert refused.gen_tps is None
    assert not refused.distinguishable
    measured = report.baseline
    assert measured.prompt_tps
    assert measured.gen_tps
    assert measured.memory_bytes
    assert measured.joules_per_token == pytest.approx(JOULES_PER_RUN / 8)
    assert measured.end_to_end_tps
    slots = next(row for row in report.candidates if row.settings.get("parallel"))
    assert slots.aggregate_tps
    assert slots.joules_per_token is None  # who of four at a time cost what is not known
    assert not report.is_stopped
    told = [event for event in rig.events if isinstance(event, TuneProgressed)]
    assert told[-1].done == told[-1].total
    assert sum(event.candidate is not None for event in told) >= len(report.candidates)


async def test_the_best_is_kept_as_a_profile_of_what_differs(rig: Rig, tmp_path: Path) -> None:
    parts = with_bench(rig, put_bench(tmp_path / "engine", {"-ub 128": (1.3, 1.3), "-fa off": (1.002, 1.0)}))
    report = await tune(rig, parts)
    (stored,) = rig.saved
    assert (stored.profile.batch_tokens, stored.profile.ubatch_tokens) == (512, 128)
    assert stored.profile.flash_attention is None, "it makes no difference"
    assert (stored.origin, stored.weights, stored.name) == ("tune", "tiny", "tiny-tuned")
    assert report.profile_path == stored.path
    assert {"batch_tokens": 512, "ubatch_tokens": 128}.items() <= report.best.settings.items()
    assert report.best.distinguishable
    assert "1.3" in report.verdict
    flash = next(row for row in report.candidates if row.settings == {"flash_attention": "off"})
    assert not flash.distinguishable


async def test_settings_that_help_each_for_itself_are_tried_together(rig: Rig, tmp_path: Path) -> None:
    parts = with_bench(rig, put_bench(tmp_path / "engine", {"-ub 128": (1.3, 1.0), "-fa off": (1.2, 1.5)}))
    report = await tune(rig, parts)
    helpful = {"flash_attention": "off", "batch_tokens": 512, "ubatch_tokens": 128}
    assert helpful.items() <= report.best.settings.items(), "one of twenty others may seem to help by chance"


async def test_when_nothing_helps_the_defaults_stay_and_no_profile_is_written(
    rig: Rig, tmp_path: Path
) -> None:
    slower = {"-fa off": (0.5, 0.6), "-ub 1024": (0.9, 1.0)}
    report = await tune(rig, with_bench(rig, put_bench(tmp_path / "engine", slower)))
    assert report.best == report.baseline
    assert report.profile_path is None
    assert rig.saved == []
    assert report.verdict.startswith("No setting is distinguishably faster than the defaults")
    assert next(r for r in report.candidates if r.settings == {"flash_attention": "off"}).distinguishable


async def test_another_quant_on_disk_is_compared_by_what_was_measured(rig: Rig, tmp_path: Path) -> None:
    rig.other_weights("tiny-Q4_0", "Q4_0")
    parts = with_bench(rig, put_bench(tmp_path / "engine", {"tiny-Q4_0": (3.4, 1.55)}))
    report = await tune(rig, parts)
    reads, writes = (
        float(part.split(" times")[0].split()[-1]) for part in report.quant_note.split(" and ")[:2]
    )
    assert reads == pytest.approx(3.4, rel=0.03)
    assert writes == pytest.approx(1.55, rel=0.03)
    assert report.quant_note.startswith("Q4_0 reads prompts")
    assert "as F32 here" in report.quant_note
    row = next(row for row in report.candidates if row.quant == "Q4_0")
    assert (row.weights, row.distinguishable) == ("tiny-Q4_0", True)
    assert report.best.quant == "F32"  # a profile cannot change the weights


async def test_other_quants_are_left_alone_when_that_is_wished(rig: Rig, tmp_path: Path) -> None:
    rig.other_weights("tiny-Q4_0", "Q4_0")
    slow = put_program(tmp_path / "engine", "#!/bin/sh\nexec /bin/sleep 99\n")
    report = await tune(rig, with_bench(rig, slow), budget_s=1.0, quants=False)
    assert report.quant_note == ""
    assert [row.quant for row in report.candidates] == ["F32"]


async def test_tune_ends_within_its_budget_with_what_it_has(rig: Rig, tmp_path: Path) -> None:
    text = f'#!/bin/sh\nsleep 0.4\nexec {put_bench(tmp_path / "fast", {}) / "llama-bench"} "$@"\n'
    parts = with_bench(rig, put_program(tmp_path / "engine", text.replace("sleep", "/bin/sleep")))
    started = time.monotonic()
    report = await tune(rig, parts, budget_s=2.0)
    assert time.monotonic() - started < 5
    assert report.is_stopped
    assert report.baseline.gen_tps
    assert "before everything was tried" in report.verdict


async def test_finishing_a_tune_gives_what_it_has_at_once(rig: Rig, tmp_path: Path) -> None:
    engine = put_bench(tmp_path / "engine", {})
    tuning = Tuning(with_bench(rig, engine), StartTune(target="tiny", budget_s=60.0), "r", SMALL_TUNE)
    work = asyncio.create_task(tuning.carry_out())
    while sum(isinstance(event, TuneProgressed) for event in rig.events) < 4:
        await asyncio.sleep(0.01)
    put_program(tmp_path / "engine", "#!/bin/sh\nexec /bin/sleep 99\n")
    await asyncio.sleep(0.3)
    tuning.finish()
    report = await asyncio.wait_for(work, 3)
    assert report.is_stopped
    assert report.baseline.gen_tps
    assert benches_under(rig) == []


async def test_a_cancelled_tune_keeps_nothing_and_leaves_no_child(rig: Rig, tmp_path: Path) -> None:
    parts = with_bench(rig, put_program(tmp_path / "engine", "#!/bin/sh\n/bin/sleep 99\n"))
    work = asyncio.create_task(tune(rig, parts))
    while not benches_under(rig):
        await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert benches_under(rig) == []
    assert rig.saved == []


async def test_a_tune_that_cannot_measure_the_defaults_says_why(rig: Rig) -> None:
    rig.weights.write_bytes(b"GGUF nonsense")
    with pytest.raises(AppError, match="llama-bench failed"):
        await tune(rig, rig.parts)


async def test_a_tune_that_is_finished_before_it_began_has_no_figures(rig: Rig) -> None:
    tuning = Tuning(rig.parts, StartTune(target="tiny"), "r", SMALL_TUNE)
    tuning.finish()
    report = await tuning.carry_out()
    assert (report.is_stopped, report.baseline.gen_tps, report.profile_path) == (True, None, None)
    assert report.verdict.startswith("Stopped before anything was measured.")
