"""Which event of the core belongs to which answer on the screen. No Qt here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonProgressed,
    ComparisonStarted,
    RunFinished,
    RunStarted,
    RunWaited,
    TextArrived,
)
from steelyard.core.values.run import error_info
from steelyard.ui.pages.compare_targets import from_info
from steelyard.ui.pages.compare_turn import Sent, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison, NotComparable
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run
    from steelyard.ui.pages.compare_tree import Column


@dataclass(frozen=True)
class Change:
    """A column that an event touched; `text` is what is to be appended to `turn`.

    `is_new`: the branch that is shown is another one.
    """

    column: Column
    turn: Turn | None = None
    text: str = ""
    is_reasoning: bool = False
    is_new: bool = False


@dataclass
class Request:
    """What is on its way. `sent` is None where old questions are asked again as they were."""

    sent: Sent | None
    columns: dict[int, Column]
    queued: dict[int, Turn] = field(default_factory=dict[int, Turn])
    parents: dict[int, Turn | None] = field(default_factory=dict[int, "Turn | None"])


class Arrivals:
    """Takes in what arrives; an event without a known request or run changes nothing."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.columns: list[Column] = []
        self.comparison_id: str | None = None
        self.missing_runs = 0
        """Planned in the comparison on the screen, and never finished."""
        self.progress: ComparisonProgressed | None = None
        self._requests: dict[str, Request] = {}
        self._turns: dict[str, tuple[Column, Turn]] = {}
        self._now_s = now_s

    # ---- events --------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> list[Change]:
        """Take an event in; events of other requests change nothing."""
        if isinstance(event, ComparisonJudged):
            return self._on_judged(event.not_comparable, set(event.judged))
        request = self._requests.get(getattr(event, "request", ""))
        if request is None:
            return self._on_late(event)
        match event:
            case ComparisonStarted():
                self.comparison_id = event.comparison_id
            case ComparisonProgressed():
                self.progress = event
            case RunWaited():
                return self._on_waited(request, event)
            case RunStarted():
                return self._on_started(request, event.run)
            case TextArrived():
                return self._on_text(event)
            case RunFinished():
                return self._on_run(request, event.run)
            case _:
                pass
        return []

    def finish(self, request: str, comparison: Comparison) -> list[Change]:
        """The whole result; repeats what the events told, and counts where one was missed."""
        waiting = self._end(request)
        if waiting is None:
            return []
        changes = [change for run in comparison.runs for change in self._on_run(waiting, run)]
        for run in comparison.runs:
            if run.id in self._turns:
                self._turns[run.id][1].summary = comparison.summary.get(run.target.name)
        for turn in waiting.queued.values():
            turn.phase = "stopped"
        self.missing_runs = 0
        return changes + self._on_judged(comparison.not_comparable, {run.id for run in comparison.runs})

    def fail(self, request: str, error: AppError) -> list[Change]:
        """The command itself failed: so did every column that still waits."""
        waiting = self._end(request)
        changes: list[Change] = []
        for column in waiting.columns.values() if waiting is not None else []:
            for turn in column.answers:
                if turn.is_open:
                    turn.phase, turn.error = "failed", error_info(error)
                    changes.append(Change(column, turn))
        return changes

    def adopt(self, column: Column, turn: Turn) -> None:
        """Know the run of a stored answer, so that what is told of it finds it."""
        if turn.run is not None:
            self._turns[turn.run.id] = (column, turn)

    def turn_of(self, run_id: str) -> Turn | None:
        """The turn with this run."""
        found = self._turns.get(run_id)
        return found[1] if found is not None else None

    # ---- inside --------------------------------------------------------------------------------------------

    def _end(self, request: str) -> Request | None:
        if not self._requests.keys() - {request}:
            self.progress = None
        return self._requests.pop(request, None)

    def _on_waited(self, request: Request, event: RunWaited) -> list[Change]:
        position = event.column
        if request.columns.get(position) is None or request.columns[position].ref.target != event.target:
            named = [at for at, column in request.columns.items() if column.ref.target == event.target]
            position = named[0] if named else position
        turn = request.queued.get(position)
        if turn is None or not turn.is_open:
            return []
        turn.phase, turn.reason, turn.progress = "waiting", event.reason, event.progress
        return [Change(request.columns[position], turn)]

    def _on_started(self, request: Request, run: Run) -> list[Change]:
        found = self._known(request, run)
        if found is None:
            return []
        column, turn, is_new = found
        turn.phase, turn.run, turn.reason, turn.progress = "waiting", run, "", None
        turn.started_s = self._now_s()
        column.ref = from_info(run.target, column.ref)
        return [Change(column, turn, is_new=is_new)]

    def _known(self, request: Request, run: Run) -> tuple[Column, Turn, bool] | None:
        """The turn of a run; one that nobody has seen yet gets a turn, which is shown if nothing hinders."""
        if run.id in self._turns:
            return *self._turns[run.id], False
        column = request.columns.get(run.column)
        if column is None:
            return None
        turn = request.queued.pop(run.column, None)
        is_new = turn is None
        if turn is None:
            turn = self._further(request, column, run)
            column.answers.append(turn)
            if not column.shows_single:
                column.show(turn)
        self._turns[run.id] = (column, turn)
        return column, turn, is_new

    def _further(self, request: Request, column: Column, run: Run) -> Turn:
        """One more repetition, or a run that an interrupted comparison still lacked."""
        parent = self.turn_of(run.parent_id) if run.parent_id else None
        sent = request.sent or next((turn.sent for turn in column.children(parent)), None)
        if sent is None:
            others = (turn for other in self.columns for turn in other.answers)
            sent = next((turn.sent for turn in others if turn.run and turn.run.turn == run.turn), None)
        return Turn(sent or self._unknown_question(run), parent)

    def _unknown_question(self, run: Run) -> Sent:
        from steelyard.ui.pages.compare_restore import sampling_of

        return Sent("", "", sampling_of(run), "model-by-model", run.started_at)

    def _on_text(self, event: TextArrived) -> list[Change]:
        found = self._turns.get(event.run_id)
        if found is None or not found[1].is_open:
            return []
        column, turn = found
        turn.phase, turn.reason, turn.progress = "streaming", "", None
        turn.chunks, turn.elapsed_ms, turn.ttft_ms = event.chunks, event.elapsed_ms, event.ttft_ms
        turn.add(event.text, is_reasoning=event.is_reasoning)
        return [Change(column, turn, event.text, event.is_reasoning)]

    def _on_late(self, event: Event) -> list[Change]:
        """The document of a run that was stopped comes after the request is given up."""
        if not isinstance(event, RunFinished) or event.run.id not in self._turns:
            return []
        return self._take(*self._turns[event.run.id], event.run)

    def _on_run(self, request: Request, run: Run) -> list[Change]:
        found = self._known(request, run)
        return self._take(found[0], found[1], run, is_new=found[2]) if found is not None else []

    @staticmethod
    def _take(column: Column, turn: Turn, run: Run, *, is_new: bool = False) -> list[Change]:
        if turn.run is run:
            return []
        missing = turn.take_final(run)
        column.ref = from_info(run.target, column.ref)
        return [Change(column, turn, missing, is_new=is_new)]

    def _on_judged(self, entries: list[NotComparable], judged: set[str]) -> list[Change]:
        changes: list[Change] = []
        for run_id in judged | {entry.run_id for entry in entries}:
            if run_id in self._turns:
                column, turn = self._turns[run_id]
                turn.excluded = [entry for entry in entries if entry.run_id == run_id]
                changes.append(Change(column, turn))
        return changes
