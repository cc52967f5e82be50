"""Editing a question that was asked before: its new form begins a branch beside the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.ui.pages.compare_state import Ask

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_composer import Composer
    from steelyard.ui.pages.compare_edit_bar import EditBar
    from steelyard.ui.pages.compare_state import CompareState
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn


class Editing(QObject):
    """Knows what is edited, and which columns get it."""

    changed = Signal()
    """Something is edited now, or nothing any more."""

    def __init__(self, state: CompareState, composer: Composer, bar: EditBar, parent: QObject) -> None:
        super().__init__(parent)
        self._state = state
        self._composer = composer
        self._bar = bar
        self._column: Column | None = None
        self._turn: Turn | None = None
        bar.left.connect(self.leave)

    @property
    def is_on(self) -> bool:
        """Whether a question is being edited."""
        return self._turn is not None

    def begin(self, column: Column, turn: Turn, *, is_for_all: bool) -> None:
        """Put a question into the composer."""
        if not self._state.is_stored or self._state.is_streaming:
            self._composer.set_prompt(turn.prompt)
            return
        self._column, self._turn = column, turn
        place = len(self._before(turn)) + 1
        what = f"Editing question {place}" if place > 1 or len(column.turns) > 1 else "Editing the question"
        who = column.ref.title
        self._bar.show_edit(
            f"{what} of {who}: the old one stays beside it",
            can_choose=len(self._state.columns) > 1,
            is_for_all=is_for_all,
        )
        self._composer.set_attachments(turn.sent.attachments)
        self._composer.set_prompt(turn.prompt)
        self.changed.emit()

    @Slot()
    def leave(self) -> None:
        """Give the editing up; what stands in the composer goes with it."""
        if self._turn is not None:
            self.end()
            self._composer.set_attachments([])
            self._composer.prompt.clear()
            self._composer.prompt.setFocus()

    def end(self) -> None:
        """The new question was sent, or the columns are others."""
        if self._turn is not None:
            self._column = self._turn = None
            self._bar.hide()
            self.changed.emit()

    def asks(self) -> list[Ask]:
        """Who gets the new question, each at the same place of its own branch."""
        assert self._turn is not None
        if not self._bar.is_for_all:
            return [Ask(self._column, self._turn.parent)] if self._column is not None else []
        depth = len(self._before(self._turn))
        return [Ask(column, self._parent_at(column, depth)) for column in self._state.columns]

    def _parent_at(self, column: Column, depth: int) -> Turn | None:
        if column is self._column and self._turn is not None:
            return self._turn.parent
        before = [turn for turn in column.turns[:depth] if turn.is_answered]
        return before[-1] if before else None

    @staticmethod
    def _before(turn: Turn) -> list[Turn]:
        found: list[Turn] = []
        at = turn.parent
        while at is not None:
            found.append(at)
            at = at.parent
        return found
