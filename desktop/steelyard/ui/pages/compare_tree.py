"""The conversation of one column as a tree: every answer goes on from one before it. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.values.run import ErrorInfo
    from steelyard.ui.pages.compare_targets import TargetRef
    from steelyard.ui.pages.compare_turn import Turn


@dataclass(eq=False)
class Column:
    """One target and its conversation.

    `answers` are all of them in the order in which they were asked for; `turns` is the branch that is shown.
    `position` is the column's place in the stored comparison, None before it has one.
    """

    ref: TargetRef
    answers: list[Turn] = field(default_factory=list["Turn"])
    position: int | None = None
    load_error: ErrorInfo | None = None
    """Why its weights could not be loaded before any prompt was sent."""
    shows_single: bool = False
    """The user leafs through repeated runs: their own figures are shown instead of the medians."""
    _first: Turn | None = None
    """The one of the first turns that the user chose to see."""

    @property
    def turns(self) -> list[Turn]:
        """The branch that is shown, from its first question to its last answer."""
        path: list[Turn] = []
        at = self._shown_after(None)
        while at is not None:
            path.append(at)
            at = self._shown_after(at)
        return path

    @property
    def turn(self) -> Turn | None:
        """The last answer of the branch that is shown."""
        path = self.turns
        return path[-1] if path else None

    @property
    def is_busy(self) -> bool:
        """Whether an answer, shown or not, may still grow."""
        return any(turn.is_open for turn in self.answers)

    @property
    def error(self) -> ErrorInfo | None:
        """What went wrong last, if anything did."""
        turn = self.turn
        if turn is None:
            return self.load_error
        return turn.error if turn.phase == "failed" else None

    @property
    def last_answered(self) -> Turn | None:
        """Where a follow-up goes on: the last turn of the branch that has an answer."""
        at = self.turn
        while at is not None and not at.is_answered:
            at = at.parent
        return at

    def children(self, parent: Turn | None) -> list[Turn]:
        """All that was asked after an answer; None: all first turns."""
        return [turn for turn in self.answers if turn.parent is parent]

    def questions(self, turn: Turn) -> list[Turn]:
        """The first answers to the different questions that stand at this place, in order."""
        firsts: dict[object, Turn] = {}
        for other in self.children(turn.parent):
            firsts.setdefault(_key(other), other)
        return list(firsts.values())

    def siblings(self, turn: Turn) -> list[Turn]:
        """All answers to the same question at the same place, this one included."""
        key = _key(turn)
        return [other for other in self.children(turn.parent) if _key(other) == key]

    def place(self, turn: Turn) -> tuple[int, int]:
        """`(2, 3)`: the second of three answers to its question."""
        others = self.siblings(turn)
        return others.index(turn) + 1, len(others)

    def question_place(self, turn: Turn) -> tuple[int, int]:
        """`(1, 2)`: the first of two questions at its place."""
        keys = [_key(other) for other in self.questions(turn)]
        return keys.index(_key(turn)) + 1, len(keys)

    def add(self, turn: Turn) -> None:
        """One answer more; the branch goes there."""
        self.answers.append(turn)
        self.show(turn)

    def show(self, turn: Turn) -> None:
        """Let the branch go through this answer."""
        while turn.parent is not None:
            turn.parent.chosen = turn
            turn = turn.parent
        self._first = turn

    def flip(self, turn: Turn, step: int) -> bool:
        """Show the answer before or after this one; past the last one the next question is tried.

        False when there is no other.
        """
        others = self.siblings(turn)
        at = others.index(turn) + step
        if 0 <= at < len(others):
            self.show(others[at])
            self.shows_single = len(others) > 1
            return True
        return self.flip_question(turn, step)

    def flip_question(self, turn: Turn, step: int) -> bool:
        """Show the question before or after this one at its place; False when there is none."""
        place, count = self.question_place(turn)
        if not 0 <= place - 1 + step < count:
            return False
        other = self.siblings(self.questions(turn)[place - 1 + step])
        self.show(other[0] if step > 0 else other[-1])
        return True

    def last_fork(self) -> Turn | None:
        """The last answer of the branch beside which there is another one."""
        forks = [turn for turn in self.turns if len(self.children(turn.parent)) > 1]
        return forks[-1] if forks else None

    def clear(self) -> None:
        """Forget the conversation, keep the target."""
        self.answers, self._first, self.position = [], None, None
        self.load_error, self.shows_single = None, False

    def _shown_after(self, parent: Turn | None) -> Turn | None:
        chosen = self._first if parent is None else parent.chosen
        if chosen is not None:
            return chosen
        others = self.children(parent)
        pinned = [turn for turn in others if turn.is_pinned]
        return (pinned or others or [None])[-1]


def _key(turn: Turn) -> object:
    return turn.prompt, tuple(attachment.sha256 for attachment in turn.sent.attachments)
