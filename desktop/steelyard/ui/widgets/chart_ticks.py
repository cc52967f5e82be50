"""Where a chart's axes have their figures: round values, round times. No Qt here."""

from __future__ import annotations

import math
import time

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_TIME_STEPS = (15, 30, 60, 120, 240, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200)
_SHRINKS_BELOW = 0.55


def value_ticks(top: float, parts: int) -> list[float]:
    """From 0 to a round value that is not below `top`, in at most `parts` equal steps."""
    if not math.isfinite(top) or top <= 0:
        top = 1.0
    best: list[float] = []
    for count in range(max(1, parts - 1), parts + 1):
        ticks = [at * _round_up(top / count) for at in range(count + 1)]
        if not best or ticks[-1] <= best[-1]:
            best = ticks
    return best


def _round_up(size: float) -> float:
    scale = 10.0 ** math.floor(math.log10(size))
    return next((step * scale for step in _STEPS if step * scale >= size * (1 - 1e-9)), 10.0 * scale)


def kept_top(shown: float, wanted: float) -> float:
    """The top of an axis: it grows at once, and shrinks only when most of it would be empty."""
    return shown if shown * _SHRINKS_BELOW <= wanted <= shown else wanted


def time_ticks(since: float, until: float, most: int) -> list[tuple[float, str]]:
    """Round local times within a span of epoch seconds, at most `most` of them, with what stands there."""
    span = max(1.0, until - since)
    step = next((s for s in _TIME_STEPS if span / s <= most), _TIME_STEPS[-1])
    offset = time.localtime(until).tm_gmtoff
    first = math.ceil((since + offset) / step) * step - offset
    shape = "%H:%M:%S" if step < 60 else "%H:%M"
    count = max(0, int((until - first) // step) + 1)
    return [(at, time.strftime(shape, time.localtime(at))) for at in (first + n * step for n in range(count))]


def tick_text(value: float) -> str:
    """`0`, `0.5`, `1,500`."""
    return f"{value:,.0f}" if abs(value - round(value)) < 1e-9 else f"{value:,.3g}"


def clock(at: float) -> str:
    """`14:28:05`, local."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def clock_span(since: float, until: float) -> str:
    """`14:20 to 14:35`, local; with the day of the week where it begins on another day."""
    begin, end = time.localtime(since), time.localtime(until)
    shape = "%H:%M" if begin.tm_yday == end.tm_yday else "%a %H:%M"
    return f"{time.strftime(shape, begin)} to {time.strftime(shape, end)}"
