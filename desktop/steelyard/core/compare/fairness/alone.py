"""Rules that need one run alone: how it met its target, and what held its machine back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.compare.fairness.words import BEGIN_AND_END, PER_TOKEN, SPEED
from steelyard.core.values.comparison import NotComparable, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.run import Run


def of_one(run: Run) -> Iterator[NotComparable]:
    """All that a run says of itself."""
    yield from _cold_start(run)
    yield from _cached_prefill(run)
    yield from _retried(run)
    yield from _hidden_reasoning(run)
    yield from _api_side_unknown(run)
    if run.target.kind == "local":
        yield from _spilled_to_cpu(run)
        yield from _throttled(run)
        yield from _memory_pressure(run)


def _cold_start(run: Run) -> Iterator[NotComparable]:
    if not run.state.cold:
        return
    load_s = (run.timing.load_ms or 0) / 1000
    loaded = f"the model was loaded for this run ({load_s:.1f} s)" if load_s else "first prompt after loading"
    yield NotComparable(
        run_id=run.id,
        metrics=BEGIN_AND_END,
        code="cold_start",
        detail=f"{loaded}; the others were warm or not loaded here",
        remedy=Remedy.WARM,
    )


def _cached_prefill(run: Run) -> Iterator[NotComparable]:
    if run.state.cached_prompt_tokens:
        yield NotComparable(
            run_id=run.id,
            metrics=BEGIN_AND_END,
            code="cached_prefill",
            detail=f"{run.state.cached_prompt_tokens:,} prompt tokens came from a cache",
            remedy=Remedy.WITHOUT_CACHE,
        )


def _retried(run: Run) -> Iterator[NotComparable]:
    if run.timing.attempts > 1:
        yield NotComparable(
            run_id=run.id,
            metrics=BEGIN_AND_END,
            code="retried",
            detail=f"{run.timing.attempts} attempts, {run.timing.waited_ms / 1000:.1f} s before the last one",
            remedy=Remedy.AGAIN,
        )


def _hidden_reasoning(run: Run) -> Iterator[NotComparable]:
    if run.usage.reasoning_tokens and not run.reasoning:
        yield NotComparable(
            run_id=run.id,
            metrics=["ttft_ms", *PER_TOKEN],
            code="hidden_reasoning",
            detail=f"{run.usage.reasoning_tokens:,} tokens of reasoning were written and billed, but not "
            "shown: the first word that arrived was not the first that was written",
            remedy=None,
        )


def _api_side_unknown(run: Run) -> Iterator[NotComparable]:
    if run.target.kind == "api" and run.usage.source == "estimated":
        yield NotComparable(
            run_id=run.id,
            metrics=[*PER_TOKEN, "usd"],
            code="api_side_unknown",
            detail="the API told no token counts; they are estimated from the length of the texts",
            remedy=None,
        )


def _spilled_to_cpu(run: Run) -> Iterator[NotComparable]:
    state = run.state
    if state.layers is None or state.layers_on_gpu is None or state.layers_on_gpu >= state.layers:
        return
    yield NotComparable(
        run_id=run.id,
        metrics=SPEED,
        code="spilled_to_cpu",
        detail=f"{state.layers - state.layers_on_gpu} of {state.layers} layers ran on the CPU: "
        "a shorter context or a smaller quant would fit",
        remedy=Remedy.LESS_CONTEXT,
    )


def _throttled(run: Run) -> Iterator[NotComparable]:
    if run.state.throttled:
        yield NotComparable(
            run_id=run.id,
            metrics=SPEED,
            code="throttled",
            detail=f"the GPU was held back: {', '.join(run.state.throttled)}",
            remedy=Remedy.AGAIN,
        )


def _memory_pressure(run: Run) -> Iterator[NotComparable]:
    if run.state.memory_pressure_share is not None:
        yield NotComparable(
            run_id=run.id,
            metrics=SPEED,
            code="memory_pressure",
            detail=f"programs waited for memory {run.state.memory_pressure_share:.0%} of the time",
            remedy=Remedy.AGAIN,
        )
