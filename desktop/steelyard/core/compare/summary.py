"""Medians per target over what is comparable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.statistics import percentile
from steelyard.core.base.units import pico_from_usd, usd_from_text, usd_text
from steelyard.core.costs.outlook import cost_outlook, median_usd
from steelyard.core.runs.meter import gen_cps
from steelyard.core.values.comparison import NotComparable, Spread, TargetSummary

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.run import Run

_ONLY_TOKENS = ("tokenizer_differs", "hidden_reasoning", "api_side_unknown")
"""Codes that take figures per token out of the comparison, but leave the speed in characters as it is."""


def summarise(
    runs: list[Run], excluded: list[NotComparable], prompts_month: int | None = None
) -> dict[str, TargetSummary]:
    """One summary per target name; excluded metrics and failed runs are left out of the medians.

    `prompts_month`: how many such prompts the user expects in a month.
    """
    left_out = {(item.run_id, metric) for item in excluded for metric in item.metrics}
    left_out |= {
        (item.run_id, "gen_cps")
        for item in excluded
        if "gen_tps" in item.metrics and item.code not in _ONLY_TOKENS
    }
    by_target: dict[str, list[Run]] = {}
    for run in runs:
        by_target.setdefault(run.target.name, []).append(run)
    return {name: _of_target(group, left_out, prompts_month) for name, group in by_target.items()}


def _of_target(runs: list[Run], left_out: set[tuple[str, str]], prompts_month: int | None) -> TargetSummary:
    answered = [run for run in runs if run.error is None and run.finish_reason != "cancelled"]

    def spread(metric: str, read: Callable[[Run], float | None]) -> Spread:
        fair = (run for run in answered if (run.id, metric) not in left_out)
        return _spread([value for run in fair if (value := read(run)) is not None])

    e2e_ms = spread("e2e_ms", lambda run: run.timing.e2e_ms)
    priced = [run.cost for run in answered if (run.id, "usd") not in left_out]
    return TargetSummary(
        n=len(runs),
        ttft_ms=spread("ttft_ms", lambda run: run.timing.ttft_ms),
        tpot_ms=spread("tpot_ms", lambda run: run.timing.tpot_ms),
        gen_tps=spread("gen_tps", lambda run: run.timing.gen_tps),
        e2e_ms=e2e_ms,
        usd=_money([cost.usd for cost in priced if cost.usd is not None]),
        gen_cps=spread("gen_cps", gen_cps),
        answer_chars=spread("answer_chars", lambda run: len(run.text)),
        outlook=cost_outlook(
            runs[0].target.kind,
            priced,
            e2e_ms.median if isinstance(e2e_ms.median, float) else None,
            prompts_month,
        ),
    )


def _spread(values: list[float]) -> Spread:
    if not values:
        return Spread(median=None, low=None, high=None, n=0)
    return Spread(median=percentile(values, 0.5), low=min(values), high=max(values), n=len(values))


def _money(amounts: list[str]) -> Spread:
    picos = sorted(pico_from_usd(usd_from_text(usd)) for usd in amounts)
    if not picos:
        return Spread(median=None, low=None, high=None, n=0)
    low, high = usd_text(picos[0]), usd_text(picos[-1])
    return Spread(median=median_usd(amounts), low=low, high=high, n=len(picos))
