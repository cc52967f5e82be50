"""The break-even tab: inputs at the left, what follows from them at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QWidget

from steelyard.ui.pages.costs_break_even_checks import ChecksPopup
from steelyard.ui.pages.costs_break_even_desk import CostsDesk
from steelyard.ui.pages.costs_break_even_results import Results
from steelyard.ui.pages.costs_break_even_words import days_words
from steelyard.ui.pages.costs_inputs import OWN, InputsCard
from steelyard.ui.pages.costs_inputs_profile import has_costs, origin_of
from steelyard.ui.pages.costs_table import VolumeLine, table_csv
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.pages.monitor_export import Exporter
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.cost_format import tokens
from steelyard.ui.widgets.cost_picture import short_name

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.costs import CostScenario
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_INPUTS_PX = (268, 288)
_WIDE_FROM_PX = 1180
_EMPTY = (
    "Nothing has been measured and nothing typed yet. Begin with a cost table of the sources, "
    "or type what your machine costs."
)
_COSTLESS = (
    "Speed and workload are known, but not what the machine costs: type its price, rent or electricity "
    "at the left, or begin with a cost table of the sources."
)


_WAITING = "Costs, crossings and 5,000 draws are computed from the inputs at the left."
_WAIT_MS = 300


class BreakEvenTab(QWidget):
    """Edits are computed as they are typed; the last good figures stay in view."""

    figures_changed = Signal()
    """There are figures to export, or there are none any longer."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self.desk = CostsDesk(bridge, self)
        self.inputs = InputsCard(theme)
        self.results = Results(theme)
        self.empty = EmptyView(theme, "circle-dollar-sign", "No figures yet", _EMPTY)
        self.preset_button = make_button(theme, "Start with a preset", "primary", icon="chevron-down")
        self.empty.add_action(self.preset_button)
        self.costless = EmptyView(theme, "circle-dollar-sign", "What does the machine cost?", _COSTLESS)
        self.costless_button = make_button(theme, "Start with a preset", "primary", icon="chevron-down")
        self.costless.add_action(self.costless_button)
        self.waiting = EmptyView(theme, "hourglass", "Working it out", _WAITING)
        self._wait = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self.checks: ChecksPopup | None = None
        self.exporter = Exporter(bridge, self)
        self._brief = Brief(self, self._show_copied)
        self._stack = QStackedWidget()
        self._is_begun = False
        self._scroll = make_scroll(self.results, "Figures")
        for widget in (self.empty, self.costless, self.waiting, self._scroll):
            self._stack.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 8, 12)
        row.setSpacing(8)
        row.addWidget(self.inputs)
        row.addWidget(self._stack, 1)
        self._connect()

    @property
    def shown(self) -> str:
        """`empty`, `costless`, `waiting` or `figures`."""
        views = {id(self._scroll): "figures", id(self.costless): "costless", id(self.waiting): "waiting"}
        return views.get(id(self._stack.currentWidget()), "empty")

    def begin(self) -> None:
        """Read what is there, the first time that somebody looks."""
        if not self._is_begun:
            self._is_begun = True
            self.desk.load()

    def refresh(self) -> None:
        """Read everything again."""
        self._is_begun = True
        self.desk.load()

    def focus_first(self) -> None:
        """The hardware profile has the keyboard first."""
        self.inputs.preset.setFocus()

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot()
    def copy_table(self) -> None:
        """The table to the clipboard, ready for a spreadsheet."""
        QGuiApplication.clipboard().setText(table_csv(self._lines(), self._second_name(), "\t"))
        self._brief.start("Copied")

    def save_table(self) -> None:
        """The table into a CSV file."""
        if self._lines():
            content = table_csv(self._lines(), self._second_name()).encode()
            self.exporter.save("Save the table", "costs.csv", "CSV (*.csv)", content)

    def save_chart(self) -> None:
        """The chart as it is into a PNG file."""
        if self.results.chart.picture is not None:
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            self.results.chart.grab().save(buffer, "PNG")
            self.exporter.save("Save the chart", "costs.png", "PNG (*.png)", bytes(buffer.data().data()))

    def show_checks(self) -> None:
        """List the cost checks."""
        if self.desk.analysis is not None:
            self.checks = ChecksPopup(self._theme, self, self.desk.analysis.checks)
            self.checks.destroyed.connect(self._on_checks_gone)
            self.checks.open_at(self.inputs.foot.show_button, above=True)

    @Slot()
    def reset(self) -> None:
        """Back to what was measured or stored."""
        self.desk.reset()

    @Slot()
    def show_presets(self) -> None:
        """A menu of the presets below the button."""
        menu = QMenu(self)
        for preset in self.desk.presets:
            action = menu.addAction(preset.name)
            action.setData(preset.id)
            action.setToolTip(f"{preset.quote} ({preset.source})")
        menu.setToolTipsVisible(True)
        menu.triggered.connect(self._on_preset_action)
        menu.aboutToHide.connect(menu.deleteLater)
        button = self.costless_button if self.shown == "costless" else self.preset_button
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    # ---- Qt ------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The inputs are a bit wider where there is room."""
        super().resizeEvent(event)
        self.inputs.setFixedWidth(_INPUTS_PX[self.width() >= _WIDE_FROM_PX])

    # ---- parts ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        desk, inputs = self.desk, self.inputs
        self._wait.timeout.connect(self._on_wait)
        inputs.edited.connect(self._on_edited)
        inputs.spoiled.connect(self._on_spoiled)
        inputs.preset_chosen.connect(self._on_preset)
        inputs.reset.clicked.connect(self.reset)
        inputs.foot.checks_wanted.connect(self.show_checks)
        inputs.compare.names_wanted.connect(desk.find_names)
        for button in (self.preset_button, self.costless_button):
            button.clicked.connect(self.show_presets)
        self.results.copy_wanted.connect(self.copy_table)
        desk.scenario_replaced.connect(self._on_replaced)
        desk.lists_changed.connect(self._on_lists)
        desk.measured_changed.connect(self._on_measured)
        desk.analysed.connect(self._on_analysed)
        desk.failed.connect(self._on_failed)

    @Slot(object)
    def _on_edited(self, scenario: CostScenario) -> None:
        self.desk.edit(scenario)

    @Slot()
    def _on_spoiled(self) -> None:
        self.desk.hold()
        self.results.set_stale(is_stale=True)

    @Slot(str)
    def _on_preset(self, key: str) -> None:
        self.desk.choose_preset("" if key == OWN else key)

    def _on_preset_action(self, action: object) -> None:
        self.desk.choose_preset(str(action.data()))  # type: ignore[attr-defined]

    @Slot()
    def _on_replaced(self) -> None:
        self.inputs.show_scenario(self.desk.scenario, self.desk.preset_id)
        if self.desk.analysis is None and not self.desk.is_empty:
            self._wait.start()

    @Slot()
    def _on_wait(self) -> None:
        """The first figures take a while: "nothing typed yet" would be wrong."""
        if self.desk.analysis is None and not self.desk.is_empty and not self.inputs.foot.error.text:
            self._stack.setCurrentWidget(self.waiting)

    @Slot()
    def _on_lists(self) -> None:
        desk = self.desk
        self.inputs.show_presets(desk.presets)
        self.inputs.compare.show_names(desk.targets, desk.models)
        for button in (self.preset_button, self.costless_button):
            button.setEnabled(bool(desk.presets))

    @Slot()
    def _on_measured(self) -> None:
        self._show_measured()

    def _show_measured(self) -> None:
        """Where volume and mix are from, or that they are not known yet."""
        measured, work = self.desk.measured, self.desk.scenario.profile.workload
        is_typed = work.tokens_month is not None or work.utilisation is not None
        if measured is None:
            return
        words = days_words(measured.days, measured.runs)
        if not measured.runs:
            text = "" if is_typed else "No run in the ledger yet: volume and mix are yours to type."
        elif not self.desk.has_enough_days:
            text = f"Insufficient data: {words}. Volume and mix are a guess until there are 14."
        else:
            volume = measured.profile.workload.tokens_month
            daily = f": {tokens(float(volume) * 12 / 365.25)} tokens a day" if volume is not None else ""
            text = f"Measured in {words}{daily}."
        self.inputs.foot.show_measured(text)

    @Slot()
    def _on_analysed(self) -> None:
        self._wait.stop()
        analysis = self.desk.analysis
        if analysis is None:
            self.inputs.show_error(None)
            self._stack.setCurrentWidget(self.empty)
        else:
            self.inputs.show_effects(analysis)
            profile = self.desk.scenario.profile
            is_measured = origin_of(profile, "workload.tokens_month") == "measured"
            self.results.show_analysis(analysis, self.desk.scenario, "from the ledger" if is_measured else "")
            self._stack.setCurrentWidget(self._scroll if has_costs(profile) else self.costless)
        self._show_measured()
        self.figures_changed.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._wait.stop()
        if self.shown == "waiting":
            self._stack.setCurrentWidget(self.empty)
        self.inputs.show_error(error)
        self.results.set_stale(is_stale=True)

    @Slot()
    def _on_checks_gone(self) -> None:
        self.checks = None

    def _lines(self) -> list[VolumeLine]:
        return self.results.table.lines.lines

    def _second_name(self) -> str:
        second = self.results.second
        return short_name(second.comparator.name) if second is not None else "second API"

    def _show_copied(self, what: str) -> None:
        self._theme.bind_icon(self.results.copy, "check" if what else "copy")
        self.results.copy.setAccessibleDescription(what)
