"""One column: header, conversation, what went wrong, facts. Renders a `Column`, changes none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from steelyard.core.base.redaction import redact
from steelyard.core.values.run import run_document
from steelyard.ui.pages.compare_facts import facts_of
from steelyard.ui.pages.compare_header import ColumnHeader
from steelyard.ui.pages.compare_pills import notice_of, pill_of
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.compare_banner import ColumnNotice, FailureCard, NotComparableBanner
from steelyard.ui.widgets.facts_grid import FactsGrid
from steelyard.ui.widgets.labels import make_line
from steelyard.ui.widgets.response_conversation import Conversation
from steelyard.ui.widgets.response_view import ResponseView

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.core.values.servers import ServerRow
    from steelyard.ui.pages.compare_state import Change, Column, Turn
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.facts_format import Fact

MIN_WIDTH_PX = 272
_FAILURE_MIN_PX = 72
_FAILURE_BESIDE_TEXT_PX = 150
_ANY_HEIGHT_PX = 16_777_215  # QWIDGETSIZE_MAX


class TargetColumn(QFrame):
    """The view of one target."""

    remove_wanted = Signal(object)
    """Carries this widget."""
    rerun_wanted = Signal(object)
    """Carries this widget."""
    remedy_wanted = Signal(object, object)
    """Carries this widget and the `NotComparable`."""
    link_clicked = Signal(str)
    """A link of an answer was clicked; nothing was opened."""

    def __init__(self, theme: Theme, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.column = column
        self._index = 0
        self._server: ServerRow | None = None
        self._shown_turns = 0
        self._shown_phase = ""
        self._is_open_in_view = False
        self.setProperty("role", "card")
        self.setMinimumWidth(MIN_WIDTH_PX)
        self.header = ColumnHeader(theme)
        self.view = ResponseView(theme)
        self.conversation = Conversation(theme, self.view)
        self.notice = ColumnNotice(theme)
        self.failure = FailureCard(theme)
        self.banner = NotComparableBanner(theme)
        self.facts = FactsGrid(theme)
        self._lay_out()
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

    def rebuild(self) -> None:
        """Write the whole conversation anew."""
        turns = self.column.turns
        self.conversation.clear()
        self._shown_turns = len(turns)
        for turn in turns:
            if len(turns) > 1:
                self.conversation.add_prompt(turn.prompt)
            self._write(turn)
        is_open = bool(turns) and turns[-1].is_open
        self.view.set_following(is_following=is_open or len(turns) > 1)
        self.sync()

    def append(self, change: Change) -> None:
        """Text that arrived; the facts follow by themselves."""
        turn = self.column.turn
        if turn is None:
            return
        if len(self.column.turns) != self._shown_turns or not self._is_open_in_view:
            self.rebuild()
            return
        self.conversation.feed(change.text, is_reasoning=change.is_reasoning)
        if turn.phase != self._shown_phase:
            self.sync()

    def sync(self) -> None:
        """Show the present state of everything but the text."""
        column, turn = self.column, self.column.turn
        if len(column.turns) != self._shown_turns:
            self.rebuild()
            return
        self.header.show_target(column.ref, self._index)
        self.header.show_state(pill_of(column, self._server))
        self._close_answer(turn)
        self._sync_body()
        self._show_exclusion(turn)
        self.header.show_actions(
            has_text=turn is not None and bool(turn.text),
            has_run=turn is not None and turn.run is not None,
            can_rerun=turn is not None and not turn.is_open,
        )

    def set_server(self, server: ServerRow | None) -> None:
        """The server of these weights, or None when there is none any more."""
        self._server = server
        self.sync()

    def sync_facts(self, now_s: float, marks: dict[str, str]) -> None:
        """Show the figures of this moment; `marks` names icons by the cells of which this column is best."""
        facts = [_marked(fact, marks) for fact in facts_of(self.column, now_s)]
        self.facts.show_facts(facts)

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

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._room = QWidget()
        inset_widget = QWidget()
        inset = QVBoxLayout(inset_widget)
        inset.setContentsMargins(16, 12, 16, 12)
        inset.addWidget(self.failure)
        inset.addStretch(1)
        self._failure_holder = make_scroll(inset_widget, "Why this run failed")
        self._failure_holder.setMinimumHeight(_FAILURE_MIN_PX)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._body.addWidget(self.view, 1)
        self._body.addWidget(self._failure_holder, 1)
        self._body.addWidget(self.notice, 1)
        self._body.addWidget(self._room, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(make_line())
        column.addLayout(self._body, 1)
        column.addWidget(self.banner)
        column.addWidget(self.facts)

    def _connect(self) -> None:
        self.header.copy_wanted.connect(self.copy_answer)
        self.header.rerun_wanted.connect(self._on_rerun)
        self.header.json_wanted.connect(self._on_copy_json)
        self.header.remove_wanted.connect(self._on_remove)
        self.failure.retry_chosen.connect(self._on_rerun)
        self.banner.remedy_chosen.connect(self._on_remedy)
        self.conversation.link_clicked.connect(self.link_clicked)
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
            self._is_open_in_view = False
        self.conversation.set_caret(is_shown=self._shown_phase == "streaming")

    def _sync_body(self) -> None:
        has_text = any(t.text or t.reasoning for t in self.column.turns)
        error = self.column.error
        text, progress = ("", None) if error else notice_of(self.column, self._server)
        self.failure.show_error(error)
        self._failure_holder.setVisible(error is not None)
        self._failure_holder.setMaximumHeight(_FAILURE_BESIDE_TEXT_PX if has_text else _ANY_HEIGHT_PX)
        self.notice.show_text(text, progress)
        self._body.setStretchFactor(self.notice, 0 if has_text else 1)
        self.view.setVisible(has_text)
        self._room.setVisible(not (has_text or text or error))

    def _show_exclusion(self, turn: Turn | None) -> None:
        entries = turn.excluded if turn is not None and not turn.is_open else []
        if not entries:
            self.banner.show_reason("", "", "")
            return
        first = self._first_entry(entries)
        reason = first.detail.partition(";")[0]
        more = f" (+{len(entries) - 1} more)" if len(entries) > 1 else ""
        lines = [f"{', '.join(entry.metrics)}: {entry.detail}" for entry in entries]
        self.banner.show_reason(_sentence(reason) + more, first.remedy or "", "\n".join(lines))

    @staticmethod
    def _first_entry(entries: list[NotComparable]) -> NotComparable:
        return next((entry for entry in entries if entry.remedy), entries[0])

    @Slot()
    def _on_rerun(self) -> None:
        self.rerun_wanted.emit(self)

    @Slot()
    def _on_remove(self) -> None:
        self.remove_wanted.emit(self)

    @Slot()
    def _on_remedy(self) -> None:
        turn = self.column.turn
        if turn is not None and turn.excluded:
            self.remedy_wanted.emit(self, self._first_entry(turn.excluded))

    @Slot()
    def _on_copy_json(self) -> None:
        turn = self.column.turn
        if turn is not None and turn.run is not None:
            document = json.dumps(run_document(turn.run), indent=2, ensure_ascii=False)
            QGuiApplication.clipboard().setText(redact(document))


def _marked(fact: Fact, marks: dict[str, str]) -> Fact:
    mark = next((icon for word, icon in marks.items() if fact.label.startswith(word)), "")
    return replace(fact, mark=mark) if mark else fact


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
