"""The Compare page: one prompt, several targets, side by side. Wires state, widgets and the bridge."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot

from steelyard.core.base.clock import utc_now
from steelyard.core.values.commands import ReadComparison
from steelyard.ui.pages.compare_actions import add_compare_actions
from steelyard.ui.pages.compare_estimate import Estimate
from steelyard.ui.pages.compare_layout import CompareLayout
from steelyard.ui.pages.compare_lists import ADD_API, ADD_WEIGHTS, TargetLists
from steelyard.ui.pages.compare_loading import Loading
from steelyard.ui.pages.compare_metrics import best_facts, metrics_of
from steelyard.ui.pages.compare_remedies import remedied
from steelyard.ui.pages.compare_runs import CompareRuns
from steelyard.ui.pages.compare_state import MAX_COLUMNS, CompareState, Sent
from steelyard.ui.pages.compare_targets import STARTER
from steelyard.ui.widgets.code_highlight import warm_up_pygments
from steelyard.ui.widgets.response_links import LinkDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.comparison import ComparisonHistory, NotComparable
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.pages.compare_state import Change, Column
    from steelyard.ui.theme.theme import Theme

FIGURES_MS = 100
"""Figures change ten times a second at most."""


class ComparePage(CompareLayout):
    """The heart of the app."""

    settings_requested = Signal(str)
    """`targets` or `weights`: the user wants to add one; `models`: to find some."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        self._actions = add_compare_actions(actions, self)
        super().__init__(theme, actions, parent)
        self._theme = theme
        self._bridge = bridge
        self._title = ""
        self._is_at_sign_pending = False
        self._wanted = ""
        self._dialog: LinkDialog | None = None
        self.state = CompareState()
        self.lists = TargetLists(bridge, self)
        self.runs = CompareRuns(bridge, self.state, self)
        self._loading = Loading(bridge, self)
        self._estimate = Estimate(bridge, self.composer, self.state, self)
        self._figures_timer = QTimer(self, interval=FIGURES_MS)
        self._figures_timer.timeout.connect(self._on_figures_due)
        self._connect()
        self._show_state()
        self.lists.load()
        warm_up_pygments()

    # ---- what can be done ----------------------------------------------------------------------------------

    def send(self) -> None:
        """Send the prompt to all targets."""
        text = self.composer.prompt_text
        if not text:
            self.focus_prompt()
        if not text or not self.state.columns or self.state.is_streaming:
            return
        self._title = self._title if self.state.can_continue else text
        self.runs.send(
            Sent(text, self.composer.system_text, self.composer.sampling, self.toolbar.schedule, utc_now())
        )
        self.composer.prompt.clear()

    def stop(self) -> None:
        """Stop all answers."""
        if self.state.is_streaming:
            self.runs.stop()

    def rerun(self) -> None:
        """Send the last prompt again to all columns, under the schedule that is chosen now."""
        sent = self.state.sent
        if sent is not None and self.state.can_rerun:
            self._rerun(Sent(sent.prompt, sent.system, sent.sampling, self.toolbar.schedule, utc_now()))

    def start_new(self) -> None:
        """Begin a new comparison with the same targets."""
        self.stop()
        self.state.clear()
        self._title = ""
        for widget in self.columns.widgets:
            widget.rebuild()
        self._show_state()
        self.focus_prompt()

    def open_picker(self) -> None:
        """Show the targets that can be added, under the button."""
        self._fill_picker()
        self.picker.open_at(self.toolbar.add_button, at_right=True)
        self.picker.start()
        self.lists.load_targets()

    def add_target(self, target: str) -> None:
        """One column more, if there is room for it."""
        ref = self.lists.ref(target)
        if ref is not None and self.state.add(ref) is not None:
            self._show_columns()

    def want_target(self, target: str) -> None:
        """Add a target as soon as the lists know it; the page may be a moment old."""
        self._wanted = target
        self._add_wanted()
        self.lists.load_targets()

    def open_history(self) -> None:
        """Show stored comparisons."""
        self.title_widget.open_history()

    def copy_answer(self) -> None:
        """Copy the answer of the focused column, else of the first that has one."""
        focused = self.columns.focused()
        for widget in [focused] if focused else self.columns.widgets:
            if widget.copy_answer():
                return

    def focus_prompt(self) -> None:
        """Put the keyboard into the prompt."""
        self.composer.prompt.setFocus()

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        self.focus_prompt()

    def focus_column(self, index: int) -> None:
        """Put the keyboard on a column."""
        if index < len(self.columns.widgets):
            widget = self.columns.widgets[index]
            self.columns.ensureWidgetVisible(widget, 0, 0)
            widget.focus_text()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.composer.send_wanted.connect(self.send)
        self.composer.stop_wanted.connect(self.stop)
        self.composer.target_wanted.connect(self._on_at_sign)
        self.composer.edited.connect(self._estimate.refresh)
        self.toolbar.add_button.clicked.connect(self.open_picker)
        self.toolbar.rerun_button.clicked.connect(self.rerun)
        self.empty_button.clicked.connect(self.open_picker)
        self.find_button.clicked.connect(self._on_find)
        self.prompt_bar.edit_wanted.connect(self._on_edit_wanted)
        self.picker.chosen.connect(self._on_picked)
        self.picker.closed.connect(self._on_picker_closed)
        self.title_widget.new_button.clicked.connect(self.start_new)
        self.title_widget.history_wanted.connect(self.lists.load_comparisons)
        self.title_widget.comparison_chosen.connect(self._on_comparison_chosen)
        self.lists.comparisons_read.connect(self.title_widget.show_history)
        self.lists.changed.connect(self._on_lists_changed)
        self.lists.first_loaded.connect(self._on_first_loaded)
        self.runs.sent.connect(self._on_sent)
        self.runs.changed.connect(self._on_changed)
        self.runs.finished.connect(self._on_finished)
        self._loading.failed.connect(self._on_load_failed)

    def _rerun(self, sent: Sent) -> None:
        self.runs.rerun(sent)

    # ---- columns -------------------------------------------------------------------------------------------

    def _show_columns(self) -> None:
        for widget in self.columns.show_columns(self.state.columns):
            widget.remove_wanted.connect(self._on_remove_wanted)
            widget.rerun_wanted.connect(self._on_rerun_wanted)
            widget.remedy_wanted.connect(self._on_remedy_wanted)
            widget.link_clicked.connect(self._on_link_clicked)
        self._on_lists_changed()
        self._show_state()

    @Slot()
    def _on_first_loaded(self) -> None:
        """The targets of the last comparison, as far as they still exist; else the starter."""
        if self.state.columns:
            return
        names = self.lists.comparisons[0].targets if self.lists.comparisons else []
        known = [ref for ref in map(self.lists.ref, dict.fromkeys(names)) if ref is not None]
        starter = self.lists.ref(STARTER)
        for ref in known[:MAX_COLUMNS] or ([starter] if starter else []):
            self.state.add(ref)
        self.show_body(has_columns=bool(self.state.columns))
        self._show_columns()
        first = next((column for column in self.state.columns if column.ref.kind == "local"), None)
        if first is not None:
            self._loading.load(first.ref.target)

    def _add_wanted(self) -> None:
        wanted, columns = self._wanted, self.state.targets
        if not wanted or not self.is_body_decided:
            return
        if self.lists.ref(wanted) is not None:
            self._wanted = ""
            if wanted not in columns:
                self.add_target(wanted)

    @Slot()
    def _on_lists_changed(self) -> None:
        self._add_wanted()
        for widget in self.columns.widgets:
            widget.set_server(self.lists.server_of(widget.column.ref))
        if self.picker.isVisible():
            self._fill_picker()

    @Slot(str, object)
    def _on_load_failed(self, target: str, error: object) -> None:
        for widget in self.columns.widgets:
            if widget.column.ref.target == target:
                widget.column.load_error = error  # type: ignore[assignment]
                widget.sync()

    @Slot(object)
    def _on_remove_wanted(self, widget: TargetColumn) -> None:
        self.state.remove(widget.column)
        self._show_columns()
        self.focus_prompt()

    @Slot(object)
    def _on_rerun_wanted(self, widget: TargetColumn) -> None:
        if widget.column.turn is None:
            widget.column.load_error = None
            widget.sync()
            self._loading.load(widget.column.ref.target)
        else:
            self.runs.rerun_column(widget.column)

    @Slot(object, object)
    def _on_remedy_wanted(self, widget: TargetColumn, entry: NotComparable) -> None:
        sent = self.state.sent
        better = remedied(entry, sent) if sent is not None else None
        if better is None:
            self.runs.rerun_column(widget.column)
        elif self.state.can_rerun:
            self.toolbar.set_schedule(better.schedule)
            self.composer.set_request(better.system, better.sampling)
            self._rerun(better)

    # ---- picker --------------------------------------------------------------------------------------------

    def _fill_picker(self) -> None:
        self.picker.set_rows(self.lists.pick_rows(self.state.targets))

    @Slot()
    def _on_at_sign(self) -> None:
        self._is_at_sign_pending = True
        self._fill_picker()
        self.picker.open_near(self.composer.prompt.cursor_point())
        self.picker.start()

    @Slot(str)
    def _on_picked(self, key: str) -> None:
        if self._is_at_sign_pending:
            self._is_at_sign_pending = False
            self.composer.prompt.take_at_sign()
        if key == ADD_API:
            self.settings_requested.emit("targets")
        elif key == ADD_WEIGHTS:
            self.settings_requested.emit("weights")
        else:
            self.add_target(key)
            self.focus_prompt()

    @Slot()
    def _on_find(self) -> None:
        self.settings_requested.emit("models")

    @Slot()
    def _on_picker_closed(self) -> None:
        # `chosen` comes after `closed`, so the @ may only be given up in the next turn of the loop.
        QTimer.singleShot(0, self, self._forget_at_sign)

    def _forget_at_sign(self) -> None:
        if not self.picker.isVisible():
            self._is_at_sign_pending = False

    # ---- runs ----------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_sent(self, columns: list[Column]) -> None:
        for column in columns:
            widget = self.columns.widget_of(column)
            if widget is not None:
                widget.rebuild()
        self._figures_timer.start()
        self._show_state()

    @Slot(object)
    def _on_changed(self, changes: list[Change]) -> None:
        for change in changes:
            widget = self.columns.widget_of(change.column)
            if widget is None:
                continue
            if change.text:
                widget.append(change)
            if not change.text or not self._is_live(change.column):
                widget.sync()
        if any(not self._is_live(change.column) for change in changes):
            self._show_figures()

    @staticmethod
    def _is_live(column: Column) -> bool:
        return column.turn is not None and column.turn.is_open

    @Slot()
    def _on_finished(self) -> None:
        self._show_state()
        self.lists.load_comparisons()

    @Slot()
    def _on_figures_due(self) -> None:
        self._show_figures()
        if not self.state.is_streaming:
            self._figures_timer.stop()
            self._show_state()

    def _show_figures(self) -> None:
        metrics = metrics_of(self.state.columns)
        marks = best_facts(metrics)
        now_s = time.monotonic()
        for at, widget in enumerate(self.columns.widgets):
            widget.sync_facts(now_s, marks.get(at, {}))
        self.strip.show_metrics(metrics)

    def _show_state(self) -> None:
        state = self.state
        is_streaming, can_continue = state.is_streaming, state.can_continue
        self.composer.show_state(
            columns=len(state.columns),
            is_streaming=is_streaming,
            can_continue=can_continue,
            names=[column.ref.title for column in state.columns],
        )
        self.toolbar.show_state(can_add=len(state.columns) < MAX_COLUMNS, can_rerun=state.can_rerun)
        self._actions["stop"].setEnabled(is_streaming)
        self._actions["rerun"].setEnabled(state.can_rerun)
        self._actions["targets"].setEnabled(len(state.columns) < MAX_COLUMNS)
        self.prompt_bar.show_sent(state.sent)
        self.title_widget.show_title(self._title, state.turn_count)
        self.strip.setVisible(len(state.columns) > 1 and state.turn_count > 0)
        if state.columns or self.is_body_decided:
            self.show_body(has_columns=bool(state.columns))
        self._show_figures()
        self._estimate.refresh()

    # ---- history, links ------------------------------------------------------------------------------------

    @Slot(str)
    def _on_comparison_chosen(self, comparison_id: str) -> None:
        self._bridge.run(ReadComparison(id=comparison_id), on_done=self._on_comparison_read)

    def _on_comparison_read(self, stored: ComparisonHistory) -> None:
        self.stop()
        self.state.restore(stored, self.lists.refs)
        self._title = stored.title
        self.toolbar.set_schedule(stored.schedule)
        if self.state.sent is not None:
            self.composer.set_request(stored.system, self.state.sent.sampling)
        self._show_columns()

    @Slot()
    def _on_edit_wanted(self) -> None:
        if self.state.sent is not None:
            self.composer.set_prompt(self.state.sent.prompt)

    @Slot(str)
    def _on_link_clicked(self, address: str) -> None:
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = LinkDialog(self._theme, address, self)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.show()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None
