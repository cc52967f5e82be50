"""Which single metrics of which runs cannot be compared, and why. What is not named here is comparable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.comparison import NotComparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.comparison import Schedule
    from steelyard.core.values.run import Run

_SPEED = ["ttft_ms", "tpot_ms", "gen_tps", "e2e_ms"]


def judge(runs: list[Run], schedule: Schedule) -> list[NotComparable]:
    """Exclusions for one comparison; runs that failed have nothing to compare and are not judged."""
    answered = [
        run for run in runs if run.error is None and run.finish_reason not in ("cancelled", "interrupted")
    ]
    found: list[NotComparable] = []
    for run in answered:
        found += _of_one(run)
        found += _surroundings(run)
    found += _other_local_load(answered, schedule)
    found += _finish_length(answered)
    return found


def _of_one(run: Run) -> Iterator[NotComparable]:
    if run.state.cold:
        load_s = (run.timing.load_ms or 0) / 1000
        loaded = (
            f"the model was loaded for this run ({load_s:.1f} s)" if load_s else "first prompt after loading"
        )
        yield NotComparable(
            run_id=run.id,
            metrics=["ttft_ms", "e2e_ms"],
            code="cold_start",
            detail=f"{loaded}; the others were warm or not loaded here",
            remedy="Rerun warm",
        )
    if run.state.cached_prompt_tokens:
        yield NotComparable(
            run_id=run.id,
            metrics=["ttft_ms", "e2e_ms"],
            code="cached_prefill",
            detail=f"{run.state.cached_prompt_tokens} prompt tokens came from a cache",
            remedy=None,
        )
    if run.timing.attempts > 1:
        yield NotComparable(
            run_id=run.id,
            metrics=["ttft_ms", "e2e_ms"],
            code="retried",
            detail=f"{run.timing.attempts} attempts, {run.timing.waited_ms / 1000:.1f} s before the last one",
            remedy="Rerun",
        )


def _surroundings(run: Run) -> Iterator[NotComparable]:
    """What went on beside a local run. These cost speed, never the answer."""
    state = run.state
    if run.target.kind != "local":
        return
    if state.layers is not None and state.layers_on_gpu is not None and state.layers_on_gpu < state.layers:
        yield NotComparable(
            run_id=run.id,
            metrics=_SPEED,
            code="spilled_to_cpu",
            detail=f"{state.layers - state.layers_on_gpu} of {state.layers} layers ran on the CPU: "
            "a shorter context or a smaller quant would fit",
            remedy=None,
        )
    if state.throttled:
        yield NotComparable(
            run_id=run.id,
            metrics=_SPEED,
            code="throttled",
            detail=f"the GPU was held back: {', '.join(state.throttled)}",
            remedy="Rerun",
        )
    if state.memory_pressure_share is not None:
        yield NotComparable(
            run_id=run.id,
            metrics=_SPEED,
            code="memory_pressure",
            detail=f"programs waited for memory {state.memory_pressure_share:.0%} of the time",
            remedy="Rerun",
        )


def _other_local_load(runs: list[Run], schedule: Schedule) -> Iterator[NotComparable]:
    local = [run for run in runs if run.target.kind == "local"]
    is_crowded = schedule == "concurrent" and len({run.column for run in local}) > 1
    for run in local:
        if not is_crowded and not run.state.beside:
            continue
        beside = f" ({', '.join(run.state.beside)})" if run.state.beside else ""
        yield NotComparable(
            run_id=run.id,
            metrics=_SPEED,
            code="other_local_load",
            detail=f"another local model{beside} was generating on this machine at the same time",
            remedy="Rerun model by model" if is_crowded else "Rerun",
        )


def _finish_length(runs: list[Run]) -> Iterator[NotComparable]:
    cut = [run for run in runs if run.finish_reason == "length"]
    if len(cut) == len(runs):
        return
    for run in cut:
        yield NotComparable(
            run_id=run.id,
            metrics=["e2e_ms", "usd"],
            code="finish_length",
            detail=f"the answer was cut at {run.params.get('max_tokens')} tokens, others ended by themselves",
            remedy="Rerun with more tokens",
        )
