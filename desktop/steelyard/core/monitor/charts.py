"""Rows of the live hour and stored minutes as the columns of charts, in even steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.monitor.series import keeps_peak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.store.telemetry_history import Minute

_MINUTE_S = 60
_LIVE_S = 3600


@dataclass(frozen=True)
class Frame:
    """The time axis: `count` steps of `step_s` from `start`, epoch seconds, aligned to whole steps."""

    start: float
    step_s: float
    count: int

    @property
    def times(self) -> list[float]:
        """The beginning of each step."""
        return [self.start + number * self.step_s for number in range(self.count)]

    @property
    def until(self) -> float:
        """The end of the last step."""
        return self.start + self.count * self.step_s

    def index(self, at: float) -> int:
        """The step in which a moment lies; may be outside."""
        return math.floor((at - self.start) / self.step_s)


def frame_of(now: float, window_s: float, points: int, since: float | None) -> Frame:
    """The steps of a window that ends now; with `since` only those that begin after it."""
    step_s = float(max(1, math.ceil(window_s / points)))
    if window_s > _LIVE_S:
        step_s = float(math.ceil(max(step_s, _MINUTE_S) / _MINUTE_S) * _MINUTE_S)
    last = math.floor(now / step_s)
    first = last - math.ceil(window_s / step_s) + 1
    if since is not None:
        first = max(first, math.floor(since / step_s) + 1)
    return Frame(first * step_s, step_s, max(0, last - first + 1))


@dataclass
class _Column:
    """One line while it is summed up."""

    takes_peak: bool
    totals: list[float]
    weights: list[float] = field(default_factory=list[float])

    def add(self, index: int, value: float, peak: float, weight: float) -> None:
        if self.takes_peak:
            before = self.totals[index]
            self.totals[index] = peak if not self.weights[index] else max(before, peak)
        else:
            self.totals[index] += value * weight
        self.weights[index] += weight

    def values(self) -> list[float | None]:
        if self.takes_peak:
            return [
                total if weight else None for total, weight in zip(self.totals, self.weights, strict=True)
            ]
        return [
            total / weight if weight else None
            for total, weight in zip(self.totals, self.weights, strict=True)
        ]


def chart_lines(
    frame: Frame,
    minutes: Mapping[int, Minute],
    live: tuple[list[float], dict[str, list[float]]],
) -> dict[str, list[float | None]]:
    """Means of each step (of memory and temperature: peaks); None where nothing is known.

    Minutes count only before the live rows begin. In steps shorter than a minute its mean stands in all.
    """
    columns: dict[str, _Column] = {}
    times, rows = live
    live_from = times[0] if times else math.inf
    for number, minute in minutes.items():
        if number * _MINUTE_S < live_from:
            _add_minute(frame, columns, number, minute, live_from)
    indexes = [frame.index(at) for at in times]
    for key, values in rows.items():
        for index, value in zip(indexes, values, strict=True):
            if value == value and 0 <= index < frame.count:  # NaN is the one that differs from itself
                _column(columns, key, frame).add(index, value, value, 1.0)
    return {key: column.values() for key, column in columns.items()}


def _add_minute(
    frame: Frame, columns: dict[str, _Column], number: int, minute: Minute, live_from: float
) -> None:
    begin = frame.index(number * _MINUTE_S)
    end = max(begin, frame.index(min((number + 1) * _MINUTE_S, live_from) - 0.001))
    for key, (mean, peak, seconds) in minute.items():
        weight = seconds / (end - begin + 1)
        for index in range(max(0, begin), min(frame.count, end + 1)):
            _column(columns, key, frame).add(index, mean, peak, weight)


def _column(columns: dict[str, _Column], key: str, frame: Frame) -> _Column:
    column = columns.get(key)
    if column is None:
        column = columns[key] = _Column(keeps_peak(key), [0.0] * frame.count, [0.0] * frame.count)
    return column
