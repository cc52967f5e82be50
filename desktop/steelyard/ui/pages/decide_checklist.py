"""What running own machines needs: the checklist, with hours a month and what must not be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.core.values.decision import ReadinessItem
    from steelyard.ui.theme.theme import Theme

_CHOICES = (("", "Unknown"), ("no", "No"), ("yes", "Yes"))
_STATES = {"yes": True, "no": False}
_KEYS = {True: "yes", False: "no", None: ""}


class ChecklistForm(QWidget):
    """One line for each item."""

    answered = Signal(str, object)
    """Item and state; None is unknown."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._items: list[ReadinessItem] = []
        self.choices: dict[str, Segmented] = {}
        self._sum = make_label(theme, "", px=12, weight=500, wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 16)
        column.setSpacing(10)
        about = "Own machines need all of this every month. Who has nobody for it should not start."
        column.addWidget(make_label(theme, about, "muted", px=12, wrap=True))
        column.addWidget(self._sum)
        column.addLayout(self._list)
        column.addStretch(1)

    @property
    def sum_text(self) -> str:
        """How much is answered, and what it takes."""
        return self._sum.text()

    def show_items(self, items: list[ReadinessItem]) -> None:
        """Show the list; the same items keep their controls."""
        if [one.id for one in items] != [one.id for one in self._items]:
            self._build(items)
        self._items = items
        for one in items:
            self.choices[one.id].set_value(_KEYS[one.state])
        self._sum.setText(_sum_text(items))

    def _build(self, items: list[ReadinessItem]) -> None:
        while (old := self._list.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        self.choices = {}
        for one in items:
            self._list.addWidget(make_line())
            self._list.addWidget(self._make_line(one))

    def _make_line(self, item: ReadinessItem) -> QWidget:
        widget = QWidget()
        text = make_label(self._theme, item.text, px=12, weight=500, wrap=True)
        hours = f"{item.hours_month:g} h a month" if item.hours_month else "no hours stated"
        about = make_label(self._theme, hours, "muted", px=11)
        choice = self.choices[item.id] = Segmented(self._theme, item.text, _CHOICES)
        choice.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        choice.setObjectName(item.id)
        choice.chosen.connect(self._on_chosen)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(about)
        if item.is_critical:
            foot.addWidget(make_label(self._theme, "must not be missing", "pill-warn", px=11, weight=500))
        foot.addStretch(1)
        foot.addWidget(choice)
        column = QVBoxLayout(widget)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(text)
        column.addLayout(foot)
        return widget

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        sender = self.sender()
        if sender is not None:
            self.answered.emit(sender.objectName(), _STATES.get(key))


def _sum_text(items: list[ReadinessItem]) -> str:
    answered = [one for one in items if one.state is not None]
    missing = [one for one in items if one.is_critical and one.state is False]
    hours = sum(one.hours_month for one in items)
    parts = [f"{len(answered)} of {len(items)} answered", f"{hours:g} h a month in all"]
    if missing:
        word = "thing" if len(missing) == 1 else "things"
        parts.append(f"{len(missing)} {word} missing that must not be")
    return ", ".join(parts)
