"""Asks for a scenario's name, beside the button that wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.fields import TextField

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.theme.theme import Theme

_WIDTH_PX = 320
_MOST_CHARS = 80


class NamePopup(Popup):
    """One line and a button; Enter does the same."""

    named = Signal(str)
    """The name that the user wants."""

    def __init__(self, theme: Theme, parent: QWidget, name: str) -> None:
        super().__init__(theme, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Name of the scenario")
        self.field = TextField(theme, "Name of the scenario", placeholder="Desktop or API")
        self.field.edit.setMaxLength(_MOST_CHARS)
        self.field.set_text(name)
        self.field.setFixedWidth(_WIDTH_PX)
        self.ok = make_button(theme, "Save", "primary")
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.ok)
        self.column.addWidget(self.field)
        self.column.addLayout(row)
        self.field.edit.returnPressed.connect(self.finish)
        self.ok.clicked.connect(self.finish)
        self.field.edit.selectAll()
        self.field.edit.setFocus()

    @Slot()
    def finish(self) -> None:
        """Take the name."""
        name = " ".join(self.field.text.split())
        if not name:
            self.field.set_error("Give it a name.")
            return
        self.named.emit(name)
        self.close()
