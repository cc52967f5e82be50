"""What the Compare page puts into the top bar: the comparison's title, the history, a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_NEW = "New comparison"


class CompareTitle(QWidget):
    """The present comparison's title; a click shows the stored ones."""

    history_wanted = Signal()
    """Stored comparisons are to be shown."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._title = _NEW
        self.button = QToolButton()
        self.button.setProperty("role", "ghost")
        self.button.setFont(theme.font(13, 500))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.bind_icon(self.button, "chevron-down", "text3", 14)
        actions.describe("compare.history", self.button)
        self._turns = make_label(theme, "", "muted", px=12)
        self.new_button = make_icon_button(theme, "plus", _NEW)
        actions.describe("compare.new", self.new_button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.button)
        row.addWidget(self._turns)
        row.addWidget(self.new_button)
        row.addStretch(1)
        self.button.clicked.connect(self.history_wanted)

    def show_title(self, title: str, turns: int) -> None:
        """Title of the comparison on the screen; empty for a new one."""
        self._title = " ".join(title.split()) or _NEW
        self._turns.setText(f"{turns} turns" if turns > 1 else "")
        self._fit()

    @property
    def text(self) -> str:
        """The whole title."""
        return self._title

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title takes what room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(80, self.width() - 150)
        shown = self.button.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, min(room, 420))
        self.button.setText(shown)
        self.button.setAccessibleDescription(self._title)
        if self._title != _NEW:
            self.button.setToolTip(plain_tooltip(f"{self._title}\n\nShow stored comparisons"))
