"""One cell of the grid, and what a row of them is listed for. No Qt here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.pages.compare_turn import Turn

GridFilter = Literal["all", "failed", "different", "excluded"]
FILTERS: tuple[tuple[GridFilter, str], ...] = (
    ("all", "All"),
    ("failed", "Failed"),
    ("different", "Different"),
    ("excluded", "Not comparable"),
)
SHOWN_METRICS = frozenset({"ttft_ms", "e2e_ms", "usd"})


@dataclass(eq=False)
class GridCell:
    """One case of one target: as many turns as it was repeated, the first one is shown."""

    turns: list[Turn]

    @property
    def turn(self) -> Turn:
        """The one that the cell shows: the first that is over, else the one on its way."""
        return next((turn for turn in self.turns if not turn.is_open), self.turns[0])

    @property
    def is_open(self) -> bool:
        """Whether more may arrive."""
        return any(turn.is_open for turn in self.turns)

    @property
    def is_failed(self) -> bool:
        """Whether an error came, or an answer without the form that was asked for."""
        return any(turn.phase == "failed" or is_invalid(turn) for turn in self.turns)

    @property
    def excluded(self) -> list[NotComparable]:
        """Which of the figures that the grid shows cannot be compared; the opened case tells of all."""
        entries = (entry for turn in self.turns for entry in turn.excluded)
        return [entry for entry in entries if SHOWN_METRICS & set(entry.metrics)]


def kinds_of(row: list[GridCell]) -> set[GridFilter]:
    """Which filters let a case through."""
    kinds: set[GridFilter] = {"all"}
    if any(cell.is_failed for cell in row):
        kinds.add("failed")
    if differs([cell.turn for cell in row]):
        kinds.add("different")
    if any(cell.excluded for cell in row):
        kinds.add("excluded")
    return kinds


def is_invalid(turn: Turn) -> bool:
    """Whether the answer lacks the form that was asked for."""
    structured = turn.run.structured if turn.run is not None else None
    return structured is not None and structured.is_valid is False


def differs(turns: list[Turn]) -> bool:
    """Whether the targets said different things; blanks do not count, nor the order of keys in JSON."""
    answers = [_said(turn.text) for turn in turns if turn.phase == "done"]
    return len(answers) > 1 and any(answer != answers[0] for answer in answers[1:])


def _said(text: str) -> Any:
    stripped = text.strip()
    if stripped[:1] in ("{", "["):
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError):
            pass
    return " ".join(stripped.split())
