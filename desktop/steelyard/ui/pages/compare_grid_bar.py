"""The line over the grid: which cases are listed, how far it is, and what can be done about that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from steelyard.core.base.units import duration_text
from steelyard.ui.pages.compare_grid_cells import FILTERS
from steelyard.ui.widgets.buttons import Segmented, make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, name_widget

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_grid_cells import GridFilter
    from steelyard.ui.pages.compare_grid_state import GridState
    from steelyard.ui.theme.theme import Theme

_BAR_PX = 120
_TIPS = {
    "all": "Every case",
    "failed": "Cases with an error, or an answer without the form that was asked for",
    "different": "Cases in which the targets said different things",
    "excluded": "Cases with a time or a cost that cannot be compared",
}


class GridBar(QWidget):
    """Filter, progress, Stop or Resume, and the way back to the columns."""

    filter_chosen = Signal(str)
    """Which cases are to be listed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._segmented = Segmented(theme, "Cases", list(FILTERS))
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedWidth(_BAR_PX)
        name_widget(self._progress, "Progress of the table")
        self._text = ElidedLabel(theme, "", "muted", px=12)
        self.stop_button = make_button(
            theme, "Stop", "ghost", icon="square", tooltip="Stop all answers (Esc)"
        )
        self.resume_button = make_button(theme, "Resume", icon="play", tooltip="Ask for what is missing")
        self.close_button = make_icon_button(
            theme, "columns-3", "Back to the columns", tooltip="Back to the columns (Ctrl+G)"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._segmented)
        row.addWidget(self._progress)
        row.addWidget(self._text, 1)
        for button in (self.stop_button, self.resume_button, self.close_button):
            row.addWidget(button)
        self._segmented.chosen.connect(self.filter_chosen)

    @property
    def text(self) -> str:
        """How far it is, in words."""
        return self._text.text()

    def filter_button(self, key: GridFilter) -> QPushButton:
        """The button of one filter."""
        button = self._segmented.button(key)
        assert isinstance(button, QPushButton)
        return button

    def show_filter(self, by: GridFilter) -> None:
        """Which one is chosen."""
        self._segmented.set_value(by)

    def show_state(self, state: GridState) -> None:
        """Counts, and how far it is."""
        counts = state.counts()
        for key, word in FILTERS:
            count = counts[key]
            button = self.filter_button(key)
            button.setText(f"{word} {count:,}")
            name_widget(button, f"Cases: {word}, {count:,}", _TIPS[key])
        self._text.setText(_progress_text(state))
        self._progress.setVisible(state.is_running)
        self._progress.setMaximum(max(1, state.total))
        self._progress.setValue(state.done)
        self.stop_button.setVisible(state.is_running)
        self.resume_button.setVisible(not state.is_running and state.missing_runs > 0)


def _progress_text(state: GridState) -> str:
    done, total = state.done, state.total
    if not state.is_running:
        if state.missing_runs:
            return f"Stopped: {state.missing_runs:,} of {total:,} answers are missing"
        return f"{total:,} answers"
    told = state.progress
    parts = [f"{done:,} of {total:,}"]
    if told is not None and told.eta_s is not None:
        parts.append(f"{duration_text(told.eta_s)} left")
    if told is not None and told.doing:
        parts.append(told.doing)
    elif state.waiting:
        parts.append(next(iter(state.waiting.values())))
    return " · ".join(parts)
