"""Fairness and medians of a comparison."""

from __future__ import annotations

from steelyard.core.compare.fairness.judging import judge
from steelyard.core.compare.summary import summarise
from steelyard.core.values.run import Cost, ErrorInfo, Run, RunState, TargetInfo, Timing


def run(number: int, name: str = "a", kind: str = "local", column: int = 0, **more: object) -> Run:
    values = {"finish_reason": "stop", "timing": Timing(ttft_ms=number * 10.0, attempts=1), **more}
    return Run(
        id=f"r{number}",
        started_at="x",
        target=TargetInfo(name=name, kind=kind, model="m"),
        column=column,
        **values,
    )


def codes(runs: list[Run], schedule: str = "model-by-model") -> set[tuple[str, str]]:
    return {(item.run_id, item.code) for item in judge(runs, schedule)}


def test_fair_runs_are_not_marked() -> None:
    assert codes([run(1), run(2, "b", "api", 1), run(3, "c", column=2)]) == set()


def test_each_reason_marks_its_run_only() -> None:
    runs = [
        run(1, state=RunState(cold=True), timing=Timing(load_ms=4240, attempts=1)),
        run(2, "b", "api", 1, state=RunState(cached_prompt_tokens=24)),
        run(3, "c", "api", 2, timing=Timing(attempts=2, waited_ms=900)),
        run(4, "d", column=3, finish_reason="length", params={"max_tokens": 24}),
        run(5, "e", column=4),
    ]
    assert codes(runs) == {
        ("r1", "cold_start"),
        ("r2", "cached_prefill"),
        ("r3", "retried"),
        ("r4", "finish_length"),
    }
    (cold,) = [item for item in judge(runs, "model-by-model") if item.code == "cold_start"]
    assert "4.2 s" in cold.detail
    assert cold.remedy


def test_what_goes_on_beside_a_local_run_takes_its_speed_out_of_the_comparison() -> None:
    states = {
        "spilled_to_cpu": RunState(layers_on_gpu=20, layers=31),
        "throttled": RunState(throttled=["thermal"]),
        "memory_pressure": RunState(memory_pressure_share=0.25),
        "other_local_load": RunState(beside=["gemma"]),
    }
    for code, state in states.items():
        (found,) = judge([run(1, state=state), run(2, "b", column=1)], "model-by-model")
        assert (found.run_id, found.code) == ("r1", code)
        assert "ttft_ms" in found.metrics
        assert "usd" not in found.metrics
        assert found.remedy == ("Rerun with less context" if code == "spilled_to_cpu" else "Rerun")
        # The same beside an API says nothing about the API.
        assert codes([run(1, "a", "api", state=state), run(2, "b", column=1)]) == set()
    assert codes([run(1, state=RunState(layers_on_gpu=31, layers=31))]) == set()


def test_two_local_models_at_once_disturb_each_other_but_not_the_api() -> None:
    runs = [run(1), run(2, "b", column=1), run(3, "c", "api", 2)]
    assert codes(runs, "concurrent") == {("r1", "other_local_load"), ("r2", "other_local_load")}
    assert codes([run(1), run(3, "c", "api", 2)], "concurrent") == set()


def test_all_cut_at_the_same_length_is_fair() -> None:
    assert codes([run(1, finish_reason="length"), run(2, "b", column=1, finish_reason="length")]) == set()


def test_medians_leave_out_what_is_not_comparable_and_what_failed() -> None:
    broken = ErrorInfo(title="t", detail="", hint="", retryable=False)
    runs = [
        run(1, state=RunState(cold=True), cost=Cost(usd="0.3")),
        run(2, cost=Cost(usd="0.1")),
        run(4, cost=Cost(usd="0.2")),
        run(9, error=broken, finish_reason="error"),
    ]
    summary = summarise(runs, judge(runs, "model-by-model"))["a"]
    assert summary.n == 4
    assert (summary.ttft_ms.n, summary.ttft_ms.median, summary.ttft_ms.low, summary.ttft_ms.high) == (
        2,
        30.0,
        20.0,
        40.0,
    )
    assert (summary.usd.n, summary.usd.median, summary.usd.low, summary.usd.high) == (3, "0.2", "0.1", "0.3")
    assert summary.gen_tps.median is None
