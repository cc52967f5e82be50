"""Says that a question which was asked before is being edited, and to whom its new form will go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class EditBar(QFrame):
    """One line above the prompt; hidden unless something is edited."""

    left = Signal()
    """The user gives the editing up."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        set_role(self, "note-info")
        self._icon = QLabel()
        self._text = ElidedLabel(theme, "", px=12)
        self._scope = Segmented(theme, "Send to", [("all", "All columns"), ("one", "This column")])
        self.cancel_button = make_button(theme, "Cancel", "link", tooltip="Leave the question as it is (Esc)")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 3, 4, 3)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self._scope)
        row.addWidget(self.cancel_button)
        self.cancel_button.clicked.connect(self.left)
        theme.changed.connect(self._show_icon)
        self._show_icon()
        self.hide()

    def show_edit(self, what: str, *, can_choose: bool, is_for_all: bool) -> None:
        """Say what is edited; with one column there is nothing to choose."""
        self._text.setText(what)
        self._scope.set_value("all" if is_for_all else "one")
        self._scope.setVisible(can_choose)
        self.show()

    @property
    def is_for_all(self) -> bool:
        """Whether every column gets the new question."""
        return self._scope.value == "all"

    @property
    def text(self) -> str:
        """What is said."""
        return "" if self.isHidden() else self._text.text()

    def scope_button(self, key: str) -> object:
        """The button `all` or `one`."""
        return self._scope.button(key)

    def _show_icon(self) -> None:
        self._icon.setPixmap(self._theme.pixmap("pencil", "info", 14))
