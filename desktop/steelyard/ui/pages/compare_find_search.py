"""One search in several answers: takes them one at a time and keeps the current hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.ui.widgets.response_find import ViewFinder

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

GROWING_MS = 400
"""While answers arrive they are searched anew this often."""


class AnswerSearch(QObject):
    """Hits are numbered through all answers, from left to right; `at` is the current one, -1 for none."""

    changed = Signal()
    """Other hits, or another current one."""

    def __init__(self, theme: Theme, views: Callable[[], list[ResponseView]], parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._views = views
        self._finders: list[tuple[ResponseView, ViewFinder]] = []
        self._waiting: list[ViewFinder] = []
        self._is_jump_due = False
        self.pattern: re.Pattern[str] | None = None
        self.at = -1
        self._slice_timer = QTimer(self, singleShot=True, interval=0)
        self._slice_timer.timeout.connect(self._on_slice)
        self._growing_timer = QTimer(self, singleShot=True, interval=GROWING_MS)
        self._growing_timer.timeout.connect(self._on_grown)

    @property
    def counts(self) -> list[int]:
        """Hits of each answer."""
        return [len(finder.hits) for _, finder in self._finders]

    @property
    def total(self) -> int:
        """Hits in all answers."""
        return sum(self.counts)

    def search(self, pattern: re.Pattern[str] | None) -> None:
        """Search anew and go to the first hit that the reader can see."""
        self._take_views()
        self.pattern = pattern
        self.at = -1
        self._is_jump_due = pattern is not None
        self._waiting = [finder for _, finder in self._finders]
        self._slice_timer.start()

    def step(self, by: int) -> None:
        """To the next hit (1) or the one before (-1), round the ends."""
        while self._waiting:
            self._on_slice()
        if self.total:
            self.at = (self.at + by) % self.total if self.at >= 0 else self._nearest()
            self._show_current()

    def clear(self) -> None:
        """Search for nothing, mark nothing."""
        self._slice_timer.stop()
        self._growing_timer.stop()
        self._waiting = []
        self.pattern, self.at = None, -1
        for view, finder in self._finders:
            _let_go(view, finder)
        self._finders = []

    @Slot()
    def refresh_soon(self) -> None:
        """Other answers are shown now, or their text has grown."""
        if self.pattern is not None and not self._growing_timer.isActive():
            self._growing_timer.start()

    # ---- one answer after the other ------------------------------------------------------------------------

    @Slot()
    def _on_grown(self) -> None:
        before = [finder for _, finder in self._finders]
        self._take_views()
        now = [finder for _, finder in self._finders]
        if now != before:
            self.at = -1
        self._waiting = [finder for finder in now if now != before or finder.is_stale]
        if self._waiting:
            self._slice_timer.start()
        elif now != before:
            self.changed.emit()

    @Slot()
    def _on_slice(self) -> None:
        """One column a frame."""
        if not self._waiting:
            return
        self._search_one(self._waiting.pop(0))
        if self._waiting:
            self._slice_timer.start()
            return
        if self._is_jump_due and self.total:
            self.at = self._nearest()
            self._show_current()
        self._is_jump_due = False
        self.changed.emit()

    def _search_one(self, finder: ViewFinder) -> None:
        before = len(finder.hits)
        start = sum(len(other.hits) for other in self._before(finder))
        finder.search(self.pattern)
        if self.at >= start + before:  # text that came in a column further left moves the number
            self.at += len(finder.hits) - before
        elif self.at >= start + len(finder.hits):
            self.at = -1

    def _before(self, finder: ViewFinder) -> list[ViewFinder]:
        finders = [other for _, other in self._finders]
        return finders[: finders.index(finder)]

    def _take_views(self) -> None:
        views = self._views()
        kept: dict[int, ViewFinder] = {}
        for view, finder in self._finders:
            if any(view is shown for shown in views):
                kept[id(view)] = finder
            else:
                _let_go(view, finder)
        self._finders = [(view, kept.get(id(view)) or ViewFinder(self._theme, view)) for view in views]

    # ---- the current hit -----------------------------------------------------------------------------------

    def _nearest(self) -> int:
        """The first hit not above the viewport, of the first column that has one; else the very first."""
        start = 0
        for _, finder in self._finders:
            at = finder.first_in_view()
            if at < len(finder.hits):
                return start + at
            start += len(finder.hits)
        return 0

    def _show_current(self) -> None:
        start = 0
        for _, finder in self._finders:
            at = self.at - start
            finder.show_hit(at if 0 <= at < len(finder.hits) else -1)
            start += len(finder.hits)
        self.changed.emit()


def _let_go(view: ResponseView, finder: ViewFinder) -> None:
    """A view may be gone already, and its finder with it."""
    if shiboken6.isValid(view) and shiboken6.isValid(finder):
        finder.search(None)
        finder.deleteLater()
