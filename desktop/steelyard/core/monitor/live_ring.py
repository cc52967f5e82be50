"""The last hour at one row a second, in compact columns. NaN is unknown."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPACITY = 3600
_MAX_COLUMNS = 512


class LiveRing:
    """A row for each sample. A column whose figures have all left the hour goes."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._times = array("d", [math.nan]) * capacity
        self._columns: dict[str, array[float]] = {}
        self._seen: dict[str, int] = {}
        self._next = 0
        self._rows = 0

    def add(self, at: float, figures: Mapping[str, float]) -> None:
        """Append a row. A clock that was set back begins anew, since rows are in order."""
        if self._rows and at <= self._times[(self._next - 1) % self._capacity]:
            self._clear()
        slot = self._next % self._capacity
        self._times[slot] = at
        for column in self._columns.values():
            column[slot] = math.nan
        for key, value in figures.items():
            column = self._columns.get(key)
            if column is None:
                if len(self._columns) >= _MAX_COLUMNS:
                    continue
                column = self._columns[key] = array("d", [math.nan]) * self._capacity
            column[slot] = value
            self._seen[key] = self._next
        self._next += 1
        self._rows = min(self._rows + 1, self._capacity)
        if slot == 0:
            self._drop_old_columns()

    @property
    def first_at(self) -> float | None:
        """When its oldest row was taken, epoch seconds."""
        return self._times[(self._next - self._rows) % self._capacity] if self._rows else None

    @property
    def column_count(self) -> int:
        """How many series it holds."""
        return len(self._columns)

    def since(self, at: float) -> tuple[list[float], dict[str, list[float]]]:
        """Times and columns of the rows from then on, oldest first."""
        low, high = self._next - self._rows, self._next
        end = high
        while low < high:
            middle = (low + high) // 2
            if self._times[middle % self._capacity] < at:
                low = middle + 1
            else:
                high = middle
        return self._cut(self._times, low, end), {
            key: self._cut(column, low, end) for key, column in self._columns.items()
        }

    def _cut(self, column: array[float], begin: int, end: int) -> list[float]:
        if begin == end:
            return []
        first, last = begin % self._capacity, (end - 1) % self._capacity
        if first <= last:
            return column[first : last + 1].tolist()
        return (column[first:] + column[: last + 1]).tolist()

    def _drop_old_columns(self) -> None:
        for key in [key for key, seen in self._seen.items() if self._next - seen > self._capacity]:
            del self._columns[key], self._seen[key]

    def _clear(self) -> None:
        self._columns.clear()
        self._seen.clear()
        self._next = self._rows = 0
