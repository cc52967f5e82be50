"""Rows of inputs that fold away behind one line that says what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from steelyard.ui.widgets.labels import ElidedLabel, name_widget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class InputGroup(QWidget):
    """A heading that opens and closes its body; closed, it sums the body up."""

    folded = Signal()
    """It was opened or closed."""

    def __init__(self, theme: Theme, title: str, *, is_open: bool) -> None:
        super().__init__()
        self._theme = theme
        self._title = title
        self._summary = ""
        self.button = QToolButton()
        self.button.setProperty("role", "link")
        self.button.setText(title)
        self.button.setFont(theme.font(12, 600))
        self.button.setCheckable(True)
        self.button.setChecked(is_open)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.summary = ElidedLabel(theme, "", "muted", px=11, cut=Qt.TextElideMode.ElideRight)
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        head.addWidget(self.summary, 1)
        self.body = QWidget()
        self.column = QVBoxLayout(self.body)
        self.column.setContentsMargins(0, 2, 0, 4)
        self.column.setSpacing(8)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(2)
        outer.addLayout(head)
        outer.addWidget(self.body)
        self.button.toggled.connect(self._on_toggled)
        self._on_toggled()

    @property
    def is_open(self) -> bool:
        """Whether the rows are in view."""
        return self.button.isChecked()

    def set_open(self, *, is_open: bool) -> None:
        """Open or close it."""
        self.button.setChecked(is_open)

    def show_summary(self, text: str) -> None:
        """What is in it, for when it is closed."""
        self._summary = text
        self.summary.setText("" if self.is_open else text)
        self.button.setAccessibleDescription(text)

    @Slot()
    def _on_toggled(self) -> None:
        is_open = self.is_open
        self.body.setVisible(is_open)
        self.summary.setText("" if is_open else self._summary)
        icon = "chevron-down" if is_open else "chevron-right"
        self._theme.bind_icon(self.button, icon, "accent", 14)
        name_widget(self.button, self._title, f"{'Hide' if is_open else 'Show'}: {self._title}")
        self.folded.emit()
