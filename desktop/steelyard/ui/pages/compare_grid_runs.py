"""Asks a whole table of prompts, resumes one, opens a stored one; brings what comes back into its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import ResumeComparison, StartComparison
from steelyard.core.values.profiles import LaunchProfile
from steelyard.ui.pages.compare_grid_state import GridState
from steelyard.ui.pages.compare_targets import TargetRef, unknown_ref
from steelyard.ui.pages.compare_turn import Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison, ComparisonHistory, NotComparable
    from steelyard.core.values.events import Event
    from steelyard.ui.bridge import Bridge, Call


class GridRuns(QObject):
    """One table at a time."""

    begun = Signal()
    """Another table is there, or one goes on."""
    touched = Signal(object)
    """A set of `Place`: cells that are others now."""
    finished = Signal()
    """Nothing is on its way any more."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._call: Call | None = None
        self.state: GridState | None = None
        bridge.event_arrived.connect(self._on_event)

    @property
    def is_running(self) -> bool:
        """Whether a table is on its way."""
        return self.state is not None and self.state.is_running

    @property
    def can_resume(self) -> bool:
        """Whether runs of the table on the screen are missing."""
        state = self.state
        return state is not None and not state.is_running and bool(state.missing_runs and state.comparison_id)

    def start(self, sent: Sent, refs: list[TargetRef], cases: list[dict[str, str]]) -> None:
        """Ask every row of every target."""
        self.state = GridState(sent, list(refs), cases, title=" ".join(sent.prompt.split()))
        command = StartComparison(
            targets=[ref.target for ref in refs],
            prompt=sent.prompt,
            system=sent.system,
            attachments=list(sent.attachments),
            sampling=sent.sampling,
            schedule=sent.schedule,
            repeat=sent.repeat,
            warm_up=sent.warm_up,
            cache_prompt=sent.cache_prompt,
            profile=LaunchProfile(context_tokens=sent.context_tokens),
            cases=cases,
        )
        self._launch(command)

    def rerun(self) -> None:
        """The same table again, as a comparison of its own."""
        if self.state is not None and not self.state.is_running:
            self.start(self.state.sent, self.state.refs, self.state.cases)

    def resume(self) -> None:
        """Ask for what is missing."""
        state = self.state
        if state is not None and state.comparison_id is not None and self.can_resume:
            self._launch(ResumeComparison(id=state.comparison_id))

    def stop(self) -> None:
        """Stop it; what has arrived stays."""
        if self._call is not None:
            self._call.cancel()
        self._call = None
        if self.state is not None and self.state.is_running:
            self.state.stop()
            self.finished.emit()

    def clear(self) -> None:
        """No table any more."""
        self.stop()
        self.state = None

    def restore(self, stored: ComparisonHistory, known: Iterable[TargetRef]) -> None:
        """Show a stored table; what it lacks can be resumed."""
        self.stop()
        self.state = restored(stored, known)
        self.begun.emit()

    def _launch(self, command: StartComparison | ResumeComparison) -> None:
        assert self.state is not None
        self._call = self._bridge.run(command, on_done=self._on_done, on_error=self._on_error)
        if isinstance(command, ResumeComparison):
            self.state.resume(self._call.request)
        else:
            self.state.begin(self._call.request)
        self.begun.emit()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.state is not None:
            places = self.state.apply(event)
            if places:
                self.touched.emit(places)

    def _on_done(self, comparison: Comparison) -> None:
        self._call = None
        if self.state is not None:
            self.state.finish(comparison)
            self.finished.emit()

    def _on_error(self, error: AppError) -> None:
        self._call = None
        if self.state is not None:
            self.state.fail(error)
            self._bridge.error_raised.emit(error)
            self.finished.emit()


def restored(stored: ComparisonHistory, known: Iterable[TargetRef]) -> GridState:
    """A stored table as it was left."""
    plan = stored.plan
    assert plan is not None
    refs = {ref.target: ref for ref in known}
    sent = Sent(
        plan.prompt,
        plan.system,
        plan.sampling,
        plan.schedule,
        stored.started_at,
        tuple(plan.attachments),
        repeat=plan.repeat,
        warm_up=plan.warm_up,
        context_tokens=plan.profile.context_tokens,
    )
    columns = [refs.get(column.target, unknown_ref(column.target)) for column in stored.columns]
    state = GridState(sent, columns, plan.cases, title=stored.title, comparison_id=stored.id)
    excluded: dict[str, list[NotComparable]] = {}
    for entry in stored.not_comparable:
        excluded.setdefault(entry.run_id, []).append(entry)
    for column in stored.columns:
        for answer in column.answers:
            if answer.run.turn == 0:
                state.take_run(answer.run, excluded.get(answer.run.id, []))
    state.stop()
    state.summary, state.missing_runs = stored.summary, stored.missing_runs
    return state
