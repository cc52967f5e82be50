"""One column: header, conversation, what went wrong, facts. Renders a `Column`; flips its branches itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QWidget

from steelyard.core.base.redaction import redact
from steelyard.core.values.run import run_document
from steelyard.ui.pages.compare_column_layout import lay_out_column
from steelyard.ui.pages.compare_facts import facts_of
from steelyard.ui.pages.compare_header import ColumnHeader
from steelyard.ui.pages.compare_notes import notes_of
from steelyard.ui.pages.compare_outlook import outlook_of
from steelyard.ui.pages.compare_pills import notice_of, pill_of
from steelyard.ui.pages.compare_turn_links import answer_links, question_links, shows_question
from steelyard.ui.widgets.compare_banner import NotComparableBanner
from steelyard.ui.widgets.compare_calls import CallCards
from steelyard.ui.widgets.compare_costs import CostTable
from steelyard.ui.widgets.compare_failure import ColumnNotice, FailureCard
from steelyard.ui.widgets.compare_turns import TurnsConversation
from steelyard.ui.widgets.facts_grid import FactsGrid
from steelyard.ui.widgets.response_view import ResponseView

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.core.values.servers import ServerRow
    from steelyard.ui.pages.compare_arrivals import Change
    from steelyard.ui.pages.compare_facts import Figures
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.facts_format import Fact

MIN_WIDTH_PX = 272
FAILURE_BESIDE_TEXT_PX = 150
_ANY_HEIGHT_PX = 16_777_215  # QWIDGETSIZE_MAX


class TargetColumn(QFrame):
    """The view of one target."""

    remove_wanted = Signal(object)
    """Carries this widget."""
    rerun_wanted = Signal(object, object)
    """Carries this widget and the `Turn` whose question is to be answered again; None: the last one."""
    edit_wanted = Signal(object, object)
    """Carries this widget and the `Turn` whose question is to be edited."""
    pin_wanted = Signal(object, object)
    """Carries this widget and the `Turn` to be pinned, or no longer pinned."""
    remedy_wanted = Signal(object, object)
    """Carries this widget and the `NotComparable`."""
    branch_changed = Signal(object)
    """Another branch is shown; carries this widget."""
    link_clicked = Signal(str)
    """A link of an answer was clicked; nothing was opened."""
    costs_wanted = Signal()
    """The costs to come are to be shown, or hidden."""
    settings_wanted = Signal(str)
    """A figure is unknown until something is set there."""

    def __init__(self, theme: Theme, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.column = column
        self._index = 0
        self._server: ServerRow | None = None
        self._shown: list[Turn] = []
        self._shown_phase = ""
        self._is_open_in_view = False
        self._bar_prompt = ""
        self.setProperty("role", "card")
        self.setMinimumWidth(MIN_WIDTH_PX)
        self.header = ColumnHeader(theme)
        self.view = ResponseView(theme)
        self.conversation = TurnsConversation(theme, self.view)
        self.notice = ColumnNotice(theme)
        self.failure = FailureCard(theme)
        self.calls = CallCards(theme)
        self.banner = NotComparableBanner(theme)
        self.facts = FactsGrid(theme)
        self.costs = CostTable(theme)
        self._parts = lay_out_column(self)
        self._connect()
        self.rebuild()

    def hasHeightForWidth(self) -> bool:
        """No: else the area around would give it the height of its whole content instead of its own."""
        return False

    # ---- content -------------------------------------------------------------------------------------------

    def set_place(self, index: int) -> None:
        """Which column this is, from 0."""
        self._index = index
        self.sync()

    def set_bar_prompt(self, prompt: str) -> None:
        """The question that stands above all columns and need not stand here."""
        before = [shows_question(self.column, turn, self._bar_prompt) for turn in self._shown]
        self._bar_prompt = prompt
        if before != [shows_question(self.column, turn, prompt) for turn in self._shown]:
            self.rebuild()

    def rebuild(self) -> None:
        """Write the branch that is shown anew."""
        turns = self._shown = self.column.turns
        self.conversation.clear()
        self._is_open_in_view = False
        for at, turn in enumerate(turns):
            if shows_question(self.column, turn, self._bar_prompt):
                self.conversation.add_question(turn.prompt, question_links(self.column, turn), at)
            self._write(turn)
        is_open = bool(turns) and turns[-1].is_open
        self.view.set_following(is_following=is_open or len(turns) > 1)
        self.sync()

    def append(self, change: Change) -> None:
        """Text that arrived; the facts follow by themselves."""
        turn = self._shown[-1] if self._shown else None
        if change.is_new or (self._is_live(turn) and not self._is_open_in_view):
            self.rebuild()
        elif turn is not None and change.turn is turn:
            self.conversation.feed(change.text, is_reasoning=change.is_reasoning)
            if turn.phase != self._shown_phase or (turn.text == change.text and not change.is_reasoning):
                self.sync()

    def sync(self) -> None:
        """Show the present state of everything but the text."""
        column = self.column
        if column.turns != self._shown:
            self.rebuild()
            return
        turn = self._shown[-1] if self._shown else None
        self.header.show_target(column.ref, self._index)
        self.header.show_state(pill_of(column, self._server))
        self._close_answer(turn)
        self._sync_body(turn)
        is_over = turn is not None and not turn.is_open
        self._sync_banner(turn.excluded if turn is not None and is_over else [])
        self.header.show_notes(notes_of(turn) if turn is not None and is_over else [])
        self.header.show_actions(
            has_text=turn is not None and bool(turn.text),
            has_run=turn is not None and turn.run is not None,
            can_rerun=is_over and not column.is_busy,
            is_pinned=turn is not None and turn.is_pinned,
        )

    def set_server(self, server: ServerRow | None) -> None:
        """The server of these weights, or None when there is none any more."""
        self._server = server
        self.sync()

    def sync_facts(self, figures: Figures, marks: dict[str, str]) -> None:
        """Show the figures of this moment; `marks` names icons by the cells of which this column is best."""
        if self.column.shows_single:
            marks = {}  # the best is so by its medians, and these are not shown now
        facts = [_marked(fact, marks) for fact in facts_of(self.column, figures)]
        self.facts.show_facts(facts)
        self.costs.show_outlook(outlook_of(self.column, figures.per_month))

    def show_costs(self, *, is_shown: bool) -> None:
        """Show or hide what is to come."""
        self.costs.setVisible(is_shown)
        self.facts.set_on(is_on=is_shown)

    # ---- what can be done ----------------------------------------------------------------------------------

    def focus_text(self) -> None:
        """Put the keyboard on the answer."""
        (self.view if self.view.isVisible() else self.header.menu_button).setFocus(
            Qt.FocusReason.ShortcutFocusReason
        )

    def copy_answer(self) -> bool:
        """The latest answer as Markdown to the clipboard; False when there is none."""
        turn = self.column.turn
        if turn is None or not turn.text:
            return False
        QGuiApplication.clipboard().setText(turn.text)
        return True

    def flip(self, step: int) -> bool:
        """Show the answer before or after, where the branch forks last; False when there is none."""
        fork = self.column.last_fork()
        return fork is not None and self._flipped(self.column.flip(fork, step))

    def pin_last(self) -> None:
        """Pin the last answer of the branch, or unpin it."""
        turn = self.column.turn
        if turn is not None and turn.run is not None and not turn.is_open:
            self.pin_wanted.emit(self, turn)

    def edit_last(self) -> None:
        """Edit the last question of the branch."""
        turn = self.column.turn
        if turn is not None:
            self.edit_wanted.emit(self, turn)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.header.copy_wanted.connect(self.copy_answer)
        self.header.rerun_wanted.connect(self._on_rerun)
        self.header.pin_wanted.connect(self.pin_last)
        self.header.edit_wanted.connect(self.edit_last)
        self.header.json_wanted.connect(self._on_copy_json)
        self.header.remove_wanted.connect(self._on_remove)
        self.failure.retry_chosen.connect(self._on_rerun)
        self.banner.remedy_chosen.connect(self._on_remedy)
        self.facts.switched.connect(self.costs_wanted)
        self.costs.settings_wanted.connect(self.settings_wanted)
        self.conversation.link_clicked.connect(self.link_clicked)
        self.conversation.turn_wanted.connect(self._on_turn_wanted)
        self._theme.changed.connect(self.rebuild)

    def _write(self, turn: Turn) -> None:
        self.conversation.begin_answer()
        self.conversation.feed(turn.reasoning, is_reasoning=True)
        self.conversation.feed(turn.text, is_reasoning=False)
        self._is_open_in_view = True
        self._close_answer(turn)

    def _close_answer(self, turn: Turn | None) -> None:
        self._shown_phase = turn.phase if turn is not None else ""
        if self._is_open_in_view and turn is not None and not turn.is_open:
            self.conversation.end_answer()
            links = answer_links(self.column, turn)
            if links:
                self.conversation.add_line(links, self._shown.index(turn))
            self._is_open_in_view = False
        has_text = turn is not None and bool(turn.text)
        self.conversation.set_caret(is_shown=self._shown_phase == "streaming" and has_text)

    def _sync_body(self, turn: Turn | None) -> None:
        has_text = any(shown.text or shown.reasoning for shown in self._shown) or len(self._shown) > 1
        error = self.column.error
        calls = turn.run.tool_calls if turn is not None and turn.run is not None else None
        self.calls.show_calls(calls or [])
        text, progress = ("", None) if error or calls else notice_of(self.column, self._server)
        self.failure.show_error(error)
        self._parts.failure.setVisible(error is not None)
        self._parts.failure.setMaximumHeight(FAILURE_BESIDE_TEXT_PX if has_text else _ANY_HEIGHT_PX)
        self.notice.show_text(text, progress)
        self._parts.body.setStretchFactor(self.notice, 0 if has_text else 1)
        self.view.setVisible(has_text)
        self._parts.room.setVisible(not (has_text or text or error or calls))

    def _sync_banner(self, entries: list[NotComparable]) -> None:
        """The keyboard stays in the column when the line that had it goes away."""
        had_focus = self.banner.isAncestorOf(self.window().focusWidget() or self)
        self.banner.show_entries(entries)
        if had_focus and self.banner.isHidden():
            self.focus_text()

    @staticmethod
    def _is_live(turn: Turn | None) -> bool:
        return turn is not None and turn.is_open

    def _flipped(self, has_flipped: bool) -> bool:
        if has_flipped:
            self.rebuild()
            self.view.set_following(is_following=True)  # the arrows stay under the pointer
            self.branch_changed.emit(self)
        return has_flipped

    # ---- what was clicked ----------------------------------------------------------------------------------

    @Slot(str, int)
    def _on_turn_wanted(self, verb: str, at: int) -> None:
        if not 0 <= at < len(self._shown):
            return
        turn, column = self._shown[at], self.column
        match verb:
            case "before" | "after":
                self._flipped(column.flip(turn, -1 if verb == "before" else 1))
            case "question-before" | "question-after":
                self._flipped(column.flip_question(turn, -1 if verb == "question-before" else 1))
            case "medians":
                column.shows_single = False
                self._flipped(True)
            case "edit":
                self.edit_wanted.emit(self, turn)
            case "regenerate":
                self.rerun_wanted.emit(self, turn)
            case _:
                self.pin_wanted.emit(self, turn)

    @Slot()
    def _on_rerun(self) -> None:
        self.rerun_wanted.emit(self, None)

    @Slot()
    def _on_remove(self) -> None:
        self.remove_wanted.emit(self)

    @Slot(object)
    def _on_remedy(self, entry: NotComparable) -> None:
        self.remedy_wanted.emit(self, entry)

    @Slot()
    def _on_copy_json(self) -> None:
        turn = self.column.turn
        if turn is not None and turn.run is not None:
            document = json.dumps(run_document(turn.run), indent=2, ensure_ascii=False)
            QGuiApplication.clipboard().setText(redact(document))


def _marked(fact: Fact, marks: dict[str, str]) -> Fact:
    mark = next((icon for word, icon in marks.items() if fact.label.startswith(word)), "")
    return replace(fact, mark=mark) if mark else fact
