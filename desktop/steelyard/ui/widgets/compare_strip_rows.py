"""What the comparison strip paints, as plain values. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MetricRow:
    """One column's value of one metric."""

    title: str
    value: float | None
    text: str
    state: Literal["final", "live", "excluded", "unknown"]
    why: str = ""
    span: tuple[float, float] | None = None
    """Lowest and highest of repeated runs; `value` is their median then."""


@dataclass(frozen=True)
class Metric:
    """One metric over all columns; `best` is the index of the best comparable column."""

    title: str
    hint: str
    rows: list[MetricRow]
    best: int | None = None
    best_words: str = ""
    best_icon: str = "zap"

    @property
    def spoken(self) -> str:
        """All of it as a sentence."""
        rows = "; ".join(f"{row.title}: {row.text}" for row in self.rows)
        return f"{self.title}. {rows}." + (f" {self.best_words}." if self.best_words else "")
