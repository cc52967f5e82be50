"""What is compared with: an API, the same weights hosted elsewhere, a hybrid, and when it is a tie."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.costs import CostScenario
from steelyard.ui.pages.costs_inputs_keys import MOST_CHARS, Field, parsed
from steelyard.ui.pages.costs_inputs_row import RowHead
from steelyard.ui.theme.theme import restyle
from steelyard.ui.widgets.cost_format import plain_number, usd
from steelyard.ui.widgets.cost_tag import show_origin
from steelyard.ui.widgets.labels import ElidedLabel, name_widget
from steelyard.ui.widgets.servers_field import Choice, UnitEdit

if TYPE_CHECKING:
    from steelyard.core.values.costs import Comparator
    from steelyard.core.values.targets import TargetRow
    from steelyard.ui.theme.theme import Theme

_PERCENT = Decimal(100)
_LOCAL = Field("local_share", "Local share of the hybrid", "% local", "Tokens that stay here.", _PERCENT)
_TIE = Field("tie_band", "Tie band", "% tie", "No further apart than this is a tie.", _PERCENT)
_NAMES = {"configured": "API to compare with", "hosted": "Same weights, hosted elsewhere"}
_PLACEHOLDERS = {"configured": "target, or PROVIDER/MODEL", "hosted": "PROVIDER/MODEL"}


class CompareInputs(QWidget):
    """A name may be a target of the user or a model of the price book."""

    edited = Signal(dict)
    """Fields of the scenario that changed."""
    spoiled = Signal()
    names_wanted = Signal(str)
    """The user typed this much of a model's name."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.choices: dict[str, Choice] = {}
        self.heads: dict[str, RowHead] = {}
        self.prices: dict[str, ElidedLabel] = {}
        self.wrong: set[str] = set()
        self._typing = ""
        self._timer = QTimer(self, singleShot=True, interval=250)
        self._timer.timeout.connect(self._on_typed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for key, name in _NAMES.items():
            column.addLayout(self._make_choice(theme, key, name))
        self.shares_head = RowHead(theme, "Hybrid keeps here, tie band")
        self.shares = {field.key: self._make_share(theme, field) for field in (_LOCAL, _TIE)}
        line = QHBoxLayout()
        line.setSpacing(6)
        for edit in self.shares.values():
            line.addWidget(edit, 1)
        box = QVBoxLayout()
        box.setSpacing(3)
        box.addLayout(self.shares_head)
        box.addLayout(line)
        column.addLayout(box)

    def show_scenario(self, scenario: CostScenario) -> None:
        """Show what it compares with."""
        for key, name in (("configured", scenario.comparator), ("hosted", scenario.hosted)):
            if self.choices[key].value != (name or ""):
                self.choices[key].setEditText(name or "")
        for field, value in ((_LOCAL, scenario.local_share), (_TIE, scenario.tie_band)):
            self.shares[field.key].setText(plain_number(value, field.factor))
            self._set_wrong(field.key, is_wrong=False)

    def show_names(self, targets: list[TargetRow], models: list[str]) -> None:
        """Offer these names; what is typed stays."""
        for key, choice in self.choices.items():
            text, line = choice.currentText(), choice.lineEdit()
            at = line.cursorPosition() if line is not None else 0
            names = [row.name for row in targets] if key == "configured" else []
            choice.set_options([(name, name) for name in dict.fromkeys([*names, *models])])
            choice.setCurrentIndex(-1)
            choice.setEditText(text)
            if line is not None:
                line.setCursorPosition(at)

    def show_prices(self, comparator: Comparator) -> None:
        """The prices that are used, and how old they are."""
        if comparator.kind not in self.prices:
            return
        label, head = self.prices[comparator.kind], self.heads[comparator.kind]
        if comparator.price_in is None or comparator.price_out is None:
            label.setText(comparator.unknown if self.choices[comparator.kind].currentText() else "")
            show_origin(head.tags[0], None)
            return
        retired = ", retired" if comparator.is_retired else ""
        label.setText(f"{usd(comparator.price_in)} / {usd(comparator.price_out)} per M{retired}")
        note = f"{comparator.name}, price {comparator.price_id or 'of your own'}"
        show_origin(head.tags[0], comparator.origin, date=comparator.price_date, note=note)

    def _make_choice(self, theme: Theme, key: str, name: str) -> QVBoxLayout:
        head = self.heads[key] = RowHead(theme, name)
        choice = self.choices[key] = Choice(theme, name, [], is_open=True)
        line = choice.lineEdit()
        assert line is not None
        line.setMaxLength(200)
        line.setPlaceholderText(_PLACEHOLDERS[key])
        choice.setProperty("key", key)
        # Completed in a list, never in the line: what stands there is what is asked for.
        completer = choice.completer()
        assert completer is not None
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        choice.picked.connect(self._on_picked)
        head.label.setBuddy(choice)
        prices = ElidedLabel(theme, "", "muted", px=11, cut=Qt.TextElideMode.ElideRight)
        self.prices[key] = prices
        box = QVBoxLayout()
        box.setSpacing(3)
        box.addLayout(head)
        box.addWidget(choice)
        box.addWidget(prices)
        return box

    def _make_share(self, theme: Theme, field: Field) -> UnitEdit:
        edit = UnitEdit(theme, field.name, field.unit)
        edit.setMaxLength(MOST_CHARS)
        edit.setMinimumWidth(60)
        edit.setProperty("key", field.key)
        name_widget(edit, field.name, f"{field.name}. {field.help}")
        edit.textEdited.connect(self._on_share)
        return edit

    @Slot(str)
    def _on_picked(self, text: str) -> None:
        choice = self.sender()
        assert isinstance(choice, Choice)
        self._typing = text.strip()
        self._timer.start()
        name = {"configured": "comparator", "hosted": "hosted"}[str(choice.property("key"))]
        self.edited.emit({name: text.strip() or None})

    @Slot()
    def _on_typed(self) -> None:
        self.names_wanted.emit(self._typing)

    @Slot(str)
    def _on_share(self, text: str) -> None:
        edit = self.sender()
        assert isinstance(edit, UnitEdit)
        field = _LOCAL if edit is self.shares[_LOCAL.key] else _TIE
        try:
            value = parsed(text, field)
        except ValueError:
            self._set_wrong(field.key, is_wrong=True)
            self.spoiled.emit()
            return
        self._set_wrong(field.key, is_wrong=False)
        default = {member.name: member.default for member in msgspec.structs.fields(CostScenario)}
        self.edited.emit({field.key: default[field.key] if value is None else Decimal(value)})

    def _set_wrong(self, key: str, *, is_wrong: bool) -> None:
        (self.wrong.add if is_wrong else self.wrong.discard)(key)
        edit = self.shares[key]
        edit.setProperty("invalid", is_wrong)
        edit.setAccessibleDescription("A number is needed" if is_wrong else "")
        restyle(edit)
