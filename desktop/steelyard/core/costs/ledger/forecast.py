"""The next month from the days so far: a robust trend, and days drawn from past ones of the same weekday."""

from __future__ import annotations

import functools
import random
from datetime import date, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING

from steelyard.core.base.statistics import percentile
from steelyard.core.base.units import PICO_PER_USD
from steelyard.core.values.cost_ledger import Forecast
from steelyard.core.values.costs import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.store.cost_sums import DayTotal

NEEDED_DAYS = 14
MONTH_DAYS = 30.4375
_WEEK = 7
_MOST_DAYS = 91
"""Older days say little of the next month."""
_DRAWS = 2_000
_SEED = 20_261_122
_DAMPING = 0.93
"""A trend loses this much of its pace each day: halved after ten."""
_MOST_DRIFT = 0.5
"""Of the mean day: no trend moves a day by more."""

Series = tuple[float, ...]


def forecast(days: Sequence[DayTotal], today: date) -> Forecast:
    """Thirty days and a bit (30.4375) from tomorrow on, P10, P50 and P90.

    It takes the whole local days up to yesterday, 91 at most; days without runs count as zero. The trend is
    Theil and Sen's over pairs that are whole weeks apart (so that weekdays do not look like one), taken only
    if the middle half of the pairs agrees on its direction, damped and limited. Each of 2,000 months draws
    its days from days of the same weekday, out of a pool that was itself drawn: so few weeks are uncertain.
    """
    past = [day for day in days if day.day < today.isoformat()]
    first = date.fromisoformat(days[0].day) if days else today
    count = max(0, (today - first).days)
    if count < NEEDED_DAYS:
        note = f"insufficient data: {count} of {NEEDED_DAYS} days"
        return Forecast(days=count, needed_days=NEEDED_DAYS, is_enough=False, note=note)
    begin = max(first, today - timedelta(days=_MOST_DAYS))
    used = (today - begin).days
    tokens = _series({day.day: float(day.tokens) for day in past}, begin, used)
    money = _series({day.day: day.paid / PICO_PER_USD for day in past}, begin, used)
    token_band, usd_band = _bands(tokens, money, begin.weekday())
    return Forecast(
        days=count,
        needed_days=NEEDED_DAYS,
        is_enough=True,
        tokens_month=token_band,
        api_usd_month=usd_band if any(day.paid_runs for day in past) else None,
        note=f"from {used} days up to yesterday, days without runs as zero",
    )


def _series(totals: dict[str, float], begin: date, days: int) -> Series:
    return tuple(totals.get((begin + timedelta(days=at)).isoformat(), 0.0) for at in range(days))


@functools.lru_cache(maxsize=16)
def _bands(tokens: Series, money: Series, first_weekday: int) -> tuple[Band, Band]:
    """Of both at once: a day is drawn whole, with its tokens and its money."""
    count = len(tokens)
    pools: list[list[int]] = [[] for _ in range(_WEEK)]
    for at in range(count):
        pools[(first_weekday + at) % _WEEK].append(at)
    coming = [(first_weekday + count + 1 + ahead) % _WEEK for ahead in range(int(MONTH_DAYS))]
    last = (coming[-1] + 1) % _WEEK  # the month's last fraction of a day
    drawn = _draw_months(pools, coming, last)
    return _band(tokens, drawn), _band(money, drawn)


def _draw_months(pools: list[list[int]], coming: list[int], last: int) -> list[tuple[list[int], int]]:
    """For each month the numbers of the past days that stand for its days, and for its last fraction."""
    draw = random.Random(_SEED)
    needed = [coming.count(weekday) for weekday in range(_WEEK)]
    months: list[tuple[list[int], int]] = []
    for _ in range(_DRAWS):
        drawn: list[int] = []
        fraction = 0
        for weekday, pool in enumerate(pools):
            redrawn = draw.choices(pool, k=len(pool))
            drawn += draw.choices(redrawn, k=needed[weekday])
            if weekday == last:
                fraction = draw.choice(redrawn)
        months.append((drawn, fraction))
    return months


def _band(values: Series, months: list[tuple[list[int], int]]) -> Band:
    drift = _drift(values)
    level = [max(0.0, value + drift * (len(values) - 1 - at)) for at, value in enumerate(values)]
    ahead = _trend_ahead(drift, sum(level) / len(level))
    part = MONTH_DAYS - int(MONTH_DAYS)
    sums = [max(0.0, sum(level[at] for at in days) + part * level[last] + ahead) for days, last in months]
    return Band(p10=percentile(sums, 0.10), p50=percentile(sums, 0.50), p90=percentile(sums, 0.90))


def _drift(values: Series) -> float:
    """Change a day; 0 where the pairs do not agree on a direction."""
    slopes = [
        (values[late] - values[early]) / (late - early)
        for early in range(len(values))
        for late in range(early + _WEEK, len(values), _WEEK)
    ]
    low, _, high = quantiles(slopes, n=4, method="inclusive") if len(slopes) > 1 else (0.0, 0.0, 0.0)
    return median(slopes) if low > 0 or high < 0 else 0.0


def _trend_ahead(drift: float, mean: float) -> float:
    """What the trend adds to the month, each day's part limited."""
    added, moved, pace = 0.0, 0.0, drift
    for _ in range(int(MONTH_DAYS)):
        pace *= _DAMPING
        moved = max(-_MOST_DRIFT * mean, min(_MOST_DRIFT * mean, moved + pace))
        added += moved
    return added
