"""Sends prompts and brings what comes back into the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import StartComparison

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import Comparison
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_state import Change, Column, CompareState, Sent


class CompareRuns(QObject):
    """The comparisons on their way; widgets listen to `changed`."""

    changed = Signal(object)
    """A list of `Change`."""
    sent = Signal(object)
    """A list of `Column` to which a prompt went out."""
    finished = Signal()
    """A request is over, whatever became of it."""

    def __init__(self, bridge: Bridge, state: CompareState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._state = state
        self._flights: list[_Flight] = []
        bridge.event_arrived.connect(self._on_event)

    def send(self, sent: Sent) -> None:
        """A new prompt: a further turn where that is possible, else a new comparison."""
        state = self._state
        is_further = state.can_continue
        command = self._command(
            sent,
            state.targets,
            continues=state.comparison_id if is_further else None,
            histories=state.histories() if is_further else [],
        )
        self._start(command, sent, "further" if is_further else "new")

    def rerun(self, sent: Sent) -> None:
        """The last prompt again, as a comparison of its own with the same history."""
        histories = self._state.histories(is_rerun=True)
        how: Literal["again", "new"] = "again" if histories else "new"
        self._start(self._command(sent, self._state.targets, histories=histories), sent, how)

    def rerun_column(self, column: Column) -> None:
        """The last prompt again for one column, as a comparison of its own."""
        sent = self._state.sent
        if sent is None or column.turn is None or column.turn.is_open:
            return
        history = column.history(-1)
        command = self._command(sent, [column.ref.target], histories=[history] if history else [])
        flight = self._launch(command)
        self._state.start_one(flight.request, column)
        self.sent.emit([column])

    def stop(self) -> None:
        """Stop everything; what has arrived stays."""
        for flight in self._flights:
            flight.call.cancel()
        self._flights.clear()
        self.changed.emit(self._state.stop())
        self.finished.emit()

    # ---- inside --------------------------------------------------------------------------------------------

    def _command(self, sent: Sent, targets: list[str], **changes: Any) -> StartComparison:
        return StartComparison(
            targets=targets,
            prompt=sent.prompt,
            system=sent.system,
            sampling=sent.sampling,
            schedule=sent.schedule,
            **changes,
        )

    def _start(self, command: StartComparison, sent: Sent, how: Literal["new", "further", "again"]) -> None:
        flight = self._launch(command)
        self._state.start(flight.request, sent, how)
        self.sent.emit(self._state.columns)

    def _launch(self, command: StartComparison) -> _Flight:
        flight = _Flight(self)
        flight.call = self._bridge.run(command, on_done=flight.on_done, on_error=flight.on_error)
        self._flights.append(flight)
        return flight

    @Slot(object)
    def _on_event(self, event: Any) -> None:
        changes = self._state.apply(event)
        if changes:
            self.changed.emit(changes)

    def land(self, flight: _Flight, changes: list[Change]) -> None:
        """A request is over."""
        if flight in self._flights:
            self._flights.remove(flight)
        flight.deleteLater()
        self.changed.emit(changes)
        self.finished.emit()

    def finish(self, flight: _Flight, comparison: Comparison) -> None:
        """A request was answered."""
        self.land(flight, self._state.finish(flight.request, comparison))

    def fail(self, flight: _Flight, error: AppError) -> None:
        """A request was refused."""
        self.land(flight, self._state.fail(flight.request, error))


class _Flight(QObject):
    """One request on its way: ties the answer to the request."""

    call: Call

    def __init__(self, runs: CompareRuns) -> None:
        super().__init__(runs)
        self._runs = runs

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
