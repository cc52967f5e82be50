"""Sends prompts and brings what comes back into the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import PinAnswer, ResumeComparison, StartComparison
from steelyard.core.values.profiles import LaunchProfile
from steelyard.ui.pages.compare_state import Ask

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_arrivals import Change
    from steelyard.ui.pages.compare_state import CompareState
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Sent, Turn


class CompareRuns(QObject):
    """The comparisons on their way; widgets listen to `changed`."""

    changed = Signal(object)
    """A list of `Change`."""
    sent = Signal(object)
    """A list of `Column` to which a prompt went out."""
    progressed = Signal()
    """How far it is has changed."""
    finished = Signal()
    """A request is over, whatever became of it."""
    resumed = Signal(str)
    """The comparison with this id has what it lacked."""

    def __init__(self, bridge: Bridge, state: CompareState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._state = state
        self._flights: list[_Flight] = []
        self._waiting: list[tuple[Sent, Ask]] = []
        bridge.event_arrived.connect(self._on_event)

    # ---- asking --------------------------------------------------------------------------------------------

    def send(self, sent: Sent) -> None:
        """A new prompt: a further turn where that is possible, else a new comparison."""
        if self._state.can_continue:
            self.ask(sent, self._state.follow_ups())
        else:
            self._launch(self._command(sent, self._state.targets), sent, None)

    def ask(self, sent: Sent, asks: list[Ask]) -> None:
        """Ask these columns, each going on from the answer that is named; all of them are stored ones."""
        if not asks:
            return
        command = self._command(
            sent,
            [ask.column.ref.target for ask in asks],
            continues=self._state.comparison_id,
            columns=[ask.column.position for ask in asks],
            parents=[ask.parent.run_id if ask.parent is not None else None for ask in asks],
        )
        self._launch(command, sent, asks)

    def ask_in_turn(self, sent: Sent, asks: list[Ask]) -> None:
        """Ask these columns one by one, each when the one before is over."""
        self._waiting = [(sent, ask) for ask in asks]
        self._ask_next()

    def rerun(self, sent: Sent) -> None:
        """The last question again, to all columns whose answer is not pinned."""
        if self._state.is_stored:
            self.ask(sent, self._state.reruns())
        else:
            self._launch(self._command(sent, self._state.targets), sent, None)

    def regenerate(self, column: Column, turn: Turn, sent: Sent | None = None) -> None:
        """Another answer to a question of one column, beside the ones that are there."""
        if column.is_busy:
            return
        if column.position is None or self._state.comparison_id is None:
            self._launch(self._command(sent or turn.sent, self._state.targets), sent or turn.sent, None)
        else:
            self.ask(sent or turn.sent, [Ask(column, turn.parent)])

    def resume(self) -> None:
        """Ask for what the comparison on the screen still lacks."""
        comparison_id = self._state.comparison_id
        if comparison_id is None or self._state.is_streaming:
            return
        flight = self._start(ResumeComparison(id=comparison_id))
        self._state.begin_rest(flight.request)
        self.sent.emit([])

    def pin(self, turn: Turn, *, is_pinned: bool) -> None:
        """Keep an answer through reruns, or no longer."""
        if turn.run is not None:
            turn.is_pinned = is_pinned
            self._bridge.run(PinAnswer(run_id=turn.run.id, is_pinned=is_pinned))

    def stop(self) -> None:
        """Stop everything; what has arrived stays."""
        self._waiting.clear()
        for flight in self._flights:
            flight.call.cancel()
        self._flights.clear()
        self.changed.emit(self._state.stop())
        self.finished.emit()

    # ---- inside --------------------------------------------------------------------------------------------

    @staticmethod
    def _command(sent: Sent, targets: list[str], **changes: Any) -> StartComparison:
        return StartComparison(
            targets=targets,
            prompt=sent.prompt,
            system=sent.system,
            attachments=list(sent.attachments),
            sampling=sent.sampling,
            schedule=sent.schedule,
            repeat=sent.repeat,
            warm_up=sent.warm_up,
            cache_prompt=sent.cache_prompt,
            profile=LaunchProfile(context_tokens=sent.context_tokens),
            **changes,
        )

    def _launch(self, command: StartComparison, sent: Sent, asks: list[Ask] | None) -> None:
        flight = self._start(command)
        self.sent.emit(self._state.begin(flight.request, sent, asks))

    def _start(self, command: StartComparison | ResumeComparison) -> _Flight:
        flight = _Flight(self, isinstance(command, ResumeComparison))
        flight.call = self._bridge.run(command, on_done=flight.on_done, on_error=flight.on_error)
        self._flights.append(flight)
        return flight

    @Slot(object)
    def _on_event(self, event: Any) -> None:
        progress = self._state.progress
        changes = self._state.apply(event)
        if changes:
            self.changed.emit(changes)
        if self._state.progress is not progress:
            self.progressed.emit()

    def land(self, flight: _Flight, changes: list[Change]) -> None:
        """A request is over."""
        if flight in self._flights:
            self._flights.remove(flight)
        flight.deleteLater()
        self.changed.emit(changes)
        self._ask_next()
        self.finished.emit()

    def _ask_next(self) -> None:
        if self._waiting and not self._flights:
            sent, ask = self._waiting.pop(0)
            self.ask(sent, [ask])

    def finish(self, flight: _Flight, comparison: Comparison) -> None:
        """A request was answered."""
        self.land(flight, self._state.finish(flight.request, comparison))
        if flight.is_rest and self._state.comparison_id == comparison.id:
            self.resumed.emit(comparison.id)

    def fail(self, flight: _Flight, error: AppError) -> None:
        """A request was refused."""
        self.land(flight, self._state.fail(flight.request, error))
        if flight.is_rest:
            self._bridge.error_raised.emit(error)


class _Flight(QObject):
    """One request on its way: ties the answer to the request."""

    call: Call

    def __init__(self, runs: CompareRuns, is_rest: bool) -> None:
        super().__init__(runs)
        self._runs = runs
        self.is_rest = is_rest

    @property
    def request(self) -> str:
        """The request's id."""
        return self.call.request

    def on_done(self, comparison: Comparison) -> None:
        """Answered."""
        self._runs.finish(self, comparison)

    def on_error(self, error: AppError) -> None:
        """Refused."""
        self._runs.fail(self, error)
