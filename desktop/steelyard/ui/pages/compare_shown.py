"""What the widgets of the Compare page show of its state: figures ten times a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot

from steelyard.ui.pages.compare_facts import Figures, differs_in_tokens
from steelyard.ui.pages.compare_metrics import best_facts, metrics_of
from steelyard.ui.pages.compare_reach import ReachableColumns
from steelyard.ui.pages.compare_state import MAX_COLUMNS

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.actions import Actions
    from steelyard.ui.pages.compare_arrivals import Change
    from steelyard.ui.pages.compare_estimate import Estimate
    from steelyard.ui.pages.compare_lists import TargetLists
    from steelyard.ui.pages.compare_rest import Rest
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.theme.theme import Theme

FIGURES_MS = 100
"""Figures change ten times a second at most."""


class ShownComparison(ReachableColumns):
    """Writes the state to the widgets; the page makes the parts, and decides what happens."""

    answers_changed = Signal()
    """Another comparison, another branch, or an answer that is ready now."""

    lists: TargetLists
    rest: Rest
    _estimate: Estimate
    _actions: dict[str, QAction]

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(theme, actions, parent)
        self._title = ""
        self._figures_timer = QTimer(self, interval=FIGURES_MS)
        self._figures_timer.timeout.connect(self._on_figures_due)

    def set_title(self, title: str) -> None:
        """What the comparison on the screen is called."""
        self._title = title

    @Slot(object)
    def _on_sent(self, columns: list[Column]) -> None:
        for column in columns:
            widget = self.columns.widget_of(column)
            if widget is not None:
                widget.rebuild()
        self.rest.hide()
        self._figures_timer.start()
        self._show_state()
        self.answers_changed.emit()

    @Slot(object)
    def _on_changed(self, changes: list[Change]) -> None:
        for change in changes:
            widget = self.columns.widget_of(change.column)
            if widget is None:
                continue
            if change.text or change.is_new:
                widget.append(change)
            if not change.text or not self._is_live(change):
                widget.sync()
        if any(not self._is_live(change) for change in changes):
            self._show_figures()

    @staticmethod
    def _is_live(change: Change) -> bool:
        return change.turn is not None and change.turn.is_open

    @Slot()
    def _on_finished(self) -> None:
        self._show_state()
        self.lists.load_comparisons()
        self.answers_changed.emit()

    @Slot()
    def _on_figures_due(self) -> None:
        self._show_figures()
        if not self.state.is_streaming:
            self._figures_timer.stop()
            self._show_state()

    @Slot()
    def _show_progress(self) -> None:
        self.prompt_bar.show_progress(self.state.progress)

    @Slot()
    def _show_figures(self) -> None:
        metrics = metrics_of(self.state.columns)
        marks = best_facts(metrics)
        figures = Figures(time.monotonic(), differs_in_tokens(self.state.columns), self.volume.prompts)
        for at, widget in enumerate(self.columns.widgets):
            widget.sync_facts(figures, marks.get(at, {}))
        self.columns.level_costs()
        self.strip.show_metrics(metrics)

    @Slot()
    def _show_state(self) -> None:
        state, sent = self.state, self.forms.sent or self.state.sent
        is_streaming = state.is_streaming or self.forms.is_running
        can_rerun = not is_streaming and (self.forms.is_grid_shown or state.can_rerun)
        can_add = len(state.columns) < MAX_COLUMNS
        self.composer.show_state(
            columns=len(state.columns),
            is_streaming=is_streaming,
            can_continue=state.can_continue,
            names=[column.ref.title for column in state.columns],
            is_editing=self.editing.is_on,
        )
        self.toolbar.show_state(can_add=can_add, can_rerun=can_rerun)
        self._actions["stop"].setEnabled(is_streaming or self.editing.is_on)
        self._actions["rerun"].setEnabled(can_rerun)
        self._actions["targets"].setEnabled(can_add)
        self.prompt_bar.show_sent(sent)
        self._show_progress()
        for widget in self.columns.widgets:
            widget.set_bar_prompt(sent.prompt if sent is not None else "")
        self.title_widget.show_title(self.forms.title or self._title, state.turn_count)
        self.strip.setVisible(len(state.columns) > 1 and state.turn_count > 0 and self.view is None)
        if state.columns or self.is_body_decided:
            self.show_body(has_columns=bool(state.columns))
        self._show_figures()
        self._estimate.refresh()
