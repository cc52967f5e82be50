"""Reading on the Compare page: find, same-scroll, folding, diff, history, export, replay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QMenu

from steelyard.core.values.commands import ReadComparison
from steelyard.ui.pages.compare_answers import AnswerChoice, choices_of
from steelyard.ui.pages.compare_diff import DiffView
from steelyard.ui.pages.compare_export import FORMS, CompareExport, Form
from steelyard.ui.pages.compare_find import FindBar
from steelyard.ui.pages.compare_history import HistoryPanel
from steelyard.ui.pages.compare_replay import ReplayView
from steelyard.ui.pages.compare_scroll import SameScroll

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.comparison import ComparisonHistory
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

PAGE = "compare"


class Reading(QObject):
    """Owns the parts and their actions, and adds them to the page."""

    resume_wanted = Signal(str)
    """Id of a stored comparison whose missing runs are to be made."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, page: ComparePage) -> None:
        super().__init__(page)
        self._bridge = bridge
        self._page = page
        self._extra: list[AnswerChoice] = []
        self._wanted: tuple[str, str] = ("", "")
        self._under: QWidget | None = None
        """What diff and replay were opened over: the columns (None) or a grid."""
        self._is_from_replay = False
        self.find = FindBar(theme, self._views)
        self.scroll = SameScroll(self._views, self)
        self.diff = DiffView(theme, bridge)
        self.replay = ReplayView(theme, bridge)
        self.export = CompareExport(theme, bridge, page)
        self.history = HistoryPanel(theme, bridge, page)
        self.menu = QMenu(page)
        self._actions: dict[str, QAction] = {}
        self._register(actions)
        for bar in (self.find, self.export.bar):
            page.add_above_columns(bar)
        for view in (self.diff, self.replay):
            page.add_view(view)
        self._connect()
        self.refresh()

    @property
    def comparison_id(self) -> str | None:
        """The stored comparison on the screen: columns or a grid; None while there is none."""
        under = self._under if self._page.view in (self.diff, self.replay) else self._page.view
        grid = self._page.forms.grid
        if under is not grid:
            return self._page.state.comparison_id
        return grid.runs.state.comparison_id if grid.runs.state is not None else None

    @property
    def views(self) -> list[ResponseView]:
        """The answers on the screen, from left to right."""
        return [column.view for column in self._page.columns.widgets if not column.view.isHidden()]

    @Slot()
    def refresh(self) -> None:
        """Other columns, other answers, or more text."""
        is_blind = self._page.blind.is_open
        has_comparison = self.comparison_id is not None and not is_blind
        views = self.views if self._page.view is None else []
        for name in ("diff", "export", "copy_all", "replay", *(f"export_{form}" for form in FORMS)):
            self._actions[name].setEnabled(has_comparison)
        self._actions["find"].setEnabled(bool(views))
        self._actions["scroll"].setEnabled(len(views) > 1 or self.scroll.is_on)
        for name in ("find_next", "find_before", "fold"):
            self._actions[name].setEnabled(bool(views))
        if is_blind:
            self.find.close_bar()
            self.history.close_panel()
        self.find.refresh()
        self.scroll.refresh()

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot()
    def open_find(self) -> None:
        """Search in all answers shown."""
        self._page.show_view(None)
        self.find.start()

    @Slot()
    def open_history(self) -> None:
        """Show stored comparisons, or hide them again."""
        if self.history.isHidden():
            self.history.open_panel()
        else:
            self.history.close_panel()

    @Slot()
    def open_diff(self) -> None:
        """Compare two answers; in the diff, go back to the columns."""
        if self._page.view is self.diff:
            self._close_view()
            return
        turns = [column.turn for column in self._page.state.columns]
        shown = [turn.run.id for turn in turns if turn is not None and turn.run is not None and turn.text]
        left, right = (*shown, "", "")[:2]
        self._read_for_diff(left, right, [])

    @Slot()
    def toggle_folds(self) -> None:
        """Fold all long code, or unfold all where anything is folded."""
        views = self.views
        is_any_folded = any(view.folding.has_folded for view in views)
        for view in views:
            view.folding.fold_all(is_folded=not is_any_folded)

    @Slot()
    def toggle_scroll(self) -> None:
        """Scroll all answers together, or each by itself."""
        self.scroll.set_on(is_on=not self.scroll.is_on)
        self._actions["scroll"].setChecked(self.scroll.is_on)

    @Slot()
    def open_export(self) -> None:
        """The formats, and what else can be done with the whole comparison."""
        button = self.export_button
        anchor = button if button.isVisible() else self._page.toolbar.more_button
        left = anchor.width() - self.menu.sizeHint().width()
        self.menu.popup(anchor.mapToGlobal(QPoint(left, anchor.height() + 4)))

    @Slot()
    def open_replay(self) -> None:
        """Run the comparison again and tell whether the answers are the same."""
        comparison_id = self.comparison_id
        if comparison_id is not None:
            self._bridge.run(ReadComparison(id=comparison_id), on_done=self._on_read_for_replay)

    # ---- diff and replay -----------------------------------------------------------------------------------

    def _read_for_diff(self, left: str, right: str, extra: list[AnswerChoice]) -> None:
        comparison_id = self.comparison_id
        self._wanted, self._extra = (left, right), extra
        if comparison_id is not None:
            self._bridge.run(ReadComparison(id=comparison_id), on_done=self._on_read_for_diff)

    def _on_read_for_diff(self, stored: ComparisonHistory) -> None:
        choices = choices_of(stored)
        known = {choice.run_id for choice in choices}
        choices += [choice for choice in self._extra if choice.run_id not in known]
        self._is_from_replay = self._page.view is self.replay
        self._put_over(self.diff)
        self.diff.open(choices, *self._wanted)

    def _on_read_for_replay(self, stored: ComparisonHistory) -> None:
        kinds = [column.answers[0].run.target.kind for column in stored.columns if column.answers]
        self._put_over(self.replay)
        self.replay.open(stored.id, has_api="api" in kinds, has_local="local" in kinds)

    @Slot(str, str, str)
    def _on_replay_diff(self, target: str, then: str, now: str) -> None:
        extra = [AnswerChoice(then, f"{target} · then"), AnswerChoice(now, f"{target} · replayed")]
        self._read_for_diff(then, now, extra)

    def _put_over(self, view: QWidget) -> None:
        if self._page.view not in (self.diff, self.replay):
            self._under = self._page.view
        self._page.show_view(view)

    @Slot()
    def _close_view(self) -> None:
        """From the diff of a replay back to the replay, else to what was there before."""
        if self._page.view is self.diff and self._is_from_replay:
            self._is_from_replay = False
            self._page.show_view(self.replay)
            self.replay.take_focus()
            return
        self._page.show_view(self._under)
        self._focus_answers()

    def _focus_answers(self) -> None:
        views = self.views
        if views and self._page.view is None:
            views[0].setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def _on_chosen(self, comparison_id: str) -> None:
        self._page.show_view(None)
        self._page.open_comparison(comparison_id)

    def _save(self, form: Form) -> None:
        comparison_id = self.comparison_id
        if comparison_id is not None:
            self.export.save(comparison_id, form)

    @Slot()
    def _copy_all(self) -> None:
        comparison_id = self.comparison_id
        if comparison_id is not None:
            self.export.copy(comparison_id)

    def _views(self) -> list[ResponseView]:
        return self.views

    @Slot(str)
    def _on_removed(self, comparison_id: str) -> None:
        if comparison_id == self.comparison_id:
            self._page.start_new()

    @Slot()
    def _on_grown(self) -> None:
        self.find.refresh()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _register(self, actions: Actions) -> None:
        def add(name: str, text: str, slot: Callable[[], object], icon: str = "", shortcut: str = "") -> None:
            self._actions[name] = actions.add(
                f"compare.{name}", text, slot, icon=icon, shortcut=shortcut, page=PAGE
            )

        add("find", "Find in answers", self.open_find, "search", "Ctrl+F")
        add("find_next", "Next hit", partial(self.find.step, 1), "arrow-down", "F3")
        add("find_before", "Previous hit", partial(self.find.step, -1), "arrow-up", "Shift+F3")
        add("diff", "Compare two answers word by word", self.open_diff, "git-compare", "Ctrl+D")
        add("scroll", "Scroll the answers together", self.toggle_scroll, "layers", "Alt+Y")
        add("fold", "Fold or unfold all long code", self.toggle_folds, "chevron-up", "Alt+F")
        add("export", "Export, copy or replay", self.open_export, "file-output", "Ctrl+Shift+E")
        for form, (word, _) in FORMS.items():
            add(f"export_{form}", f"Export as {word}…", partial(self._save, form), "file-output")
            self.menu.addAction(self._actions[f"export_{form}"])
        self.menu.addSeparator()
        add("copy_all", "Copy the comparison as Markdown", self._copy_all, "copy", "Ctrl+Alt+C")
        add("replay", "Replay: run it again and compare…", self.open_replay, "rotate-cw", "Ctrl+Alt+R")
        self.menu.addAction(self._actions["copy_all"])
        self.menu.addAction(self._actions["replay"])
        self._actions["scroll"].setCheckable(True)
        toolbar = self._page.toolbar
        toolbar.add_tool("compare.diff", "Diff")
        self.export_button = toolbar.add_tool("compare.export", "Export")
        for name in ("find", "scroll", "fold"):
            toolbar.add_to_menu(f"compare.{name}")

    def _connect(self) -> None:
        self.diff.closed.connect(self._close_view)
        self.replay.closed.connect(self._close_view)
        self.replay.diff_wanted.connect(self._on_replay_diff)
        self.replay.comparison_chosen.connect(self._on_chosen)
        self.find.closed.connect(self._focus_answers)
        self.history.comparison_chosen.connect(self._on_chosen)
        self.history.resume_wanted.connect(self.resume_wanted)
        self.history.removed.connect(self._on_removed)
        page = self._page
        page.title_widget.history_wanted.connect(self.open_history)
        page.answers_changed.connect(self.refresh)
        page.view_changed.connect(self.refresh)
        page.runs.changed.connect(self._on_grown)
