"""The row on top of the columns: schedule, Add target, Rerun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.comparison import Schedule
    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_SENTENCES: dict[Schedule, str] = {
    "model-by-model": "One local model generates at a time, so timings stay clean. APIs run alongside.",
    "concurrent": "All targets answer at once. Local models share this machine, so their timings suffer.",
}
_ROOM_PX = 24


class Toolbar(QWidget):
    """What concerns all columns."""

    schedule_chosen = Signal(str)
    """`model-by-model` or `concurrent`."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._segmented = Segmented(
            theme, "Schedule", [("model-by-model", "Model by model"), ("concurrent", "Concurrent")]
        )
        for key, icon in (("model-by-model", "list-ordered"), ("concurrent", "layers")):
            button = self._segmented.button(key)
            assert isinstance(button, QAbstractButton)
            button.setIconSize(QSize(14, 14))
            button.setText(f" {button.text()}")  # Fusion puts icon and text too close together
            theme.bind_icon(button, icon, "text3", 14, on_color="accent")
            name_widget(button, f"Schedule: {key}", _SENTENCES[key])  # type: ignore[index]
        self._sentence = make_label(theme, _SENTENCES["model-by-model"], "muted", px=12)
        self._sentence.setMinimumWidth(1)  # it must not keep the window wide
        self.add_button = make_button(theme, "Add target", "ghost", icon="plus")
        actions.describe("compare.targets", self.add_button, "Add target")
        self.rerun_button = PartsButton(theme, "secondary")
        self.rerun_button.show_parts(
            [Part("Rerun", px=13), Part("Ctrl R", "text3", 400, 11)], icon="refresh-cw"
        )
        actions.describe("compare.rerun", self.rerun_button, "Rerun")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._segmented)
        row.addWidget(self._sentence)
        row.addStretch(1)
        row.addWidget(self.add_button)
        row.addWidget(self.rerun_button)
        self._segmented.chosen.connect(self._on_chosen)

    @property
    def schedule(self) -> Schedule:
        """What is chosen."""
        value: Literal["model-by-model", "concurrent"] = self._segmented.value  # type: ignore[assignment]
        return value

    def set_schedule(self, schedule: Schedule) -> None:
        """Choose without telling anyone."""
        self._segmented.set_value(schedule)
        self._sentence.setText(_SENTENCES[schedule])

    def show_state(self, *, can_add: bool, can_rerun: bool) -> None:
        """Enable what makes sense now."""
        self.add_button.setEnabled(can_add)
        self.rerun_button.setEnabled(can_rerun)

    def schedule_button(self, schedule: Schedule) -> QWidget:
        """The button of one schedule."""
        return self._segmented.button(schedule)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The sentence gives way first; the buttons' tooltips say the same."""
        super().resizeEvent(event)
        buttons = (self._segmented, self.add_button, self.rerun_button)
        room = self.width() - sum(button.sizeHint().width() for button in buttons) - _ROOM_PX
        self._sentence.setVisible(self._sentence.sizeHint().width() <= room)

    @Slot(str)
    def _on_chosen(self, key: str) -> None:
        schedule: Schedule = "concurrent" if key == "concurrent" else "model-by-model"
        self._sentence.setText(_SENTENCES[schedule])
        self.schedule_chosen.emit(schedule)
