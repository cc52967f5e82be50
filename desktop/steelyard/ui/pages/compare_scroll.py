"""Same-scroll: where one answer is scrolled, the others go to the same share of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.ui.widgets.response_view import ResponseView


class SameScroll(QObject):
    """Off at first. `views` tells which answers are shown now."""

    def __init__(self, views: Callable[[], list[ResponseView]], parent: QObject) -> None:
        super().__init__(parent)
        self._views = views
        self._is_on = False
        self._connected: list[ResponseView] = []

    @property
    def is_on(self) -> bool:
        """Whether columns scroll together."""
        return self._is_on

    def set_on(self, *, is_on: bool) -> None:
        """Begin or end to scroll together; the first answer leads at the beginning."""
        self._is_on = is_on
        self.refresh()
        if is_on and self._connected:
            self._follow(self._connected[0])

    @Slot()
    def refresh(self) -> None:
        """Other answers are shown now."""
        wanted = self._views() if self._is_on else []
        for view in self._connected:
            if view not in wanted:
                view.user_scrolled.disconnect(self._on_user_scrolled)
        for view in wanted:
            if view not in self._connected:
                view.user_scrolled.connect(self._on_user_scrolled)
        self._connected = wanted

    @Slot()
    def _on_user_scrolled(self) -> None:
        leader = self.sender()
        view = next((view for view in self._connected if view is leader), None)
        if view is not None:
            self._follow(view)

    def _follow(self, leader: ResponseView) -> None:
        share = leader.scrolled_share
        for view in self._connected:
            if view is not leader:
                view.scroll_to_share(share)
