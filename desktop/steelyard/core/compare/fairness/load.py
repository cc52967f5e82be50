"""What else generated on this machine at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.words import listed
from steelyard.core.compare.fairness.words import MOST_NAMES, SPEED
from steelyard.core.runs.host_load import NOTABLE_CORES
from steelyard.core.values.comparison import NotComparable, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.comparison import Schedule
    from steelyard.core.values.run import Run


def other_local_load(runs: list[Run], schedule: Schedule) -> Iterator[NotComparable]:
    """Local models beside each other; and an API that computes on this very machine beside anything here."""
    local = [run for run in runs if run.target.kind == "local"]
    is_crowded = schedule == "concurrent" and len({run.column for run in local}) > 1
    hosts = {run.target.name for run in runs if is_computed_here(run)}
    for run in local:
        if is_crowded or run.state.beside:
            yield _beside_local(run, is_crowded, hosts)
    for run in runs:
        if is_computed_here(run) and run.state.beside:
            yield _beside_host(run)


def is_computed_here(run: Run) -> bool:
    """Whether it is an API whose process was seen to compute on this machine."""
    return run.target.kind == "api" and (run.state.host_cores or 0.0) >= NOTABLE_CORES


def _beside_local(run: Run, is_crowded: bool, hosts: set[str]) -> NotComparable:
    beside = run.state.beside
    named = f" ({listed(beside, MOST_NAMES)})" if beside else ""
    only_hosts = bool(beside) and set(beside) <= hosts
    detail = f"another local model{named} was generating on this machine at the same time"
    if only_hosts:
        detail = f"{listed(beside, MOST_NAMES)} computed its answer on this very machine at the same time"
    remedy = Remedy.ONE_AFTER_ANOTHER if hosts & set(beside) else Remedy.AGAIN
    return NotComparable(
        run_id=run.id,
        metrics=SPEED,
        code="other_local_load",
        detail=detail,
        remedy=Remedy.MODEL_BY_MODEL if is_crowded else remedy,
    )


def _beside_host(run: Run) -> NotComparable:
    return NotComparable(
        run_id=run.id,
        metrics=SPEED,
        code="other_local_load",
        detail=f"this API computes on this very machine ({run.state.host_cores:.1f} cores), while "
        f"{listed(run.state.beside, MOST_NAMES)} was generating here",
        remedy=Remedy.ONE_AFTER_ANOTHER,
    )
