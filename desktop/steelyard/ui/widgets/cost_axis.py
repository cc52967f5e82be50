"""Logarithmic axes: where a value stands, and which values have a line. No Qt here."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class LogAxis:
    """Values from `low` to `high`, both above 0, along pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; values outside get pixels outside, bounded so that painting stays exact."""
        if value <= 0:
            return self._bounded(-10.0)
        span = math.log10(self.high) - math.log10(self.low)
        return self._bounded((math.log10(value) - math.log10(self.low)) / span)

    def value(self, pixel: float) -> float:
        """The value of a pixel."""
        span = math.log10(self.high) - math.log10(self.low)
        return float(10 ** (math.log10(self.low) + (pixel - self.start) / (self.end - self.start) * span))

    def decades(self) -> list[float]:
        """Powers of ten on the axis; every second or third where there are many."""
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        every = max(1, math.ceil((last - first + 1) / 8))
        return [10.0**power for power in range(first, last + 1, every)]

    def _bounded(self, share: float) -> float:
        return self.start + max(-10.0, min(10.0, share)) * (self.end - self.start)


def decade_below(value: float) -> float:
    """The power of ten at or below a value."""
    return float(10 ** math.floor(math.log10(value) + 1e-9))


def decade_above(value: float) -> float:
    """The power of ten at or above a value."""
    return float(10 ** math.ceil(math.log10(value) - 1e-9))
