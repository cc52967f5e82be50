"""Keeping a verdict: a small popup that asks for the title under which it is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.theme.theme import Theme

_WIDTH_PX = 320
_MAX_CHARS = 120


class KeepPopup(Popup):
    """Enter keeps it."""

    taken = Signal(str)
    """The title."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent)
        self.setAccessibleName("Keep this verdict")
        about = "A verdict of the same title later says what changed since this one."
        self.edit = QLineEdit()
        self.edit.setFont(theme.font(13))
        self.edit.setMaxLength(_MAX_CHARS)
        self.edit.setPlaceholderText("Title of the case")
        name_widget(self.edit, "Title of the case")
        self.button = make_button(theme, "Keep it")
        text = make_label(theme, about, "muted", px=12, wrap=True)
        text.setFixedWidth(_WIDTH_PX)
        self.column.addWidget(make_label(theme, "Keep this verdict", weight=600))
        self.column.addWidget(text)
        self.column.addWidget(self.edit)
        self.column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignRight)
        self.edit.textChanged.connect(self._on_text)
        self.edit.returnPressed.connect(self._on_taken)
        self.button.clicked.connect(self._on_taken)
        self._on_text("")

    def ask(self, anchor: QWidget, title: str) -> None:
        """Open it at a control."""
        self.edit.setText(title)
        self.edit.selectAll()
        self.open_at(anchor, at_right=True)
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot(str)
    def _on_text(self, text: str) -> None:
        self.button.setEnabled(bool(text.strip()))

    @Slot()
    def _on_taken(self) -> None:
        title = " ".join(self.edit.text().split())
        if title:
            self.hide()
            self.taken.emit(title)
