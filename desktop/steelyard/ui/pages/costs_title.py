"""What the Costs page puts into the top bar: its tabs, the scenario, saving and exporting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from steelyard.ui.pages.models_title import TabButton
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import ElidedLabel, name_widget, plain_tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QResizeEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.pages.costs_break_even_desk import CostsDesk
    from steelyard.ui.theme.theme import Theme

TABS = (("break_even", "Break-even"), ("ledger", "Ledger"), ("prices", "Prices"))
_NEW = "New scenario"
_TEXTS_FROM_PX = 830
_NAME_MOST_PX = 250


class CostsTitle(QWidget):
    """Tabs always; the rest belongs to the break-even tab."""

    tab_wanted = Signal(str)
    """The user chose the tab with this key."""
    scenario_wanted = Signal(str)
    """The stored scenario with this id is to be shown; empty: a new one."""
    action_wanted = Signal(str)
    """`rename`, `copy` or `remove` the scenario."""

    def __init__(self, theme: Theme, actions: Actions, desk: CostsDesk) -> None:
        super().__init__()
        self._desk = desk
        self.buttons: dict[str, TabButton] = {}
        self._group = QButtonGroup(self)
        self.picker = QToolButton()
        self.meta = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.save = make_button(theme, "Save scenario", icon="save")
        self.export = make_button(theme, "Export", icon="file-output")
        self._make_tabs(theme)
        self._make_picker(theme)
        actions.describe("costs.save", self.save, "Save scenario")
        actions.describe("costs.scenarios", self.picker, "Choose a scenario")
        name_widget(self.export, "Export", "Save the table as CSV or the chart as PNG")
        self._lay_out()
        self._group.idToggled.connect(self._on_toggled)
        desk.scenario_replaced.connect(self.show_desk)
        desk.lists_changed.connect(self.show_desk)
        desk.analysed.connect(self.show_desk)
        self.show_desk()

    @property
    def scenario_text(self) -> str:
        """The name that is shown."""
        return self._desk.scenario.name or _NEW

    def show_tab(self, key: str) -> None:
        """Mark a tab as shown; what belongs to the break-even tab is shown there only."""
        self.buttons[key].setChecked(True)
        self._let_one_be_tabbed_to(key)
        for widget in (self.picker, self.meta, self.save, self.export):
            widget.setVisible(key == "break_even")

    def set_exportable(self, *, is_exportable: bool) -> None:
        """Whether there are figures to export."""
        self.export.setEnabled(is_exportable)

    @Slot()
    def show_scenarios(self) -> None:
        """The menu of stored scenarios."""
        menu = QMenu(self)
        for scenario in self._desk.stored:
            action = menu.addAction(scenario.name)
            action.setData(f"open:{scenario.id}")
            action.setCheckable(True)
            action.setChecked(scenario.id == self._desk.scenario.id)
        menu.addSeparator()
        menu.addAction(_NEW).setData("open:")
        if self._desk.scenario.id:
            menu.addAction("Rename…").setData("rename")
            menu.addAction("Save as a copy…").setData("copy")
            menu.addAction("Delete").setData("remove")
        menu.triggered.connect(self._on_menu)
        menu.aboutToHide.connect(menu.deleteLater)
        self.menu = menu
        menu.popup(self.picker.mapToGlobal(QPoint(0, self.picker.height() + 4)))

    @Slot()
    def show_desk(self) -> None:
        """Show which scenario is on the desk."""
        desk = self._desk
        parts: list[str] = []
        at = next((at for at, one in enumerate(desk.stored, 1) if one.id == desk.scenario.id), 0)
        if at:
            parts.append(f"scenario {at} of {len(desk.stored)}")
            if desk.is_changed:
                parts[0] += ", changed"
        if desk.book_date is not None:
            parts.append(f"price book {desk.book_date}")
        self.meta.setText(", ".join(parts))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons lose their words where there is little room."""
        super().resizeEvent(event)
        has_room = self.width() >= _TEXTS_FROM_PX
        self.save.setText("Save scenario" if has_room else "")
        self.export.setText("Export" if has_room else "")
        self.meta.setVisible(has_room and self.save.isVisibleTo(self))
        for button in (self.save, self.export):
            button.setMaximumWidth(16_777_215 if has_room else 44)
        self._fit()

    def _fit(self) -> None:
        room = _NAME_MOST_PX if self.width() >= _TEXTS_FROM_PX else 120
        text = self.picker.fontMetrics().elidedText(self.scenario_text, Qt.TextElideMode.ElideRight, room)
        self.picker.setText(text)
        self.picker.setAccessibleDescription(plain_tooltip(self.scenario_text))

    def _make_tabs(self, theme: Theme) -> None:
        for at, (key, text) in enumerate(TABS):
            button = self.buttons[key] = TabButton(theme, text)
            name_widget(button, text, f"{text} (Alt+{at + 1})")
            self._group.addButton(button, at)
        self.buttons["break_even"].setChecked(True)
        self._let_one_be_tabbed_to("break_even")

    def _make_picker(self, theme: Theme) -> None:
        self.picker.setProperty("role", "ghost")
        self.picker.setFont(theme.font(13, 500))
        self.picker.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.picker.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.picker.setCursor(Qt.CursorShape.PointingHandCursor)
        self.picker.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.bind_icon(self.picker, "chevron-down", "text3", 14)
        self.picker.clicked.connect(self.show_scenarios)

    def _lay_out(self) -> None:
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.meta.setMinimumWidth(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for button in self.buttons.values():
            row.addWidget(button)
        row.addSpacing(8)
        row.addWidget(self.picker)
        row.addSpacing(6)
        row.addWidget(self.meta, 1)
        row.addStretch(0)
        row.addSpacing(8)
        row.addWidget(self.save)
        row.addSpacing(8)
        row.addWidget(self.export)

    def _let_one_be_tabbed_to(self, key: str) -> None:
        for name, button in self.buttons.items():
            is_shown = name == key
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_shown else Qt.FocusPolicy.ClickFocus)

    @Slot(int, bool)
    def _on_toggled(self, at: int, is_on: bool) -> None:
        if is_on:
            self.tab_wanted.emit(TABS[at][0])

    def _on_menu(self, action: QAction) -> None:
        what = str(action.data())
        if what.startswith("open:"):
            self.scenario_wanted.emit(what.removeprefix("open:"))
        else:
            self.action_wanted.emit(what)
