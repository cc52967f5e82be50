"""Says that a comparison was interrupted, and offers to run what it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class RestBar(QFrame):
    """One line under the question; hidden while nothing is missing."""

    resume_wanted = Signal(str)
    """Carries the id of the comparison."""
    left = Signal(str)
    """The user does not want to hear of this comparison again."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._id = ""
        set_role(self, "note-warn")
        self._icon = QLabel()
        self._text = ElidedLabel(theme, "", px=12)
        self.button = make_button(theme, "Resume", "link", tooltip="Run what is missing")
        self.close_button = make_icon_button(theme, "x", "Not now", size=14)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 2, 6, 2)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self.button.clicked.connect(self._on_resume)
        self.close_button.clicked.connect(self._on_left)
        theme.changed.connect(self._show_icon)
        self._show_icon()
        self.hide()

    def offer(self, comparison_id: str, text: str) -> None:
        """Offer to go on with a comparison; an empty text hides the offer."""
        self._id = comparison_id
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """What is said."""
        return "" if self.isHidden() else self._text.text()

    def _on_resume(self) -> None:
        self.resume_wanted.emit(self._id)

    def _on_left(self) -> None:
        self.left.emit(self._id)
        self.hide()

    def _show_icon(self) -> None:
        self._icon.setPixmap(self._theme.pixmap("triangle-alert", "warn", 14))
