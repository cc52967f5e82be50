"""Form fields: label above, control, and below it a hint that gives way to the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import restyle, set_role
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class TextField(QWidget):
    """A line of text with its label, a unit, a hint and its error in place."""

    edited = Signal()
    """The user changed the text."""
    left = Signal()
    """The user is done with the text for now."""

    def __init__(
        self,
        theme: Theme,
        label: str,
        *,
        hint: str = "",
        unit: str = "",
        placeholder: str = "",
        secret: bool = False,
        mono: bool = False,
    ) -> None:
        super().__init__()
        self._hint = hint
        self.edit = QLineEdit()
        self.edit.setAccessibleName(label)
        self.edit.setToolTip(hint or label)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setFont(theme.font(12 if mono else 13, mono=mono))
        if secret:
            self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._below = make_label(theme, hint, "muted", px=11, wrap=True)
        name = make_label(theme, label, "prose", px=12, weight=500)
        name.setBuddy(self.edit)
        self._lay_out(name, make_label(theme, unit, "muted", px=12) if unit else None)
        self.edit.textEdited.connect(self._on_edited)
        self.edit.editingFinished.connect(self.left)

    @property
    def text(self) -> str:
        """What stands there, without spaces around it."""
        return self.edit.text().strip()

    def set_text(self, text: str) -> None:
        """Show a value; no signal, no error."""
        self.edit.setText(text)
        self.set_error("")

    def set_error(self, error: str) -> None:
        """Show what is wrong, or with an empty string that nothing is."""
        self._below.setText(error or self._hint)
        self._below.setVisible(bool(error or self._hint))
        set_role(self._below, "error" if error else "muted")
        if bool(self.edit.property("invalid")) != bool(error):
            self.edit.setProperty("invalid", bool(error))
            restyle(self.edit)
        self.edit.setAccessibleDescription(error or self._hint)

    @property
    def error(self) -> str:
        """What is said to be wrong."""
        return self._below.text() if self.edit.property("invalid") else ""

    def _lay_out(self, name: QWidget, unit: QWidget | None) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.edit, 1)
        if unit is not None:
            line.addWidget(unit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(name)
        column.addLayout(line)
        column.addWidget(self._below)
        column.addStretch(1)
        self._below.setVisible(bool(self._hint))

    @Slot()
    def _on_edited(self) -> None:
        self.set_error("")
        self.edited.emit()
