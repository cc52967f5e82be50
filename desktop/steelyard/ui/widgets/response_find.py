"""Finding words in one answer view. Only the hits in view are marked, however many there are."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QBrush, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from steelyard.ui.widgets.markdown_style import THIN_SPACE

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

MAX_MARKED = 400
"""Hits in one viewport; more cannot be told apart anyway."""
_BLANKS = f"[\\s{THIN_SPACE}]+"


def pattern_of(query: str, *, is_case_kept: bool) -> re.Pattern[str] | None:
    """What to search for; None for nothing but blanks. Any blank stands for any run of blanks."""
    words = _units(query).split()
    if not words:
        return None
    between = f"{THIN_SPACE}?"
    parts = [between.join(re.escape(char) for char in word) for word in words]
    return re.compile(_BLANKS.join(parts), 0 if is_case_kept else re.IGNORECASE)


def hits_in(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Start and end of each hit, counted as Qt counts characters."""
    return [match.span() for match in pattern.finditer(_units(text))]


def _units(text: str) -> str:
    """The text with one character for each UTF-16 unit."""
    if not text or max(text) < "\U00010000":
        return text
    units = array("H")
    units.frombytes(text.encode("utf-16-le", "surrogatepass"))
    return "".join(map(chr, units))


class ViewFinder(QObject):
    """The hits of one view."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._pattern: re.Pattern[str] | None = None
        self._current = -1
        self._size = -1
        self.hits: list[tuple[int, int]] = []
        view.verticalScrollBar().valueChanged.connect(self._mark)
        view.verticalScrollBar().rangeChanged.connect(self._mark)
        view.folding.changed.connect(self._mark)
        theme.changed.connect(self._mark)

    @property
    def is_stale(self) -> bool:
        """Whether the text has changed since it was searched."""
        return self._pattern is not None and self._size != self._view.document().characterCount()

    def search(self, pattern: re.Pattern[str] | None) -> int:
        """Find all; returns how many there are. None finds and marks nothing."""
        if pattern is not self._pattern:
            self._current = -1
        self._pattern = pattern
        document = self._view.document()
        self._size = document.characterCount()
        self.hits = hits_in(document.toPlainText(), pattern) if pattern is not None else []
        self._mark()
        return len(self.hits)

    def show_hit(self, at: int) -> None:
        """Bring a hit into view and mark it above the others; -1 marks none so."""
        self._current = at
        if at >= 0:
            start = self.hits[at][0]
            self._view.folding.reveal(start)
            self._view.show_position(start)
        self._mark()

    def first_in_view(self) -> int:
        """The first hit that is not above the viewport; the number of hits when there is none."""
        blocks = self._view.visible_blocks()
        top = blocks[0][0].position() if blocks else 0
        return bisect_left(self.hits, (top, 0))

    @Slot()
    def _mark(self) -> None:
        if self.hits and self.hits[-1][1] >= self._view.document().characterCount():
            self.hits = []  # the text is another one now; it is searched anew in a moment
        if not self.hits:
            if self._view.extraSelections():
                self._view.setExtraSelections([])
            return
        blocks = self._view.visible_blocks()
        if not blocks:
            return
        last = blocks[-1][0]
        first = bisect_left(self.hits, (blocks[0][0].position(), 0))
        end = bisect_left(self.hits, (last.position() + last.length(), 0))
        marked = range(first, min(end, first + MAX_MARKED))
        self._view.setExtraSelections([self._selection(at) for at in marked])

    def _selection(self, at: int) -> QTextEdit.ExtraSelection:
        start, end = self.hits[at]
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        look = QTextCharFormat()
        is_current = at == self._current
        look.setBackground(QBrush(self._theme.color("accent_fill" if is_current else "accent_soft")))
        look.setForeground(QBrush(self._theme.color("on_accent" if is_current else "accent")))
        selection = QTextEdit.ExtraSelection()
        selection.cursor = cursor  # type: ignore[misc]
        selection.format = look  # type: ignore[misc]
        return selection
