"""The system prompt of the next prompt: folded to one line, or open to be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from steelyard.ui.widgets.compare_prompt import PromptEdit
from steelyard.ui.widgets.labels import ElidedLabel, name_widget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_ICON_PX = 14


class SystemField(QWidget):
    """The field; hidden while it is folded. `button` and `preview` stand in a line of the owner."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.edit = PromptEdit(theme, most_lines=5, role="code")
        self.edit.set_fewest_lines(3)
        self.edit.setPlaceholderText("Sent before each prompt, to every target")
        name_widget(self.edit, "System prompt", "Sent before each prompt, to every target")
        self.button = self._make_button()
        self.preview = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 8)
        row.addWidget(self.edit)
        self.button.clicked.connect(self._on_clicked)
        self.edit.textChanged.connect(self._on_edited)
        self.hide()

    def _make_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("System prompt")
        button.setFont(self._theme.font(12, 500))
        button.setProperty("role", "ghost")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(_ICON_PX, _ICON_PX))
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_widget(button, "System prompt", "Show or hide the system prompt")
        self._theme.bind_icon(button, "chevron-right", "text3", _ICON_PX)
        return button

    @Slot()
    def _on_clicked(self) -> None:
        is_open = self.isHidden()
        self.setVisible(is_open)
        self.preview.setVisible(not is_open)
        self._theme.bind_icon(self.button, "chevron-down" if is_open else "chevron-right", "text3", _ICON_PX)
        if is_open:
            self.edit.setFocus()

    @Slot()
    def _on_edited(self) -> None:
        self.preview.setText(" ".join(self.edit.text.split()))
