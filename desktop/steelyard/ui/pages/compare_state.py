"""What the Compare page shows: columns, their turns, and which event belongs where. No Qt here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from steelyard.core.values.events import (
    ComparisonJudged,
    ComparisonStarted,
    RunFinished,
    RunStarted,
    RunWaited,
    TextArrived,
)
from steelyard.core.values.prompt import Message, Sampling
from steelyard.core.values.run import ErrorInfo, Run
from steelyard.ui.pages.compare_targets import TargetRef, from_info, unknown_ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison, ComparisonHistory, NotComparable, Schedule
    from steelyard.core.values.events import Event

MAX_COLUMNS = 4
Phase = Literal["queued", "waiting", "streaming", "done", "failed", "stopped"]
_OPEN: frozenset[Phase] = frozenset({"queued", "waiting", "streaming"})


@dataclass(frozen=True)
class Sent:
    """One prompt as it was sent, so that it can be sent again."""

    prompt: str
    system: str
    sampling: Sampling
    schedule: Schedule
    sent_at: str


@dataclass
class Turn:
    """One prompt in one column, from waiting to its final document."""

    prompt: str
    phase: Phase = "queued"
    reason: str = ""
    progress: float | None = None
    run: Run | None = None
    error: ErrorInfo | None = None
    chunks: int = 0
    elapsed_ms: float | None = None
    ttft_ms: float | None = None
    started_s: float | None = None
    excluded: list[NotComparable] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether more may arrive."""
        return self.phase in _OPEN

    @property
    def text(self) -> str:
        """The answer so far."""
        return _joined(self._text)

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return _joined(self._reasoning)

    def add(self, text: str, *, is_reasoning: bool) -> None:
        """More of the answer."""
        (self._reasoning if is_reasoning else self._text).append(text)

    def replace(self, text: str, reasoning: str) -> None:
        """The final document knows better than the stream."""
        self._text, self._reasoning = [text], [reasoning]

    def excluded_by(self, metric: str) -> NotComparable | None:
        """Why a metric of this run is left out, if it is."""
        return next((entry for entry in self.excluded if metric in entry.metrics), None)


@dataclass
class Column:
    """One target and its conversation."""

    ref: TargetRef
    turns: list[Turn] = field(default_factory=list)
    load_error: ErrorInfo | None = None
    """Why its weights could not be loaded before any prompt was sent."""

    @property
    def error(self) -> ErrorInfo | None:
        """What went wrong last, if anything did."""
        if self.turn is None:
            return self.load_error
        return self.turn.error if self.turn.phase == "failed" else None

    @property
    def turn(self) -> Turn | None:
        """The latest turn."""
        return self.turns[-1] if self.turns else None

    def history(self, before: int | None = None) -> list[Message]:
        """The conversation so far, without turns that brought no answer."""
        messages: list[Message] = []
        for turn in self.turns[:before]:
            if turn.text.strip() and turn.phase in ("done", "stopped"):
                messages.append(Message(role="user", content=turn.prompt))
                messages.append(Message(role="assistant", content=turn.text))
        return messages


@dataclass(frozen=True)
class Change:
    """A column that an event touched; `text` is what is to be appended to it."""

    column: Column
    text: str = ""
    is_reasoning: bool = False


