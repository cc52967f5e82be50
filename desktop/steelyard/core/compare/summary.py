"""Medians per target over what is comparable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.units import pico_from_usd, usd_from_text, usd_text
from steelyard.core.runs.statistics import percentile
from steelyard.core.values.comparison import NotComparable, Spread, TargetSummary

if TYPE_CHECKING:
    from steelyard.core.values.run import Run


def summarise(runs: list[Run], excluded: list[NotComparable]) -> dict[str, TargetSummary]:
    """One summary per target name; excluded metrics and failed runs are left out of the medians."""
    left_out = {(item.run_id, metric) for item in excluded for metric in item.metrics}
    by_target: dict[str, list[Run]] = {}
    for run in runs:
        by_target.setdefault(run.target.name, []).append(run)
    return {name: _of_target(group, left_out) for name, group in by_target.items()}


def _of_target(runs: list[Run], left_out: set[tuple[str, str]]) -> TargetSummary:
    answered = [run for run in runs if run.error is None and run.finish_reason != "cancelled"]

    def times(metric: str) -> Spread:
        values = [
            value
            for run in answered
            if (run.id, metric) not in left_out and (value := getattr(run.timing, metric)) is not None
        ]
        return _spread(values)

    return TargetSummary(
        n=len(runs),
        ttft_ms=times("ttft_ms"),
        tpot_ms=times("tpot_ms"),
        gen_tps=times("gen_tps"),
        e2e_ms=times("e2e_ms"),
        usd=_money([run for run in answered if (run.id, "usd") not in left_out]),
    )


def _spread(values: list[float]) -> Spread:
    if not values:
        return Spread(median=None, low=None, high=None, n=0)
    return Spread(median=percentile(values, 0.5), low=min(values), high=max(values), n=len(values))


def _money(runs: list[Run]) -> Spread:
    picos = sorted(pico_from_usd(usd_from_text(run.cost.usd)) for run in runs if run.cost.usd is not None)
    if not picos:
        return Spread(median=None, low=None, high=None, n=0)
    middle = len(picos) // 2
    if len(picos) % 2:
        median = picos[middle]
    else:
        total = picos[middle - 1] + picos[middle]
        median = total // 2 + (total % 2 and (total // 2) % 2)  # half to even
    return Spread(median=usd_text(median), low=usd_text(picos[0]), high=usd_text(picos[-1]), n=len(picos))
