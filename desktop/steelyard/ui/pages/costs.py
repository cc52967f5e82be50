"""The Costs page: break-even, the ledger of what was spent and saved, the price book."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_actions import add_costs_actions
from steelyard.ui.pages.costs_break_even import BreakEvenTab
from steelyard.ui.pages.costs_name import NamePopup
from steelyard.ui.pages.costs_title import CostsTitle
from steelyard.ui.widgets.cost_picture import short_name

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class _Tab(Protocol):
    def refresh(self) -> None: ...


class CostsPage(QWidget):
    """Three tabs; the ledger and the prices are made when they are first shown."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._actions = actions
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Costs")
        add_costs_actions(actions, self)
        self.break_even = BreakEvenTab(theme, bridge)
        self.title_widget = CostsTitle(theme, actions, self.break_even.desk)
        self.tabs: dict[str, QWidget] = {"break_even": self.break_even}
        self.current = "break_even"
        self.naming: NamePopup | None = None
        self._is_copy = False
        self._stack = QStackedWidget()
        self._stack.addWidget(self.break_even)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        actions.describe("costs.copy", self.break_even.results.copy, "Copy the table")
        self._connect()

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot(str)
    def show_tab(self, key: str) -> None:
        """Break-even, ledger or prices."""
        if key not in self.tabs:
            self.tabs[key] = self._make_tab(key)
            self._stack.addWidget(self.tabs[key])
        if key != self.current:
            focus = self.focusWidget()
            had_focus = focus is not None and self.tabs[self.current].isAncestorOf(focus)
            self.current = key
            self._stack.setCurrentWidget(self.tabs[key])
            if had_focus and self.isVisible():
                self.focus_first()
        self.title_widget.show_tab(key)

    @Slot()
    def save_scenario(self) -> None:
        """Store the inputs; a new scenario is asked for its name."""
        self.show_tab("break_even")
        if self.break_even.desk.scenario.id:
            self.break_even.desk.save(self.break_even.desk.scenario.name)
        else:
            self._ask_name(self._suggested_name())

    def choose_scenario(self) -> None:
        """The menu of stored scenarios."""
        self.show_tab("break_even")
        self.title_widget.show_scenarios()

    def new_scenario(self) -> None:
        """Empty inputs but for what was measured."""
        self.show_tab("break_even")
        self.break_even.desk.begin_new()

    def reset(self) -> None:
        """Back to what was measured."""
        self.break_even.reset()

    def show_checks(self) -> None:
        """The thirteen checks."""
        self.show_tab("break_even")
        self.break_even.show_checks()

    def compare_with(self, kind: str) -> None:
        """Another of the three APIs."""
        self.show_tab("break_even")
        self.break_even.results.choose(kind)

    def copy_table(self) -> None:
        """The table to the clipboard."""
        self.break_even.copy_table()

    def save_table(self) -> None:
        """The table into a CSV file."""
        self.break_even.save_table()

    def save_chart(self) -> None:
        """The chart into a PNG file."""
        self.break_even.save_chart()

    def refresh(self) -> None:
        """Read everything of the tab again."""
        tab: _Tab = self.tabs[self.current]  # type: ignore[assignment]  # every tab has it
        tab.refresh()

    def focus_first(self) -> None:
        """What the tab chooses, else the tab's own button."""
        choose = getattr(self.tabs[self.current], "focus_first", None)
        if choose is not None:
            choose()
        else:
            self.title_widget.buttons[self.current].setFocus()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Nothing is asked before somebody looks."""
        super().showEvent(event)
        self.break_even.begin()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _make_tab(self, key: str) -> QWidget:
        if key == "ledger":
            from steelyard.ui.pages.costs_ledger import CostsLedger

            return CostsLedger(self._theme, self._bridge, self._actions)
        from steelyard.ui.pages.costs_prices import CostsPrices

        prices = CostsPrices(self._theme, self._bridge, self._actions)
        prices.wanted.connect(partial(self.show_tab, key))
        return prices

    def _connect(self) -> None:
        title = self.title_widget
        title.tab_wanted.connect(self.show_tab)
        title.save.clicked.connect(self.save_scenario)
        title.export.clicked.connect(self._on_export)
        title.scenario_wanted.connect(self._on_scenario)
        title.action_wanted.connect(self._on_action)
        self.break_even.figures_changed.connect(self._on_figures)
        self._on_figures()

    def _suggested_name(self) -> str:
        desk = self.break_even.desk
        preset = next((one.name for one in desk.presets if one.id == desk.preset_id), "Own machine")
        api = desk.scenario.comparator
        return f"{preset} or {short_name(api)}" if api else preset

    def _ask_name(self, name: str) -> None:
        self.naming = NamePopup(self._theme, self, name)
        self.naming.named.connect(self._on_named)
        self.naming.destroyed.connect(self._on_naming_gone)
        self.naming.open_at(self.title_widget.save, at_right=True)

    @Slot(str)
    def _on_named(self, name: str) -> None:
        self.break_even.desk.save(name, as_new=self._is_copy)
        self._is_copy = False

    @Slot()
    def _on_naming_gone(self) -> None:
        self.naming = None

    @Slot(str)
    def _on_scenario(self, scenario_id: str) -> None:
        if scenario_id:
            self.break_even.desk.open_stored(scenario_id)
        else:
            self.new_scenario()

    @Slot(str)
    def _on_action(self, what: str) -> None:
        desk = self.break_even.desk
        if what == "remove":
            desk.remove()
            return
        self._is_copy = what == "copy"
        self._ask_name(f"{desk.scenario.name} (copy)" if self._is_copy else desk.scenario.name)

    @Slot()
    def _on_export(self) -> None:
        menu = QMenu(self)
        menu.addAction(self._actions.entry("costs.csv").action)
        menu.addAction(self._actions.entry("costs.picture").action)
        menu.aboutToHide.connect(menu.deleteLater)
        button = self.title_widget.export
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    @Slot()
    def _on_figures(self) -> None:
        self.title_widget.set_exportable(is_exportable=self.break_even.shown == "figures")
