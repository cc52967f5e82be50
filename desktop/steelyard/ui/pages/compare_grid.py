"""Many prompts: the grid of a table's cases and targets, live while it is asked, and one case in full."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from steelyard.core.base.clock import utc_now
from steelyard.ui.pages.compare_grid_bar import GridBar
from steelyard.ui.pages.compare_grid_cells import FILTERS
from steelyard.ui.pages.compare_grid_detail import GridDetail
from steelyard.ui.pages.compare_grid_model import GridModel
from steelyard.ui.pages.compare_grid_runs import GridRuns
from steelyard.ui.pages.compare_grid_view import GridView
from steelyard.ui.widgets.form_sheet import is_escape
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_grid_state import Place
    from steelyard.ui.pages.compare_turn import Turn
    from steelyard.ui.theme.theme import Theme

_REFRESH_MS = 400
"""Counts, medians and the open case are made anew so often at most; cells change at once."""
_BOTH_FROM_PX = 500
_NOTHING = "No case is like that."


class GridPanel(QWidget):
    """Stands in the place of the columns."""

    left = Signal()
    """The user wants to go back to the columns."""
    changed = Signal()
    """It runs, or no longer runs."""
    ask_wanted = Signal(object, object, object)
    """A case is to be asked alone: its `Sent`, the `Turn` and the `NotComparable` to be avoided, or None."""
    link_clicked = Signal(str)
    """A link of an answer was clicked; nothing was opened."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = GridRuns(bridge, self)
        self.model = GridModel()
        self.view = GridView(theme, self.model)
        self.bar = GridBar(theme)
        self.detail = GridDetail(theme)
        self._nothing = make_label(theme, _NOTHING, "muted", px=12)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stale: set[Place] = set()
        """Answers of the open case that have grown since they were shown."""
        self._timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._lay_out()
        self._connect()

    def open_case(self, case: int) -> None:
        """Show a case in full."""
        state = self.runs.state
        if state is None or not 0 <= case < len(state.cases):
            return
        self.detail.show_case(state, case)
        self.detail.show()
        self._share_room()
        self.view.go(case, max(1, self.view.currentIndex().column()))
        QTimer.singleShot(0, self, self._settle)  # the splitter has not given the grid its new height yet

    @Slot()
    def _settle(self) -> None:
        if self.detail.case >= 0:
            self.view.scrollTo(self.view.currentIndex())
            self.detail.focus_column(self.view.currentIndex().column() - 1)

    def close_case(self) -> None:
        """Back to the grid alone."""
        if not self.detail.isHidden():
            self.detail.hide()
            self.detail.clear()
            self._share_room()
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_first(self) -> None:
        """Put the keyboard on the grid."""
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.view.currentIndex().isValid() and self.model.cases:
            self.view.go(self.model.cases[0])

    @Slot(str)
    def choose_filter(self, key: str) -> None:
        """List only these cases."""
        self.model.set_filter(next(known for known, _ in FILTERS if known == key))
        self._show_listed()

    def event(self, event: QEvent) -> bool:
        """While a case is open, Esc closes it and stops nothing."""
        if event.type() == QEvent.Type.ShortcutOverride and is_escape(event) and self.detail.case >= 0:
            event.accept()
            return True
        return super().event(event)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._card = QFrame()
        self._card.setProperty("role", "card")
        inside = QVBoxLayout(self._card)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.setSpacing(0)
        inside.addWidget(self.view, 1)
        inside.addWidget(self._nothing)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(10)
        self._splitter.addWidget(self._card)
        self._splitter.addWidget(self.detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self._splitter, 1)
        self.detail.hide()

    def _connect(self) -> None:
        self.runs.begun.connect(self._on_begun)
        self.runs.touched.connect(self._on_touched)
        self.runs.finished.connect(self._on_finished)
        self.view.opened.connect(self.open_case)
        self.view.left.connect(self._on_escape)
        self.detail.closed.connect(self.close_case)
        self.detail.step_wanted.connect(self.step)
        self.detail.prompt_wanted.connect(self._on_prompt_wanted)
        self.detail.link_clicked.connect(self.link_clicked)
        self.bar.filter_chosen.connect(self.choose_filter)
        self.bar.stop_button.clicked.connect(self.runs.stop)
        self.bar.resume_button.clicked.connect(self.runs.resume)
        self.bar.close_button.clicked.connect(self.left)

    @Slot()
    def _on_begun(self) -> None:
        if self.model.state is not self.runs.state:
            self.close_case()
            self.model.set_state(self.runs.state)
            self.bar.show_filter("all")
        self.model.forget()
        self._refresh()
        self.changed.emit()

    @Slot(object)
    def _on_touched(self, places: set[Place]) -> None:
        self.model.touch(places)
        self._stale |= {place for place in places if place[0] == self.detail.case}
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _on_finished(self) -> None:
        if self.runs.state is not None:
            self._stale = {(self.detail.case, at) for at in range(len(self.runs.state.refs))}
            self.model.forget()
        self._refresh()
        self.view.viewport().update()
        self.changed.emit()

    @Slot()
    def _refresh(self) -> None:
        state = self.runs.state
        if state is None:
            return
        self.bar.show_state(state)
        self.model.refresh()
        self.detail.touch(self._stale)
        self._stale = set()
        self._show_listed()
        if state.is_running:
            self._timer.start()  # ETA and waiting go on where no cell changes

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window has room for the open case only."""
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        is_low = self.height() < _BOTH_FROM_PX
        self._card.setVisible(not (is_low and self.detail.case >= 0))

    def _show_listed(self) -> None:
        self._nothing.setVisible(not self.model.cases)

    @Slot(int)
    def step(self, step: int) -> None:
        """Open the case before (-1) or after (1) the open one, as the filter lists them."""
        if self.detail.case < 0:
            return
        row = self.model.row_of(self.detail.case) + step
        if 0 <= row < len(self.model.cases):
            self.open_case(self.model.cases[row])

    @Slot(object, object)
    def _on_prompt_wanted(self, turn: Turn, entry: NotComparable | None) -> None:
        state = self.runs.state
        if state is not None and not state.is_running:
            prompt = state.prompt_of(self.detail.case)
            self.ask_wanted.emit(replace(state.sent, prompt=prompt, sent_at=utc_now()), turn, entry)

    @Slot()
    def _on_escape(self) -> None:
        if self.detail.isVisible():
            self.close_case()