class CompareState:
    """Columns of the comparison on the screen. All changes go through it; widgets only read."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.columns: list[Column] = []
        self.comparison_id: str | None = None
        self.sent: Sent | None = None
        self._asked: list[str] = []
        self._requests: dict[str, list[Column]] = {}
        self._main_request = ""
        self._now_s = now_s

    # ---- columns -------------------------------------------------------------------------------------------

    @property
    def targets(self) -> list[str]:
        """Names of the columns' targets."""
        return [column.ref.target for column in self.columns]

    @property
    def is_streaming(self) -> bool:
        """Whether any column still waits or receives."""
        return any(column.turn is not None and column.turn.is_open for column in self.columns)

    @property
    def turn_count(self) -> int:
        """Turns of the longest conversation."""
        return max((len(column.turns) for column in self.columns), default=0)

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
        self.comparison_id = self.sent = None
        self._asked = []
        self._requests.clear()
        for column in self.columns:
            column.turns = []

    # ---- sending -------------------------------------------------------------------------------------------

    @property
    def can_continue(self) -> bool:
        """Whether the next prompt is a further turn of this comparison."""
        if self.comparison_id is None or self.is_streaming or self.targets != self._asked:
            return False
        return any(column.history() for column in self.columns)

    @property
    def can_rerun(self) -> bool:
        """Whether the last prompt can be sent again; a follow-up needs the columns that have its history."""
        if self.sent is None or not self.columns or self.is_streaming:
            return False
        return self.turn_count <= 1 or self.targets == self._asked

    def histories(self, *, is_rerun: bool = False) -> list[list[Message]]:
        """What went before, column by column; empty when nothing did."""
        before = -1 if is_rerun else None
        histories = [column.history(before) for column in self.columns]
        return histories if any(histories) else []

    def start(self, request: str, sent: Sent, how: Literal["new", "further", "again"]) -> None:
        """A prompt went out to all columns: anew, as a further turn, or the last turn again."""
        for column in self.columns:
            if how == "new":
                column.turns = []
            elif how == "again":
                column.turns = column.turns[:-1]
            column.turns = [*column.turns, Turn(sent.prompt)]
        if how != "further":
            self.comparison_id = None
        self.sent = sent
        self._asked = self.targets
        self._main_request = request
        self._requests[request] = list(self.columns)

    def start_one(self, request: str, column: Column) -> None:
        """The last prompt went out again to one column."""
        column.turns = [*column.turns[:-1], Turn(column.turns[-1].prompt)]
        self._requests[request] = [column]

    # ---- events --------------------------------------------------------------------------------------------

    def apply(self, event: Event) -> list[Change]:
        """Take an event in; events of other requests change nothing."""
        match event:
            case ComparisonStarted() if event.request == self._main_request:
                self.comparison_id = event.comparison_id
            case RunWaited():
                return self._on_waited(event)
            case RunStarted():
                return self._on_started(event)
            case TextArrived():
                return self._on_text(event)
            case RunFinished():
                return self._on_run(event.request, event.run)
            case ComparisonJudged():
                return self._on_judged(event.request, event.not_comparable)
            case _:
                pass
        return []

    def finish(self, request: str, comparison: Comparison) -> list[Change]:
        """The whole result; repeats what the events told, and counts where one was missed."""
        changes = [change for run in comparison.runs for change in self._on_run(request, run)]
        return changes + self._on_judged(request, comparison.not_comparable)

    def fail(self, request: str, error: AppError) -> list[Change]:
        """The command itself failed: so did every column that still waits."""
        changes: list[Change] = []
        info = error_info(error)
        for column in self._requests.get(request, []):
            if column.turn is not None and column.turn.is_open:
                column.turn.phase, column.turn.error = "failed", info
                changes.append(Change(column))
        return changes

    def stop(self) -> list[Change]:
        """The user stopped everything that was on its way."""
        changes: list[Change] = []
        for column in self.columns:
            if column.turn is not None and column.turn.is_open:
                column.turn.phase = "stopped"
                changes.append(Change(column))
        return changes

    def _turn(self, request: str, at: int) -> tuple[Column, Turn] | None:
        columns = self._requests.get(request, [])
        if not 0 <= at < len(columns) or columns[at].turn is None:
            return None
        column = columns[at]
        assert column.turn is not None
        return column, column.turn

    def _on_waited(self, event: RunWaited) -> list[Change]:
        found = self._turn(event.request, event.column)
        if found is None or not found[1].is_open:
            return []
        column, turn = found
        turn.phase, turn.reason, turn.progress = "waiting", event.reason, event.progress
        return [Change(column)]

    def _on_started(self, event: RunStarted) -> list[Change]:
        found = self._turn(event.request, event.run.column)
        if found is None or not found[1].is_open:
            return []
        column, turn = found
        turn.phase, turn.run, turn.reason, turn.progress = "waiting", event.run, "", None
        turn.started_s = self._now_s()
        column.ref = from_info(event.run.target, column.ref)
        return [Change(column)]

    def _on_text(self, event: TextArrived) -> list[Change]:
        found = self._turn(event.request, event.column)
        if found is None or not found[1].is_open:
            return []
        column, turn = found
        if turn.run is None or turn.run.id != event.run_id:
            return []
        turn.phase, turn.reason, turn.progress = "streaming", "", None
        turn.chunks, turn.elapsed_ms, turn.ttft_ms = event.chunks, event.elapsed_ms, event.ttft_ms
        turn.add(event.text, is_reasoning=event.is_reasoning)
        return [Change(column, event.text, event.is_reasoning)]

    def _on_run(self, request: str, run: Run) -> list[Change]:
        found = self._turn(request, run.column)
        if found is None or (found[1].run is not None and found[1].run.id != run.id):
            return []
        column, turn = found
        if turn.run is run:
            return []
        missing = _take_final(turn, run)
        column.ref = from_info(run.target, column.ref)
        return [Change(column, missing)]

    def _on_judged(self, request: str, entries: list[NotComparable]) -> list[Change]:
        changes: list[Change] = []
        for column in self._requests.get(request, []):
            turn = column.turn
            if turn is not None and turn.run is not None:
                turn.excluded = [entry for entry in entries if entry.run_id == turn.run.id]
                changes.append(Change(column))
        return changes

    # ---- history -------------------------------------------------------------------------------------------

    def restore(self, stored: ComparisonHistory, known: Iterable[TargetRef]) -> None:
        """Show a stored comparison; the next prompt continues it."""
        refs = {ref.target: ref for ref in known}
        self._requests.clear()
        self.columns = []
        sampling = Sampling()
        for kept in stored.columns[:MAX_COLUMNS]:
            column = Column(refs.get(kept.target, unknown_ref(kept.target)))
            latest = {run.turn: run for run in kept.runs}
            for number in range(len(stored.prompts)):
                column.turns.append(_restored_turn(stored, number, latest.get(number)))
            if column.turn is not None and column.turn.run is not None:
                run = column.turn.run
                column.ref = from_info(run.target, refs.get(kept.target))
                sampling = sampling_of(run)
            self.columns.append(column)
        self.comparison_id = stored.id
        self._asked = self.targets
        last = stored.prompts[-1] if stored.prompts else ""
        self.sent = Sent(last, stored.system, sampling, stored.schedule, stored.started_at)


