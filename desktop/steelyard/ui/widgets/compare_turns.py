"""A branch of a conversation in one view: questions and answers in turn, with small links between them."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QTextCharFormat, QTextCursor

from steelyard.ui.widgets.response_conversation import PROMPT_MAX_CHARS, Conversation

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

_GAP = "   "


@dataclass(frozen=True)
class TurnLink:
    """A word of a line of ours; without a verb it is only text."""

    text: str
    verb: str = ""
    is_strong: bool = False


class TurnsConversation(Conversation):
    """Writes one thing after another: a long answer is taken in slices; what follows waits for its end."""

    turn_wanted = Signal(str, int)
    """A link of ours was followed: its verb, and the place of the turn in the branch."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        # Unguessable, so that no link that a model writes can pass for one of ours.
        self._scheme = f"steelyard:{secrets.token_hex(8)}:"
        super().__init__(theme, view)

    def clear(self) -> None:
        """An empty column."""
        self._jobs: deque[Callable[[], None]] = deque()
        self._is_ending = self._is_draining = False
        super().clear()

    def add_question(self, text: str, links: list[TurnLink], turn: int) -> None:
        """A question, and what can be done with it."""
        self._then(partial(self._write_question, text, links, turn))

    def add_line(self, links: list[TurnLink], turn: int) -> None:
        """A small line under an answer."""
        self._then(partial(self._write_line, links, turn))

    def begin_answer(self) -> None:
        """The next text belongs to a new answer."""
        self._then(super().begin_answer)

    def feed(self, text: str, *, is_reasoning: bool) -> None:
        """More of the answer or of its reasoning."""
        self._then(partial(super().feed, text, is_reasoning=is_reasoning))

    def end_answer(self) -> None:
        """Nothing more will come for this answer."""
        self._then(self._end)

    def _then(self, job: Callable[[], None]) -> None:
        self._jobs.append(job)
        self._drain()

    def _drain(self) -> None:
        """Do what waits, in order; a job that is being done may add further ones, which come after it."""
        if self._is_draining:
            return
        self._is_draining = True
        while self._jobs and not self._is_ending:
            self._jobs.popleft()()
        self._is_draining = False

    def _end(self) -> None:
        self._is_ending = self._stream is not None
        super().end_answer()

    @Slot()
    def _on_stream_ended(self) -> None:
        super()._on_stream_ended()
        self._is_ending = False
        self._stream = None
        self._drain()

    def _write_question(self, text: str, links: list[TurnLink], turn: int) -> None:
        shown = " ".join(text.split())
        if len(shown) > PROMPT_MAX_CHARS:
            shown = shown[: PROMPT_MAX_CHARS - 1] + "…"
        self._writer.write_prompt(shown)
        at = QTextCursor(self._view.document())
        at.movePosition(QTextCursor.MoveOperation.End)
        self._insert(at, links, turn, is_first=False)
        self._writer.commit()
        self._view.text_grew()

    def _write_line(self, links: list[TurnLink], turn: int) -> None:
        at = QTextCursor(self._writer.write_fold_line().block())
        self._insert(at, links, turn, is_first=True)
        self._writer.commit()
        self._view.text_grew()

    def _insert(self, at: QTextCursor, links: list[TurnLink], turn: int, *, is_first: bool) -> None:
        style = self._writer.style
        for link in links:
            look = QTextCharFormat(style.muted)
            if link.verb:
                look.setAnchor(True)
                look.setAnchorHref(f"{self._scheme}{link.verb}:{turn}")
                look.setForeground(style.body.foreground())
            elif link.is_strong:
                look.setForeground(style.bold.foreground())
            at.insertText(link.text if is_first else _GAP + link.text, look)
            is_first = False

    @Slot(str)
    def _on_link_clicked(self, href: str) -> None:
        if href.startswith(self._scheme):
            verb, _, turn = href.removeprefix(self._scheme).partition(":")
            self.turn_wanted.emit(verb, int(turn))
        else:
            super()._on_link_clicked(href)
