"""The row on top of the columns: schedule, repetitions, Add target, what pages parts add, Rerun, More."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QPushButton, QWidget

from steelyard.ui.pages.compare_sampling import REPEAT
from steelyard.ui.widgets.buttons import Segmented, make_button, make_icon_button
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.compare_values import ValueChip
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QResizeEvent

    from steelyard.core.values.comparison import Schedule
    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_SENTENCES: dict[Schedule, str] = {
    "model-by-model": "One local model generates at a time, so timings stay clean. APIs run alongside.",
    "concurrent": "All targets answer at once. Local models share this machine, so their timings suffer.",
}
_ROOM_PX = 24
_GAP_PX = 8
_ORDER = ("compare.blind", "compare.diff", "compare.export")
"""Where these stand in the row, whoever is added first; the last one is the first to give way."""


class Toolbar(QWidget):
    """What concerns all columns."""

    schedule_chosen = Signal(str)
    """`model-by-model` or `concurrent`."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._theme = theme
        self._actions = actions
        self._tools: dict[str, QPushButton] = {}
        self._menu_actions: list[QAction] = []
        self._segmented = self._make_schedules()
        self.repeat_chip = ValueChip(theme, REPEAT)
        self._sentence = make_label(theme, "", "muted", px=12)
        self._sentence.setMinimumWidth(1)  # it must not keep the window wide
        self.add_button = make_button(theme, "Add target", "ghost", icon="plus")
        actions.describe("compare.targets", self.add_button, "Add target")
        self.rerun_button = PartsButton(theme, "secondary")
        self.rerun_button.show_parts(
            [Part("Rerun", px=13), Part("Ctrl R", "text3", 400, 11)], icon="refresh-cw"
        )
        actions.describe("compare.rerun", self.rerun_button, "Rerun")
        self.more_button = make_icon_button(theme, "ellipsis-vertical", "More for this comparison")
        self.menu = QMenu(self)
        self._lay_out()
        self._segmented.chosen.connect(self._on_chosen)
        self.repeat_chip.value_changed.connect(self._show_sentence)
        self.more_button.clicked.connect(self._on_more)
        self._show_sentence()

    @property
    def schedule(self) -> Schedule:
        """What is chosen."""
        return "concurrent" if self._segmented.value == "concurrent" else "model-by-model"

    @property
    def repeat(self) -> int:
        """How often each target is asked."""
        return int(self.repeat_chip.value)

    def set_schedule(self, schedule: Schedule) -> None:
        """Choose without telling anyone."""
        self._segmented.set_value(schedule)
        self._show_sentence()

    def show_state(self, *, can_add: bool, can_rerun: bool) -> None:
        """Enable what makes sense now."""
        self.add_button.setEnabled(can_add)
        self.rerun_button.setEnabled(can_rerun)

    def schedule_button(self, schedule: Schedule) -> QWidget:
        """The button of one schedule."""
        return self._segmented.button(schedule)

    # ---- for other parts of the page -----------------------------------------------------------------------

    def add_tool(self, action_id: str, text: str, icon: str = "") -> QPushButton:
        """A button that does an action of the registry; where there is no room it is in the menu."""
        entry = self._actions.entry(action_id)
        button = make_button(self._theme, text, icon=icon or entry.icon)
        self._actions.describe(action_id, button, text)
        button.clicked.connect(entry.action.trigger)
        entry.action.enabledChanged.connect(button.setEnabled)
        button.setEnabled(entry.action.isEnabled())
        self._tools[action_id] = button
        self._tools = {name: self._tools[name] for name in sorted(self._tools, key=_rank)}
        at = self._row.indexOf(self.add_button) + 1 + list(self._tools).index(action_id)
        self._row.insertWidget(at, button)
        self._fit()
        return button

    def add_to_menu(self, action_id: str) -> None:
        """An action of the registry that is only in the menu."""
        self._menu_actions.append(self._actions.entry(action_id).action)
        self._fit()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _make_schedules(self) -> Segmented:
        segmented = Segmented(
            self._theme, "Schedule", [("model-by-model", "Model by model"), ("concurrent", "Concurrent")]
        )
        icons: dict[Schedule, str] = {"model-by-model": "list-ordered", "concurrent": "layers"}
        for key, icon in icons.items():
            button = segmented.button(key)
            assert isinstance(button, QAbstractButton)
            button.setIconSize(QSize(14, 14))
            button.setText(f" {button.text()}")  # Fusion puts icon and text too close together
            self._theme.bind_icon(button, icon, "text3", 14, on_color="accent")
            name_widget(button, f"Schedule: {key}", _SENTENCES[key])
        return segmented

    def _lay_out(self) -> None:
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP_PX)
        self._row.addWidget(self._segmented)
        self._row.addWidget(self.repeat_chip)
        self._row.addWidget(self._sentence)
        self._row.addStretch(1)
        self._row.addWidget(self.add_button)
        self._row.addWidget(self.rerun_button)
        self._row.addWidget(self.more_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width has room for others."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The sentence gives way first, its tooltips say the same; then tools go into the menu."""
        fixed = (self._segmented, self.repeat_chip, self.add_button, self.rerun_button, self.more_button)
        room = self.width() - sum(widget.sizeHint().width() + _GAP_PX for widget in fixed) + _GAP_PX
        self.menu.clear()
        for name, button in self._tools.items():
            room -= button.sizeHint().width() + _GAP_PX
            button.setVisible(room >= 0)
            if room < 0:
                self.menu.addAction(self._actions.entry(name).action)
        self.menu.addActions(self._menu_actions)
        self.more_button.setVisible(not self.menu.isEmpty())
        self._sentence.setVisible(self._sentence.sizeHint().width() <= room - _ROOM_PX)

    @Slot()
    def _on_more(self) -> None:
        left = self.more_button.width() - self.menu.sizeHint().width()
        self.menu.popup(self.more_button.mapToGlobal(QPoint(left, self.more_button.height())))

    @Slot()
    def _show_sentence(self) -> None:
        text = _SENTENCES[self.schedule]
        if self.repeat > 1:
            text = f"Each target answers {self.repeat} times, interleaved where the models fit together."
        self._sentence.setText(text)
        self._fit()

    @Slot(str)
    def _on_chosen(self, _key: str) -> None:
        self._show_sentence()
        self.schedule_chosen.emit(self.schedule)


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
