"""Means and peaks of the minute that goes on, until it is over and stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.store.telemetry_history import Minute


class MinuteTally:
    """Adds samples up; a minute that is over is handed out once."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._sums: dict[str, tuple[float, float, int]] = {}

    def add(self, at: float, figures: Mapping[str, float]) -> tuple[int, Minute] | None:
        """Count a sample; returns the minute before if this one begins another."""
        number = int(at // 60)
        done = self.take() if self._number not in (None, number) else None
        self._number = number
        for key, value in figures.items():
            total, peak, seconds = self._sums.get(key, (0.0, value, 0))
            self._sums[key] = (total + value, max(peak, value), seconds + 1)
        return done

    def take(self) -> tuple[int, Minute] | None:
        """The minute so far, which is forgotten here."""
        if self._number is None or not self._sums:
            return None
        minute: Minute = {
            key: (total / seconds, peak, seconds) for key, (total, peak, seconds) in self._sums.items()
        }
        number, self._number, self._sums = self._number, None, {}
        return number, minute
