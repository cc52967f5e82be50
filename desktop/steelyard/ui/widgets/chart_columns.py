"""The history as arrays: grows at the right, forgets at the left. NaN is unknown. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.values.telemetry import History

Array = np.ndarray
_GAP_STEPS = 3.0
_LIVE_STEP_S = 1.5
_ROOM = 2
"""The arrays hold so many windows: while the display is paused, its left end must not be forgotten."""


class Columns:
    """One array of times (epoch seconds) and one of values for each series."""

    def __init__(self) -> None:
        self.step_s = 1.0
        self.labels: dict[str, str] = {}
        self._capacity = 0
        self._count = 0
        self._total = 0
        self._times: Array = np.empty(0)
        self._values: dict[str, Array] = {}
        self._slot: dict[str, list[float]] = {}
        self._slot_at = -1

    @property
    def times(self) -> Array:
        """Epoch seconds, ascending."""
        return self._times[: self._count]

    @property
    def last(self) -> float:
        """The newest time; minus infinity before there is one."""
        return float(self._times[self._count - 1]) if self._count else -np.inf

    @property
    def keys(self) -> list[str]:
        """Every series, in the order in which they came."""
        return list(self._values)

    @property
    def dropped(self) -> int:
        """How many rows were ever added before the first that is kept."""
        return self._total - self._count

    def column(self, key: str) -> Array | None:
        """The values of a series; None if there never was one."""
        values = self._values.get(key)
        return None if values is None else values[: self._count]

    def load(self, history: History, points: int) -> None:
        """Begin anew with what was read."""
        times = np.asarray(history.times, dtype=float)
        breaks = np.flatnonzero(np.diff(times) > _GAP_STEPS * history.step_s) + 1
        self.step_s = history.step_s
        self._capacity = _ROOM * max(points, len(times) + len(breaks)) + 16
        self._count = self._total = len(times) + len(breaks)
        self._times = np.zeros(self._capacity)
        self._times[: self._count] = np.insert(times, breaks, times[breaks - 1] + history.step_s)
        self._values, self._slot, self._slot_at = {}, {}, -1
        for series in history.series:
            self.labels[series.key] = series.label
            column = self._new_column(series.key)
            column[: self._count] = np.insert(np.array(series.values, dtype=float), breaks, np.nan)

    def merge(self, history: History, prefix: str) -> None:
        """Take over series that were computed later: each row has the value of the step in which it lies."""
        if not history.times or not self._count:
            return
        steps = np.asarray(history.times)
        first, end = self.since(steps[0]), self.since(steps[-1] + history.step_s)
        within = np.searchsorted(steps, self.times[first:end], side="right") - 1
        for series in history.series:
            if series.key.startswith(prefix):
                self.labels[series.key] = series.label
                self._column(series.key)[first:end] = np.array(series.values, dtype=float)[within]

    def append(self, at: float, values: Mapping[str, float | None]) -> None:
        """One more moment. Where a row is longer than a second, it is the mean of its moments; memory has
        its peak, which is what did or did not fit. What is not later than the last moment is left out.
        """
        if not self._capacity or at <= self.last:
            return
        slot = int(at // self.step_s)
        if self.step_s <= _LIVE_STEP_S or slot != self._slot_at:
            self._push_gap(at)
            self._push(at)
            self._slot, self._slot_at = {}, slot
        for key, value in values.items():
            if value is not None:
                seen = self._slot.setdefault(key, [])
                seen.append(value)
                is_memory = key.endswith("_bytes")
                self._column(key)[self._count - 1] = max(seen) if is_memory else sum(seen) / len(seen)

    def since(self, at: float) -> int:
        """The first row at or after a time."""
        return int(np.searchsorted(self.times, at))

    def nearest(self, at: float) -> int | None:
        """The row that is nearest to a time, if there is one within two steps."""
        if not self._count:
            return None
        right = min(self.since(at), self._count - 1)
        left = max(0, right - 1)
        row = left if abs(self._times[left] - at) < abs(self._times[right] - at) else right
        return row if abs(self._times[row] - at) <= 2 * self.step_s else None

    def value(self, key: str, row: int | None) -> float | None:
        """One figure; None is unknown."""
        column = self.column(key)
        if column is None or row is None or not np.isfinite(column[row]):
            return None
        return float(column[row])

    def _push_gap(self, at: float) -> None:
        if self._count and at - self._times[self._count - 1] > _GAP_STEPS * max(1.0, self.step_s):
            self._push(self._times[self._count - 1] + self.step_s)

    def _push(self, at: float) -> None:
        if self._count == self._capacity:
            self._forget(self._capacity // 4)
        self._times[self._count] = at
        for column in self._values.values():
            column[self._count] = np.nan
        self._count += 1
        self._total += 1

    def _forget(self, rows: int) -> None:
        left = self._count - rows
        for column in (self._times, *self._values.values()):
            column[:left] = column[rows : self._count]
        self._count = left

    def _column(self, key: str) -> Array:
        known = self._values.get(key)
        return self._new_column(key) if known is None else known

    def _new_column(self, key: str) -> Array:
        column = self._values[key] = np.full(self._capacity, np.nan)
        return column
