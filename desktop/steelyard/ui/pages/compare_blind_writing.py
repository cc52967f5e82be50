"""Answers of a blind series on their way: counts go through, names and figures do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.events import ComparisonProgressed, RunFinished
from steelyard.ui.widgets.blind_texts import failed_text

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.commands import ResumeComparison, StartComparison
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.run import Run
    from steelyard.ui.bridge import Bridge, Call

_IN_A_PAIR = 2
_ANSWERED = ("stop", "length", "content_filter")


@dataclass
class Writing:
    """How far the answers to one prompt are, or to all rows of its table."""

    prompt: str
    cases: int
    total: int
    done: int = 0
    eta_s: float | None = None
    voted: int = 0
    """Pairs of it that were voted on or skipped meanwhile."""
    answered: dict[int, int] = field(default_factory=dict)
    """How many answers there are, by row of the table."""

    @property
    def ready(self) -> int:
        """Pairs that are whole and wait for a vote, at least."""
        return max(0, sum(count >= _IN_A_PAIR for count in self.answered.values()) - self.voted)


@dataclass(frozen=True)
class Outcome:
    """What became of them. `reasons` name targets: to be told on request only, and only where `can_tell`."""

    note: str = ""
    reasons: list[str] = field(default_factory=list)
    can_tell: bool = False
    lost_prompt: str = ""
    """It brought no pair at all, and may be sent again."""


class Writer(QObject):
    """One request at a time."""

    progressed = Signal()
    ended = Signal(object)
    """An `Outcome`."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._call: Call | None = None
        self.writing: Writing | None = None
        bridge.event_arrived.connect(self._on_event)

    def start(self, command: StartComparison | ResumeComparison, writing: Writing) -> None:
        """Send the request."""
        self.writing = writing
        self._call = self._bridge.run(command, self._on_written, self._on_refused)

    def stop(self) -> str:
        """Stop it, if there is one; returns its prompt. What is written stays."""
        call, writing = self._take()
        if call is None or writing is None:
            return ""
        call.cancel()
        return writing.prompt

    def _take(self) -> tuple[Call | None, Writing | None]:
        taken = self._call, self.writing
        self._call = self.writing = None
        return taken

    def _on_written(self, comparison: Comparison) -> None:
        _, writing = self._take()
        if writing is not None:
            self.ended.emit(outcome_of(comparison.runs, writing))

    def _on_refused(self, error: AppError) -> None:
        _, writing = self._take()
        if writing is not None:
            self.ended.emit(Outcome(error.one_line(), lost_prompt=writing.prompt))

    @Slot(object)
    def _on_event(self, event: object) -> None:
        writing, call = self.writing, self._call
        if writing is None or call is None:
            return
        if isinstance(event, ComparisonProgressed) and event.request == call.request:
            writing.total, writing.eta_s = max(1, event.total), event.eta_s
            writing.done = min(max(writing.done, event.done), writing.total)
            self.progressed.emit()
        elif isinstance(event, RunFinished) and event.request == call.request:
            writing.done = min(writing.done + 1, writing.total)
            case = event.run.case
            writing.answered[case] = writing.answered.get(case, 0) + _is_answered(event.run)
            self.progressed.emit()


def outcome_of(runs: list[Run], writing: Writing) -> Outcome:
    """How many answers failed, without a word on which."""
    asked: dict[tuple[int, int], Run] = {}
    for run in runs:
        place = (run.case, run.column)
        if place not in asked or not _is_answered(asked[place]):
            asked[place] = run
    failed = [run for run in asked.values() if not _is_answered(run)]
    if not failed:
        return Outcome()
    answered = dict.fromkeys(range(writing.cases), 0)
    for (case, _), run in asked.items():
        answered[case] = answered.get(case, 0) + _is_answered(run)
    lost = sum(count < _IN_A_PAIR for count in answered.values())
    has_pairs = lost < len(answered)
    targets = len({column for _, column in asked})
    return Outcome(
        note=failed_text(len(failed), len(asked), lost),
        reasons=[_reason(run) for run in failed],
        # With two targets a failed answer leaves no pair; with more, it would tell who is in the pair.
        can_tell=targets == 2 or not has_pairs,
        lost_prompt="" if has_pairs or writing.cases > 1 else writing.prompt,
    )


def _is_answered(run: Run) -> bool:
    return run.error is None and run.finish_reason in _ANSWERED and bool(run.text)


def _reason(run: Run) -> str:
    row = f", row {run.case + 1}" if run.case else ""
    if run.error is None:
        return f"{run.target.name}{row}: the answer is empty or was cut off."
    return f"{run.target.name}{row}: {run.error.title}. {run.error.detail} {run.error.hint}".strip()
