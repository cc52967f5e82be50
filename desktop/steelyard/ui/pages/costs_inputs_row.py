"""One row of inputs: label and source tags above, numbers side by side, remark or error below."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_inputs_keys import MOST_CHARS, Field, InputRow, parsed, shown, shown_short
from steelyard.ui.pages.costs_inputs_profile import origin_of, value_of
from steelyard.ui.theme.theme import restyle, set_role
from steelyard.ui.widgets.cost_tag import make_tag, show_origin
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.servers_field import UnitEdit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QLabel

    from steelyard.core.values.costs import CostProfile, Origin
    from steelyard.ui.theme.theme import Theme


class RowHead(QHBoxLayout):
    """A label, and at the right where the numbers below it come from."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self.setSpacing(4)
        self.label = ElidedLabel(theme, text, "prose", px=12)
        self.tags: tuple[QLabel, QLabel] = (make_tag(theme), make_tag(theme))
        self.addWidget(self.label, 1)
        for tag in self.tags:
            self.addWidget(tag)

    def show_origins(self, origins: Sequence[tuple[Origin | None, str]]) -> None:
        """Origin and note of each number; each origin is named once."""
        known: list[Origin] = []
        for origin, _ in origins:
            if origin is not None and origin not in known:
                known.append(origin)
        notes = {origin: note for origin, note in reversed(origins) if note}
        for at, tag in enumerate(self.tags):
            origin = known[at] if at < len(known) else None
            show_origin(tag, origin, note=notes.get(origin, ""))


class NumbersRow(QWidget):
    """The numbers of one `InputRow`."""

    edited = Signal(str, object)
    """Key and value (None: unknown) as the user typed it."""
    spoiled = Signal()
    """What stands there is no number."""

    def __init__(self, theme: Theme, row: InputRow) -> None:
        super().__init__()
        self.row = row
        self.head = RowHead(theme, row.label)
        self.edits: dict[str, UnitEdit] = {}
        self.wrong: dict[str, str] = {}
        self.below = make_label(theme, "", "muted", px=11, wrap=True)
        self.below.hide()
        line = QHBoxLayout()
        line.setSpacing(6)
        for field in row.fields:
            edit = self.edits[field.key] = self._make_edit(theme, field)
            line.addWidget(edit, 1)
        self.head.label.setBuddy(self.edits[row.fields[0].key])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(self.head)
        column.addLayout(line)
        column.addWidget(self.below)

    def show_profile(self, profile: CostProfile) -> None:
        """Show its values; a field in which the user types the same value keeps its text."""
        for field in self.row.fields:
            edit, value = self.edits[field.key], value_of(profile, field.key)
            if field.key in self.wrong or not _is_same(edit.text(), value, field):
                is_measured = origin_of(profile, field.key) == "measured"
                edit.setText(shown_short(value, field) if is_measured else shown(value, field))
                self._set_wrong(field, "")
        self.show_tags(profile)

    def show_tags(self, profile: CostProfile) -> None:
        """Show where the values come from."""
        origins: list[tuple[Origin | None, str]] = [
            (origin_of(profile, field.key), profile.notes.get(field.key, "")) for field in self.row.fields
        ]
        self.head.show_origins(origins)

    def show_problem(self, key: str, problem: str) -> None:
        """Mark a value that the core refused; empty: it is fine."""
        field = next(field for field in self.row.fields if field.key == key)
        self._mark(self.edits[key], self.wrong.get(field.key, "") or problem)

    def show_derived(self, key: str, text: str) -> None:
        """What follows from the other inputs, in the empty field."""
        self.edits[key].setPlaceholderText(text)

    def show_remark(self, text: str) -> None:
        """A remark below the numbers, unless something is wrong with them."""
        if not self.wrong:
            set_role(self.below, "muted")
            self.below.setText(text)
            self.below.setVisible(bool(text))

    def _make_edit(self, theme: Theme, field: Field) -> UnitEdit:
        edit = UnitEdit(theme, field.name, field.unit)
        edit.setMaxLength(MOST_CHARS)
        edit.setMinimumWidth(60)
        name_widget(edit, field.name, f"{field.name}, {field.unit}. {field.help}")
        edit.textEdited.connect(self._on_edited)
        edit.setProperty("key", field.key)
        return edit

    @Slot()
    def _on_edited(self) -> None:
        edit = self.sender()
        assert isinstance(edit, UnitEdit)
        field = next(field for field in self.row.fields if field.key == edit.property("key"))
        try:
            value = parsed(edit.text(), field)
        except ValueError:
            self._set_wrong(field, f"{field.name} needs a {'whole ' if field.is_whole else ''}number.")
            self.spoiled.emit()
            return
        self._set_wrong(field, "")
        self.edited.emit(field.key, value)

    def _set_wrong(self, field: Field, problem: str) -> None:
        if problem:
            self.wrong[field.key] = problem
        else:
            self.wrong.pop(field.key, None)
        self._mark(self.edits[field.key], problem)
        words = next(iter(self.wrong.values()), "")
        set_role(self.below, "error" if words else "muted")
        if words or self.below.text().endswith("number."):
            self.below.setText(words)
            self.below.setVisible(bool(words))

    @staticmethod
    def _mark(edit: UnitEdit, problem: str) -> None:
        if bool(edit.property("invalid")) != bool(problem):
            edit.setProperty("invalid", bool(problem))
            restyle(edit)
        edit.setAccessibleDescription(problem)


def _is_same(text: str, value: object, field: Field) -> bool:
    """Whether the text says the value already: `60.0` need not become `60` under the user's hands."""
    try:
        typed = parsed(text, field)
    except ValueError:
        return False
    if typed is None or not isinstance(value, Decimal | int):
        return typed is None and value is None
    return Decimal(typed) == Decimal(value)
