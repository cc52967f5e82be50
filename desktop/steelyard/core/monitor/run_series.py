"""Lines over finished requests: percentiles of the last minutes at each point of a chart."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from steelyard.core.base.statistics import guarded_percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steelyard.core.store.requests import RunFigures

TRAILING_S = 300.0
"""A point tells of requests that ended so long before it, or within its own step where that is longer."""
_MAX_RUNS = 300


def run_lines(
    runs: Sequence[RunFigures], times: Sequence[float], step_s: float
) -> dict[str, list[float | None]]:
    """Values for each time (the beginning of a step). `runs` in the order of their end.

    Of more than 300 requests in the minutes before a point, the newest 300 count.
    """
    ends = [run.at for run in runs]
    trailing_s = max(TRAILING_S, step_s)
    parts: list[Sequence[RunFigures]] = []
    for time in times:
        until = bisect_right(ends, time + step_s)
        since = bisect_right(ends, time + step_s - trailing_s)
        parts.append(runs[max(since, until - _MAX_RUNS) : until])
    lines: dict[str, Callable[[Sequence[RunFigures]], float | None]] = {
        "runs.ttft_p50_ms": lambda part: guarded_percentile(_ttft(part), 0.50),
        "runs.ttft_p95_ms": lambda part: guarded_percentile(_ttft(part), 0.95),
        "runs.itl_p50_ms": lambda part: _middle([run.itl_p50_ms for run in part]),
        "runs.itl_p95_ms": lambda part: _middle([run.itl_p95_ms for run in part]),
        "runs.joules_per_token": _joules_per_token,
    }
    return {key: _once_per_part(line, parts) for key, line in lines.items()}


def _once_per_part(
    line: Callable[[Sequence[RunFigures]], float | None], parts: list[Sequence[RunFigures]]
) -> list[float | None]:
    """Neighbouring points mostly tell of the very same requests."""
    values: list[float | None] = []
    for number, part in enumerate(parts):
        before = parts[number - 1] if number else None
        if before is not None and len(part) == len(before) and (not part or _is_same(part, before)):
            values.append(values[-1])
        else:
            values.append(line(part) if part else None)
    return values


def _is_same(part: Sequence[RunFigures], other: Sequence[RunFigures]) -> bool:
    return part[0] is other[0] and part[-1] is other[-1]


def _ttft(part: Sequence[RunFigures]) -> list[float]:
    return [run.warm_ttft_ms for run in part if run.warm_ttft_ms is not None]


def _middle(values: list[float | None]) -> float | None:
    """The median request's figure; each of them is a percentile over many tokens already."""
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def _joules_per_token(part: Sequence[RunFigures]) -> float | None:
    known = [(run.joules, run.tokens) for run in part if run.joules is not None and run.tokens]
    tokens = sum(count for _, count in known)
    return sum(joules for joules, _ in known) / tokens if tokens else None
