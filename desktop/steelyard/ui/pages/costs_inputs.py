"""The inputs card: every number behind the result, with where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.costs import CostScenario
from steelyard.ui.pages.costs_inputs_compare import CompareInputs
from steelyard.ui.pages.costs_inputs_foot import InputsFoot
from steelyard.ui.pages.costs_inputs_group import InputGroup
from steelyard.ui.pages.costs_inputs_keys import ENERGY, HARDWARE, OTHER, SPEED
from steelyard.ui.pages.costs_inputs_people import PeopleInputs
from steelyard.ui.pages.costs_inputs_profile import with_value
from steelyard.ui.pages.costs_inputs_row import NumbersRow, RowHead
from steelyard.ui.pages.costs_inputs_summary import hardware_remark, summaries
from steelyard.ui.pages.costs_inputs_workload import WorkloadInputs
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.cost_tag import show_origin
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.servers_field import Choice

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.costs import CostAnalysis, CostPreset
    from steelyard.ui.theme.theme import Theme

_OPEN = {"hardware", "workload", "compare"}
_TITLES = {
    "hardware": "Hardware",
    "energy": "Electricity",
    "people": "People and other",
    "rates": "Speed and capacity",
    "workload": "Workload",
    "compare": "Comparison",
}
OWN = "own"
_LOW_BELOW_PX = 700
_OWN_WORDS = "Own figures"


class InputsCard(QFrame):
    """Holds the scenario as it is typed; tells each change as a whole scenario."""

    edited = Signal(object)
    """The `CostScenario` with what the user changed."""
    spoiled = Signal()
    """Something is typed that is no number: what is shown elsewhere is no longer true."""
    preset_chosen = Signal(str)
    """The user chose the preset with this id, or `own`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setAccessibleName("Inputs")
        self.scenario = CostScenario(name="")
        self.reset = make_button(theme, "Reset", "link", tooltip="Go back to what was measured or stored")
        self.preset = Choice(theme, "Hardware profile", [(OWN, _OWN_WORDS)])
        self.preset_head = RowHead(theme, "Hardware profile")
        self.quote = make_label(theme, "", "muted", px=11, wrap=True)
        self.people = PeopleInputs(theme)
        self.workload = WorkloadInputs(theme)
        self.compare = CompareInputs(theme)
        self.other = NumbersRow(theme, OTHER)
        self.rows = [NumbersRow(theme, row) for group in (HARDWARE, ENERGY, SPEED) for row in group.rows]
        self.groups = {key: InputGroup(theme, title, is_open=key in _OPEN) for key, title in _TITLES.items()}
        self.foot = InputsFoot(theme)
        self._presets: dict[str, CostPreset] = {}
        self._lay_out(theme)
        self._connect()

    # ---- showing -------------------------------------------------------------------------------------------

    def show_scenario(self, scenario: CostScenario, preset: str) -> None:
        """Show other inputs; `preset` is the id of the preset that they began with."""
        self.scenario = scenario
        for part in (*self.number_rows(), self.people, self.workload):
            part.show_profile(scenario.profile)
        self.compare.show_scenario(scenario)
        self.preset.set_value(preset if preset in self._presets else OWN)
        self._show_preset()
        self._show_summaries()

    def show_presets(self, presets: list[CostPreset]) -> None:
        """Offer these."""
        chosen = self.preset.value or OWN
        self._presets = {preset.id: preset for preset in presets}
        options = [(OWN, _OWN_WORDS), *((preset.id, preset.name) for preset in presets)]
        self.preset.set_options(options)
        self.preset.set_value(chosen if chosen in self._presets else OWN)
        self._show_preset()

    def show_effects(self, analysis: CostAnalysis) -> None:
        """What follows from the inputs, beside them."""
        self.workload.show_effects(self.scenario.profile, analysis.tco)
        for against in analysis.against:
            self.compare.show_prices(against.comparator)
        self.rows[0].show_remark(hardware_remark(self.scenario.profile, analysis.tco))
        self.foot.show_checks(analysis.checks)
        self.show_error(None)

    def show_error(self, error: AppError | None) -> None:
        """Say in one line what is wrong, and mark the number that it is about."""
        text = words = error.one_line() if error is not None else ""
        fields = [(row, field) for row in self._every_row() for field in row.row.fields]
        is_in_title = error is not None and any(field.key in error.title for _, field in fields)
        blamed = error.title if error is not None and is_in_title else text
        for row, field in fields:
            words = words.replace(field.key, field.name)
            row.show_problem(field.key, text if field.key in blamed else "")
        self.foot.show_error(words)
        if words:
            QTimer.singleShot(0, self._show_focused)

    @Slot()
    def _show_focused(self) -> None:
        """The words below took room: what is being typed stays in view."""
        body = self._area.widget()
        focused = body.focusWidget() if body is not None else None
        if focused is not None and focused.hasFocus():
            self._area.ensureWidgetVisible(focused, 0, 24)

    def number_rows(self) -> list[NumbersRow]:
        """The rows of plain numbers."""
        return [*self.rows, self.other]

    @property
    def is_spoiled(self) -> bool:
        """Whether something stands there that is no number."""
        return any(row.wrong for row in self._every_row()) or bool(self.compare.wrong)

    def _every_row(self) -> list[NumbersRow]:
        people = self.people.rows.values()
        return [*self.number_rows(), *people, self.workload.volume, self.workload.cached]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the fields need the room."""
        super().resizeEvent(event)
        self.foot.set_low(is_low=self.height() < _LOW_BELOW_PX)

    # ---- changes -------------------------------------------------------------------------------------------

    @Slot(str, object)
    def _on_number(self, key: str, value: Any) -> None:
        self._change({"profile": with_value(self.scenario.profile, key, value)})

    @Slot(dict)
    def _on_compared(self, changes: dict[str, Any]) -> None:
        self._change(changes)

    def _change(self, changes: dict[str, Any]) -> None:
        self.scenario = msgspec.structs.replace(self.scenario, **changes)
        profile = self.scenario.profile
        for part in (*self.number_rows(), self.people, self.workload):
            part.show_tags(profile)
        self._show_summaries()
        if self.is_spoiled:
            self.spoiled.emit()
        else:
            self.edited.emit(self.scenario)

    @Slot(str)
    def _on_preset(self, key: str) -> None:
        self._show_preset()
        self.preset_chosen.emit(key)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _show_preset(self) -> None:
        preset = self._presets.get(self.preset.value)
        self.quote.setVisible(preset is not None)
        show_origin(self.preset_head.tags[0], "preset" if preset is not None else None)
        if preset is not None:
            self.quote.setText(f"“{preset.quote}” ({preset.source})")
            parts = "\n".join(f"{name}: {value}" for name, value in preset.components.items())
            self.quote.setToolTip(parts)

    def _show_summaries(self) -> None:
        for key, text in summaries(self.scenario).items():
            self.groups[key].show_summary(text)

    def _lay_out(self, theme: Theme) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        box = QVBoxLayout()
        box.setSpacing(3)
        box.addLayout(self.preset_head)
        box.addWidget(self.preset)
        box.addWidget(self.quote)
        self.groups["hardware"].column.addLayout(box)
        at = 0
        for group in (HARDWARE, ENERGY, SPEED):
            for _ in group.rows:
                self.groups[group.key].column.addWidget(self.rows[at])
                at += 1
        self.groups["people"].column.addWidget(self.people)
        self.groups["people"].column.addWidget(self.other)
        self.groups["workload"].column.addWidget(self.workload)
        self.groups["compare"].column.addWidget(self.compare)
        for group in self.groups.values():
            column.addWidget(group)
        column.addStretch(1)
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 8, 0)
        head.addWidget(make_label(theme, "Inputs", weight=600))
        head.addStretch(1)
        head.addWidget(self.reset)
        self._area = area = make_scroll(body, "Inputs")
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 0, 4, 0)
        inner.addWidget(area)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(6)
        outer.addLayout(head)
        outer.addLayout(inner, 1)
        outer.addWidget(self.foot)

    def _connect(self) -> None:
        for row in self.number_rows():
            row.edited.connect(self._on_number)
            row.spoiled.connect(self.spoiled)
        for part in (self.people, self.workload):
            part.edited.connect(self._on_number)
            part.spoiled.connect(self.spoiled)
        self.compare.edited.connect(self._on_compared)
        self.compare.spoiled.connect(self.spoiled)
        self.preset.picked.connect(self._on_preset)
