"""One case of the grid in full: the answers of all targets side by side, with their figures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_columns import ColumnsArea
from steelyard.ui.pages.compare_facts import Figures, differs_in_tokens
from steelyard.ui.pages.compare_grid_figures import case_line
from steelyard.ui.pages.compare_tree import Column
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.pages.compare_grid_state import GridState, Place
    from steelyard.ui.pages.compare_turn import Turn
    from steelyard.ui.theme.theme import Theme

_LEAST_PX = 300


class GridDetail(QWidget):
    """Below the grid; Esc closes it."""

    closed = Signal()
    """The user has seen enough."""
    step_wanted = Signal(int)
    """The case before (-1) or after (1)."""
    prompt_wanted = Signal(object, object)
    """The case is to be asked alone: its answer's `Turn`, and the `NotComparable` to be avoided, or None."""
    link_clicked = Signal(str)
    """A link of an answer was clicked; nothing was opened."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._state: GridState | None = None
        self.case = -1
        self.setMinimumHeight(_LEAST_PX)
        name_widget(self, "The case in full")
        self.setToolTip("")
        self._title = make_label(theme, "", px=13, weight=600, tabular=True)
        self._values = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.before_button = make_icon_button(
            theme, "chevron-up", "Case before", tooltip="Case before (Alt+Up)"
        )
        self.after_button = make_icon_button(
            theme, "chevron-down", "Next case", tooltip="Next case (Alt+Down)"
        )
        self.close_button = make_icon_button(theme, "x", "Close this case", tooltip="Close (Esc)")
        self.alone_button = make_button(
            theme, "Ask this case alone", "link", tooltip="Ask all columns this case again, side by side"
        )
        self.columns = ColumnsArea(theme)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._title)
        head.addWidget(self._values, 1)
        head.addWidget(self.alone_button)
        for button in (self.before_button, self.after_button, self.close_button):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.columns, 1)
        self.alone_button.clicked.connect(self._on_alone)
        self.close_button.clicked.connect(self.closed)
        self.before_button.clicked.connect(self._on_before)
        self.after_button.clicked.connect(self._on_after)

    def show_case(self, state: GridState, case: int) -> None:
        """Show another case."""
        self._state, self.case = state, case
        columns = [
            Column(ref, list(cell.turns)) for ref, cell in zip(state.refs, state.cells[case], strict=True)
        ]
        prompt = state.sent.prompt
        for widget in self.columns.show_columns(columns):
            widget.set_bar_prompt(prompt)
            widget.header.menu_button.hide()
            widget.facts.leave_out_switch()
            widget.rerun_wanted.connect(self._on_rerun)
            widget.remedy_wanted.connect(self._on_remedy)
            widget.link_clicked.connect(self.link_clicked)
        self._title.setText(f"Case {case + 1:,}")
        self._values.setText(case_line(state.cases[case]))
        self._show_figures()

    def touch(self, places: set[Place]) -> None:
        """Answers of this case grew or are over."""
        if self._state is None:
            return
        columns = [column for case, column in places if case == self.case]
        for at in columns:
            widget = self.columns.widgets[at]
            widget.column.answers = list(self._state.cells[self.case][at].turns)
            widget.column.ref = self._state.refs[at]
            widget.rebuild()
        if columns:
            self._show_figures()

    def clear(self) -> None:
        """No case any more."""
        self._state, self.case = None, -1
        self.columns.show_columns([])

    def focus_column(self, index: int) -> None:
        """Put the keyboard on an answer."""
        widgets = self.columns.widgets
        if widgets:
            widget = widgets[max(0, min(index, len(widgets) - 1))]
            (widget.view if widget.view.isVisible() else self.close_button).setFocus(
                Qt.FocusReason.OtherFocusReason
            )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _show_figures(self) -> None:
        by_chars = differs_in_tokens([widget.column for widget in self.columns.widgets])
        figures = Figures(time.monotonic(), by_chars)
        for widget in self.columns.widgets:
            widget.sync_facts(figures, {})

    @Slot()
    def _on_alone(self) -> None:
        if self.columns.widgets:
            self._on_rerun(self.columns.widgets[0], None)

    @Slot(object, object)
    def _on_rerun(self, widget: TargetColumn, _turn: Turn | None) -> None:
        turn = widget.column.turn
        if turn is not None:
            self.prompt_wanted.emit(turn, None)

    @Slot(object, object)
    def _on_remedy(self, widget: TargetColumn, entry: NotComparable) -> None:
        turn = next((turn for turn in widget.column.answers if entry in turn.excluded), widget.column.turn)
        if turn is not None:
            self.prompt_wanted.emit(turn, entry)

    @Slot()
    def _on_before(self) -> None:
        self.step_wanted.emit(-1)

    @Slot()
    def _on_after(self) -> None:
        self.step_wanted.emit(1)
