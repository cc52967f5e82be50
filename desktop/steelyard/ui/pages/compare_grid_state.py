"""Many prompts: which cell of the grid is in which state, and which event belongs where. No Qt here."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from steelyard.core.base.errors import AppError
from steelyard.core.base.templates import fill
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
from steelyard.ui.pages.compare_grid_cells import FILTERS, GridCell, GridFilter, kinds_of
from steelyard.ui.pages.compare_targets import TargetRef, from_info
from steelyard.ui.pages.compare_turn import Sent, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.comparison import Comparison, NotComparable, TargetSummary
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

Place = tuple[int, int]
"""Case and column, each from 0."""


@dataclass
class GridState:
    """One comparison over a table."""

    sent: Sent
    refs: list[TargetRef]
    cases: list[dict[str, str]]
    title: str = ""
    comparison_id: str | None = None
    missing_runs: int = 0
    summary: dict[str, TargetSummary] = field(default_factory=dict[str, "TargetSummary"])
    progress: ComparisonProgressed | None = None
    done: int = 0
    """Runs that are over."""
    request: str = ""
    """Of what is on its way; empty while nothing is."""
    waiting: dict[int, str] = field(default_factory=dict[int, str])
    """Why a column waits, by its place."""
    now_s: Callable[[], float] = time.monotonic
    cells: list[list[GridCell]] = field(init=False)
    _turns: dict[str, tuple[Place, Turn]] = field(default_factory=dict[str, "tuple[Place, Turn]"])
    _kinds: dict[int, set[GridFilter]] = field(default_factory=dict[int, "set[GridFilter]"])
    """Which filters let a case through, as far as that was asked for and has not changed."""

    def __post_init__(self) -> None:
        self.cells = [[self._new_cell() for _ in self.refs] for _ in self.cases]

    # ---- what is shown -------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether anything is on its way."""
        return bool(self.request)

    @property
    def variables(self) -> list[str]:
        """The table's columns."""
        return list(self.cases[0]) if self.cases else []

    @property
    def total(self) -> int:
        """Runs in all."""
        return len(self.cases) * len(self.refs) * max(1, self.sent.repeat)

    def prompt_of(self, case: int) -> str:
        """The prompt with this row's values; the template where one is missing."""
        try:
            return fill(self.sent.prompt, self.cases[case])
        except AppError:
            return self.sent.prompt

    def is_shown(self, case: int, by: GridFilter) -> bool:
        """Whether a filter lets a case through."""
        kinds = self._kinds.get(case)
        if kinds is None:
            kinds = self._kinds[case] = kinds_of(self.cells[case])
        return by in kinds

    def counts(self) -> dict[GridFilter, int]:
        """How many cases each filter lets through."""
        found: dict[GridFilter, int] = dict.fromkeys((key for key, _ in FILTERS), 0)
        for case in range(len(self.cases)):
            self.is_shown(case, "all")
            for kind in self._kinds[case]:
                found[kind] += 1
        return found

    def shown(self, by: GridFilter) -> list[int]:
        """The cases that a filter lets through."""
        return [case for case in range(len(self.cases)) if self.is_shown(case, by)]

    # ---- what happens --------------------------------------------------------------------------------------

    def begin(self, request: str) -> None:
        """The command is on its way."""
        self.request = request
        self.progress = None
        self.missing_runs = 0
        self.waiting.clear()

    def resume(self, request: str) -> None:
        """What was left out is asked for again."""
        for row in self.cells:
            for cell in row:
                cell.turns = [Turn(self.sent) if turn.phase == "stopped" else turn for turn in cell.turns]
        self._count()
        self.begin(request)

    def apply(self, event: Event) -> set[Place]:
        """Take an event in; returns the cells that are others now."""
        if isinstance(event, ComparisonJudged):
            return self._judge(event.not_comparable, set(event.judged))
        if isinstance(event, RunFinished) and event.run.id in self._turns:
            return self._on_run(event.run)  # also after a stop
        if not self.request or getattr(event, "request", "") != self.request:
            return set()
        match event:
            case ComparisonStarted():
                self.comparison_id = event.comparison_id
            case ComparisonProgressed():
                self.progress = event
            case RunWaited():
                self.waiting[event.column] = event.reason
            case RunStarted() | RunFinished():
                return self._on_run(event.run, is_over=isinstance(event, RunFinished))
            case TextArrived():
                return self._on_text(event)
            case _:
                pass
        return set()

    def finish(self, comparison: Comparison) -> None:
        """The whole result."""
        for run in comparison.runs:
            self._on_run(run)
        self._judge(comparison.not_comparable, {run.id for run in comparison.runs})
        self.comparison_id, self.summary = comparison.id, comparison.summary
        self.missing_runs = 0
        self._rest("stopped")

    def fail(self, error: AppError) -> None:
        """The command itself failed: nothing more will come."""
        for turn in self._all_turns():
            if turn.is_open:
                turn.error = error_info(error)
        self._rest("failed")

    def stop(self) -> None:
        """The user stopped it; what has arrived stays."""
        self._rest("stopped")
        unfinished = ("stopped", "queued")
        self.missing_runs = sum(turn.phase in unfinished for turn in self._all_turns())

    def take_run(self, run: Run, excluded: list[NotComparable]) -> None:
        """A stored run."""
        for case, column in self._on_run(run):
            ref = self.refs[column]
            self.refs[column] = from_info(run.target, ref)
            for turn in self.cells[case][column].turns:
                if turn.run is run:
                    turn.excluded = excluded
            self._kinds.pop(case, None)

    # ---- inside --------------------------------------------------------------------------------------------

    def _new_cell(self) -> GridCell:
        return GridCell([Turn(self.sent) for _ in range(max(1, self.sent.repeat))])

    def _all_turns(self) -> list[Turn]:
        return [turn for row in self.cells for cell in row for turn in cell.turns]

    def _rest(self, phase: Literal["stopped", "failed"]) -> None:
        self.request, self.progress = "", None
        self.waiting.clear()
        for turn in self._all_turns():
            if turn.is_open:
                turn.phase = phase
        self._count()

    def _count(self) -> None:
        """After something that concerned all cells."""
        self._kinds.clear()
        self.done = sum(not turn.is_open and turn.run is not None for turn in self._all_turns())

    def _place(self, run: Run) -> tuple[Place, Turn] | None:
        known = self._turns.get(run.id)
        if known is not None:
            return known
        if not (0 <= run.case < len(self.cases) and 0 <= run.column < len(self.refs)):
            return None
        turns = self.cells[run.case][run.column].turns
        if not 0 <= run.repeat < len(turns):
            return None
        if turns[run.repeat].run is not None:
            self.done -= not turns[run.repeat].is_open
            turns[run.repeat] = Turn(self.sent)  # an interrupted one that is made again
        found = self._turns[run.id] = (run.case, run.column), turns[run.repeat]
        return found

    def _on_run(self, run: Run, *, is_over: bool = True) -> set[Place]:
        found = self._place(run)
        if found is None:
            return set()
        place, turn = found
        self.waiting.pop(run.column, None)
        if is_over:
            if turn.run is run and not turn.is_open:
                return set()
            self.done += turn.is_open
            turn.take_final(run)
            self._kinds.pop(place[0], None)
        elif turn.is_open:
            turn.phase, turn.run, turn.started_s = "waiting", run, self.now_s()
        return {place}

    def _on_text(self, event: TextArrived) -> set[Place]:
        found = self._turns.get(event.run_id)
        if found is None or not found[1].is_open:
            return set()
        place, turn = found
        turn.phase = "streaming"
        turn.chunks, turn.elapsed_ms, turn.ttft_ms = event.chunks, event.elapsed_ms, event.ttft_ms
        turn.add(event.text, is_reasoning=event.is_reasoning)
        return {place}

    def _judge(self, entries: list[NotComparable], judged: set[str]) -> set[Place]:
        by_run: dict[str, list[NotComparable]] = {}
        for entry in entries:
            by_run.setdefault(entry.run_id, []).append(entry)
        changed: set[Place] = set()
        for run_id in judged | by_run.keys():
            if run_id in self._turns:
                place, turn = self._turns[run_id]
                turn.excluded = by_run.get(run_id, [])
                self._kinds.pop(place[0], None)
                changed.add(place)
        return changed
