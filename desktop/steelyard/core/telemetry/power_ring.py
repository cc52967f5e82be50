"""Readings of one power meter over the last hour: power where it tells it, energy where it counts it."""

from __future__ import annotations

import math
import threading
from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

RingKind = Literal["nvml", "sysfs", "rapl"]

_CAPACITY = 36_000  # an hour at ten readings a second; 24 bytes each
_LOOK_BACK = 100
_MAX_GAP_NS = 2_000_000_000  # beyond that nobody knows what the power was
_MAX_HOLD_NS = 300_000_000


@dataclass(frozen=True)
class PowerReading:
    """One reading; monotonic nanoseconds, watts, joules. NaN is unknown."""

    at_ns: int
    power_w: float
    energy_j: float


class PowerRing:
    """Written by one sampler thread, read by anybody."""

    def __init__(self, kind: RingKind, key: str, capacity: int = _CAPACITY) -> None:
        self.kind: RingKind = kind
        self.key = key
        self._capacity = capacity
        self._lock = threading.Lock()
        self._at_ns = array("q")
        self._power_w = array("d")
        self._energy_j = array("d")
        self._oldest = 0

    def add(self, at_ns: int, power_w: float | None, energy_j: float | None) -> None:
        """Append one reading. A counter that goes backwards was reset: nothing is counted across that."""
        power = math.nan if power_w is None else power_w
        energy = math.nan if energy_j is None else energy_j
        with self._lock:
            last = self._reading(len(self._at_ns) - 1) if self._at_ns else None
            if last is not None and at_ns <= last.at_ns:
                return
            if last is not None and energy < last.energy_j:
                self._put(at_ns - 1, math.nan, math.nan)
            self._put(at_ns, power, energy)

    def break_off(self, at_ns: int) -> None:
        """The meter was lost: what comes later is not continued from what was before."""
        self.add(at_ns, None, None)

    @property
    def last(self) -> PowerReading | None:
        """The newest reading."""
        with self._lock:
            return self._reading(len(self._at_ns) - 1) if self._at_ns else None

    def counts_energy(self) -> bool:
        """Whether its newest reading has a counter."""
        last = self.last
        return last is not None and not math.isnan(last.energy_j)

    def tells_power(self) -> bool:
        """Whether its newest reading has power."""
        last = self.last
        return last is not None and not math.isnan(last.power_w)

    def update_period_s(self) -> float | None:
        """How often its figures really change: the median time between changes among the last readings."""
        readings = self._last_readings(_LOOK_BACK)
        counted = self.counts_energy()
        changed_at: list[int] = []
        for before, after in pairwise(readings):
            if (before.energy_j != after.energy_j) if counted else (before.power_w != after.power_w):
                changed_at.append(after.at_ns)
        gaps = sorted(b - a for a, b in pairwise(changed_at))
        return gaps[len(gaps) // 2] / 1e9 if gaps else None

    def counted_j(self, from_ns: int, to_ns: int) -> float | None:
        """Joules by the counter, interpolated at both ends; None where it did not count all the time."""
        readings = self.window(from_ns, to_ns)
        if len(readings) < 2 or any(math.isnan(reading.energy_j) for reading in readings):
            return None
        first, last = _energy_at(readings, from_ns), _energy_at(readings, to_ns)
        return None if first is None or last is None else last - first

    def integrated_j(self, from_ns: int, to_ns: int) -> float | None:
        """Joules by the trapezoid rule over power; None where power is unknown for longer than 2 s."""
        readings = [reading for reading in self.window(from_ns, to_ns) if not math.isnan(reading.power_w)]
        points = list(_clipped(readings, from_ns, to_ns))
        if len(points) < 2 or points[0][0] > from_ns or points[-1][0] < to_ns:
            return None
        if any(b[0] - a[0] > _MAX_GAP_NS for a, b in pairwise(points)):
            return None
        return sum((b[0] - a[0]) / 1e9 * (a[1] + b[1]) / 2 for a, b in pairwise(points))

    def window(self, from_ns: int, to_ns: int) -> list[PowerReading]:
        """The readings within, with the one before and the one after."""
        with self._lock:
            size = len(self._at_ns)
            low, high = self._first_after(from_ns), self._first_after(to_ns - 1)
            return [self._reading(at) for at in range(max(0, low - 1), min(size, high + 1))]

    def _last_readings(self, count: int) -> list[PowerReading]:
        with self._lock:
            size = len(self._at_ns)
            return [self._reading(at) for at in range(max(0, size - count), size)]

    def _first_after(self, at_ns: int) -> int:
        """Index, oldest first, of the first reading later than that."""
        low, high = 0, len(self._at_ns)
        while low < high:
            middle = (low + high) // 2
            if self._at_ns[(self._oldest + middle) % len(self._at_ns)] <= at_ns:
                low = middle + 1
            else:
                high = middle
        return low

    def _reading(self, index: int) -> PowerReading:
        at = (self._oldest + index) % len(self._at_ns)
        return PowerReading(self._at_ns[at], self._power_w[at], self._energy_j[at])

    def _put(self, at_ns: int, power_w: float, energy_j: float) -> None:
        if len(self._at_ns) < self._capacity:
            self._at_ns.append(at_ns)
            self._power_w.append(power_w)
            self._energy_j.append(energy_j)
            return
        at = self._oldest
        self._at_ns[at], self._power_w[at], self._energy_j[at] = at_ns, power_w, energy_j
        self._oldest = (at + 1) % self._capacity


def _energy_at(readings: list[PowerReading], at_ns: int) -> float | None:
    """The counter at a moment, between the readings around it; a little beyond the last one at its pace."""
    for before, after in pairwise(readings):
        if before.at_ns <= at_ns <= after.at_ns:
            part = (at_ns - before.at_ns) / (after.at_ns - before.at_ns)
            return before.energy_j + part * (after.energy_j - before.energy_j)
    before, last = readings[-2:]
    if not 0 <= at_ns - last.at_ns <= _MAX_HOLD_NS:
        return None
    pace = (last.energy_j - before.energy_j) / (last.at_ns - before.at_ns)
    return last.energy_j + pace * (at_ns - last.at_ns)


def _clipped(readings: list[PowerReading], from_ns: int, to_ns: int) -> Iterator[tuple[int, float]]:
    """Time and power, cut at both ends; the last power holds for a moment if nothing came after it."""
    for before, after in pairwise(readings):
        if after.at_ns <= from_ns or before.at_ns >= to_ns:
            continue
        slope = (after.power_w - before.power_w) / (after.at_ns - before.at_ns)
        start, end = max(from_ns, before.at_ns), min(to_ns, after.at_ns)
        yield start, before.power_w + slope * (start - before.at_ns)
        if end < after.at_ns or after is readings[-1]:
            yield end, before.power_w + slope * (end - before.at_ns)
    if readings and 0 < to_ns - readings[-1].at_ns <= _MAX_HOLD_NS:
        yield to_ns, readings[-1].power_w