def error_info(error: AppError) -> ErrorInfo:
    """An error as a column shows it."""
    return ErrorInfo(title=error.title, detail=error.detail, hint=error.hint, retryable=error.retryable)


def sampling_of(run: Run) -> Sampling:
    """The sampling that a stored run was asked with."""
    params = run.params

    def number(name: str) -> float | None:
        value = params.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    seed, schema, most = number("seed"), params.get("json_schema"), number("max_tokens")
    return Sampling(
        max_tokens=int(most) if most is not None else Sampling().max_tokens,
        temperature=number("temperature"),
        top_p=number("top_p"),
        seed=None if seed is None else int(seed),
        json_schema=schema if isinstance(schema, dict) else None,
    )


def _restored_turn(stored: ComparisonHistory, number: int, run: Run | None) -> Turn:
    turn = Turn(stored.prompts[number])
    if run is None:
        turn.phase = "stopped"
        return turn
    _take_final(turn, run)
    turn.excluded = [entry for entry in stored.not_comparable if entry.run_id == run.id]
    return turn


def _take_final(turn: Turn, run: Run) -> str:
    """Make the run's document the turn's; returns text that the stream did not bring."""
    turn.run = run
    turn.error = run.error
    turn.reason, turn.progress = "", None
    if run.error is not None and run.finish_reason != "cancelled":
        turn.phase = "failed"
    elif run.finish_reason in ("cancelled", "interrupted"):
        turn.phase = "stopped"
    else:
        turn.phase = "done"
    shown = turn.text
    turn.replace(run.text, run.reasoning or "")
    return run.text[len(shown) :] if run.text.startswith(shown) else ""


def _joined(parts: list[str]) -> str:
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""
