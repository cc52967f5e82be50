"""Finds the comparison that was interrupted, and offers to run what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.ui.pages.compare_rest_bar import RestBar
    from steelyard.ui.pages.compare_state import CompareState

_TITLE_CHARS = 60


class Rest(QObject):
    """Looks at the list of comparisons each time that it was read."""

    resume_wanted = Signal(str)
    """Carries the id of a comparison."""

    def __init__(self, state: CompareState, bar: RestBar, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state
        self._bar = bar
        self._left: set[str] = set()
        self._offered = ""
        bar.left.connect(self._on_left)
        bar.resume_wanted.connect(self.resume_wanted)

    @property
    def offered(self) -> str:
        """The id of the comparison that is offered; empty when none is."""
        return "" if self._bar.isHidden() else self._offered

    def look(self, rows: list[ComparisonRow]) -> None:
        """Offer the one on the screen if it lacks something; with none there, the newest that does."""
        shown = self._state.comparison_id
        if self._state.is_streaming:
            self.hide()
            return
        candidates = [row for row in rows if row.missing_runs > 0 and row.id not in self._left]
        if shown is not None:
            candidates = [row for row in candidates if row.id == shown]
        elif self._state.turn_count:
            candidates = []
        row = candidates[0] if candidates else None
        self._state.missing_runs = row.missing_runs if row is not None and shown is not None else 0
        self._offered = row.id if row is not None else ""
        self._bar.offer(self._offered, _words(row, is_shown=shown is not None) if row is not None else "")

    def hide(self) -> None:
        """Offer nothing for now."""
        self._bar.offer("", "")

    @Slot(str)
    def _on_left(self, comparison_id: str) -> None:
        self._left.add(comparison_id)


def _words(row: ComparisonRow, *, is_shown: bool) -> str:
    lacks = f"{row.missing_runs:,} of its answers {'is' if row.missing_runs == 1 else 'are'} missing"
    if is_shown:
        return f"This comparison was interrupted: {lacks}"
    title = " ".join(row.title.split()) or "(empty prompt)"
    if len(title) > _TITLE_CHARS:
        title = f"{title[: _TITLE_CHARS - 1]}…"
    return f"“{title}” was interrupted: {lacks}"
