"""Small facts in a line: a quiet label and its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class InlineFact(QWidget):
    """`ctx 16,384`; `mark` is a widget between the two."""

    def __init__(self, theme: Theme, label: str, mark: QWidget | None = None) -> None:
        super().__init__()
        self._name = label
        self.label = make_label(theme, label, "muted", px=12)
        self.value = make_label(theme, "", "value", px=12, weight=500, tabular=True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self.label)
        if mark is not None:
            row.addWidget(mark)
        row.addWidget(self.value)

    def show_value(self, text: str, tooltip: str = "", *, label: str = "", role: str = "value") -> None:
        """Show another value; the label may be another, too."""
        if label and label != self.label.text():
            self.label.setText(label)
        set_role(self.value, role)
        if text != self.value.text():
            self.value.setText(text)
            self.setAccessibleName(f"{label or self._name} {text}")
        if tooltip != self.property("said"):
            self.setProperty("said", tooltip)
            self.setToolTip(plain_tooltip(tooltip))


class KeyFigure(QWidget):
    """A label above a larger figure with its unit beside it."""

    def __init__(self, theme: Theme, label: str) -> None:
        super().__init__()
        self._name = label
        self.value = make_label(theme, "", px=15, weight=600, tabular=True)
        self.unit = make_label(theme, "", "muted", px=12)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.value)
        line.addWidget(self.unit)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(make_label(theme, label, "muted", px=12))
        column.addLayout(line)

    def show_value(self, value: str, unit: str = "", tooltip: str = "") -> None:
        """Show another figure."""
        if (value, unit) != (self.value.text(), self.unit.text()):
            self.value.setText(value)
            self.unit.setText(unit)
            self.setAccessibleName(f"{self._name} {value} {unit}".strip())
        if tooltip != self.property("said"):
            self.setProperty("said", tooltip)
            self.setToolTip(plain_tooltip(tooltip))
