"""The beginning of a readme, as plain text, folded away until it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QToolButton, QVBoxLayout

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_MAX_CHARS = 20_000
_HEIGHT_PX = 220


class Readme(QFrame):
    """A line that unfolds; nothing in the text is a link or markup."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.button = QToolButton()
        self.button.setProperty("role", "ghost")
        self.button.setText("Readme, the beginning")
        self.button.setFont(theme.font(12, 500))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setIconSize(QSize(14, 14))
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setProperty("role", "code")
        self.text.setFont(theme.font(12))
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(_HEIGHT_PX)
        name_widget(self.text, "Readme")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.text)
        self.button.clicked.connect(self._on_clicked)
        self._fold(is_open=False)

    def show_text(self, text: str) -> None:
        """Show another one, folded."""
        self.text.setPlainText(printable(text[:_MAX_CHARS]))
        self.setVisible(bool(text.strip()))
        self._fold(is_open=False)

    @Slot()
    def _on_clicked(self) -> None:
        self._fold(is_open=self.text.isHidden())

    def _fold(self, *, is_open: bool) -> None:
        self.text.setVisible(is_open)
        self._theme.bind_icon(self.button, "chevron-down" if is_open else "chevron-right", "text3", 14)
        name_widget(self.button, "Hide the readme" if is_open else "Show the readme")
