"""What the Compare page shows: columns, their conversations, and what can be asked next. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.ui.pages.compare_arrivals import Arrivals, Change, Request
from steelyard.ui.pages.compare_tree import Column
from steelyard.ui.pages.compare_turn import Sent, Turn

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_targets import TargetRef

MAX_COLUMNS = 4


@dataclass(frozen=True)
class Ask:
    """A column that is asked, and the answer that the question goes on from."""

    column: Column
    parent: Turn | None = None


class CompareState(Arrivals):
    """Columns of the comparison on the screen. All changes go through it; widgets only read."""

    # ---- columns -------------------------------------------------------------------------------------------

    @property
    def targets(self) -> list[str]:
        """Names of the columns' targets."""
        return [column.ref.target for column in self.columns]

    @property
    def is_streaming(self) -> bool:
        """Whether anything is still on its way."""
        return bool(self._requests)

    @property
    def turn_count(self) -> int:
        """Turns of the longest conversation that is shown."""
        return max((len(column.turns) for column in self.columns), default=0)

    @property
    def sent(self) -> Sent | None:
        """The question on the screen: the one that all columns show last, else the newest of them."""
        shown = [column.turn.sent for column in self.columns if column.turn is not None]
        return max(shown, key=lambda sent: sent.sent_at, default=None)

    def add(self, ref: TargetRef) -> Column | None:
        """A column more; None when there is no room or it is there already."""
        if len(self.columns) >= MAX_COLUMNS or ref.target in self.targets:
            return None
        column = Column(ref)
        self.columns.append(column)
        return column

    def remove(self, column: Column) -> None:
        """A column less; what it still receives is no longer shown."""
        self.columns = [other for other in self.columns if other is not column]

    def clear(self) -> None:
        """A new comparison with the same targets."""
        self.comparison_id = self.progress = None
        self.missing_runs = 0
        self._requests.clear()
        self._turns.clear()
        for column in self.columns:
            column.clear()

    # ---- what can be done ----------------------------------------------------------------------------------

    @property
    def is_stored(self) -> bool:
        """Whether every column has its place in one comparison, so that it can be gone on with."""
        has_places = all(column.position is not None for column in self.columns)
        return self.comparison_id is not None and bool(self.columns) and has_places

    @property
    def can_continue(self) -> bool:
        """Whether the next prompt is a further turn of this comparison."""
        return (
            self.is_stored
            and not self.is_streaming
            and any(column.last_answered is not None for column in self.columns)
        )

    @property
    def can_rerun(self) -> bool:
        """Whether the last question can be asked again; a column without the history cannot join later."""
        if self.is_streaming or self.sent is None:
            return False
        return bool(self.reruns()) if self.is_stored else self.turn_count <= 1

    def follow_ups(self) -> list[Ask]:
        """All columns, each going on from the last answer of the branch that it shows."""
        return [Ask(column, column.last_answered) for column in self.columns]

    def reruns(self) -> list[Ask]:
        """The columns whose last answer is asked for again: those with a pinned one keep it."""
        return [
            Ask(column, column.turn.parent)
            for column in self.columns
            if column.turn is not None and not column.turn.is_pinned
        ]

    # ---- sending -------------------------------------------------------------------------------------------

    def begin(self, request: str, sent: Sent, asks: list[Ask] | None = None) -> list[Column]:
        """A question went out; without `asks` to all columns, as a new comparison."""
        if asks is None:
            self.clear()
            for position, column in enumerate(self.columns):
                column.position = position
            asks = [Ask(column) for column in self.columns]
        waiting = Request(sent, {})
        for ask in asks:
            turn = Turn(sent, ask.parent)
            ask.column.add(turn)
            ask.column.shows_single = False
            position = ask.column.position if ask.column.position is not None else -1
            waiting.columns[position], waiting.queued[position] = ask.column, turn
            waiting.parents[position] = ask.parent
        self._requests[request] = waiting
        return [ask.column for ask in asks]

    def begin_rest(self, request: str) -> None:
        """What a stored comparison lacks is being asked again."""
        columns = {column.position: column for column in self.columns if column.position is not None}
        self._requests[request] = Request(None, columns)

    def stop(self) -> list[Change]:
        """The user stopped everything that was on its way; late documents of it are still taken."""
        changes: list[Change] = []
        for column in self.columns:
            for turn in column.answers:
                if turn.is_open:
                    turn.phase = "stopped"
                    changes.append(Change(column, turn))
        self.progress = None
        self._requests.clear()
        return changes
