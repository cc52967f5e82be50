"""Who looks after the machines: hours and a rate, or a share of a post."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_inputs_keys import HOURS, POST
from steelyard.ui.pages.costs_inputs_profile import value_of
from steelyard.ui.pages.costs_inputs_row import NumbersRow
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostProfile
    from steelyard.ui.theme.theme import Theme

_MODES = (("hours", "Hours at a rate"), ("post", "Share of a post"))
_OF_MODE = {"hours": HOURS, "post": POST}


class PeopleInputs(QWidget):
    """Either way of saying it; what the other way said is forgotten when this one is typed."""

    edited = Signal(str, object)
    """Key and value."""
    spoiled = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.choice = Segmented(theme, "People are paid by", _MODES)
        self.rows = {mode: NumbersRow(theme, row) for mode, row in _OF_MODE.items()}
        self.per_machine = QCheckBox("For each machine again")
        self.per_machine.setFont(theme.font(12))
        help_ = "Whether every further machine takes as much of somebody's time as the first."
        name_widget(self.per_machine, "For each machine again", help_)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.choice)
        for row in self.rows.values():
            column.addWidget(row)
            row.edited.connect(self._on_edited)
            row.spoiled.connect(self.spoiled)
        column.addWidget(self.per_machine)
        self.choice.chosen.connect(self._on_chosen)
        self.per_machine.clicked.connect(self._on_per_machine)
        self._show_mode()

    def show_profile(self, profile: CostProfile) -> None:
        """Show what it says, in the way in which it says it."""
        has = {
            mode: any(value_of(profile, field.key) is not None for field in row.fields)
            for mode, row in _OF_MODE.items()
        }
        if has["post"] != has["hours"]:
            self.choice.set_value("post" if has["post"] else "hours")
        for row in self.rows.values():
            row.show_profile(profile)
        self.per_machine.setChecked(bool(profile.people.scale_with_machines))
        self._show_mode()

    def show_tags(self, profile: CostProfile) -> None:
        """Show where the values come from."""
        for row in self.rows.values():
            row.show_tags(profile)

    def _show_mode(self) -> None:
        for mode, row in self.rows.items():
            row.setVisible(mode == self.choice.value)

    @Slot()
    def _on_chosen(self) -> None:
        self._show_mode()
        for mode, row in self.rows.items():
            if mode != self.choice.value:
                for field in row.row.fields:
                    row.edits[field.key].clear()
                    self.edited.emit(field.key, None)

    @Slot(str, object)
    def _on_edited(self, key: str, value: object) -> None:
        self.edited.emit(key, value)

    @Slot()
    def _on_per_machine(self) -> None:
        self.edited.emit("people.scale_with_machines", self.per_machine.isChecked())
