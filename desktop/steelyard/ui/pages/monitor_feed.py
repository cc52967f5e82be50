"""What the Monitor page knows: the history, what was appended since, events, devices. No widgets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values.commands import ListServers, ReadHistory, ReadSample
from steelyard.core.values.events import EngineChanged, MarkerSet, RunFinished, Sampled, ServerChanged
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.monitor_series import Machine, ServerColors, figures, machine_of

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.telemetry import History, Marker, Sample
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.widgets.chart_columns import Columns

WINDOWS: dict[str, tuple[str, float, int]] = {
    "300": ("5 min", 300.0, 300),
    "900": ("15 min", 900.0, 900),
    "3600": ("1 h", 3_600.0, 3_600),
    "86400": ("24 h", 86_400.0, 1_440),
}
"""By key: what the button says, seconds, most points."""
_AGAIN_MS = 20_000
_SOON_MS = 1_500
_TAIL_S = 180.0
_TAIL_STEPS = 5
_CLOCK_SLACK_S = 120.0
_AHEAD_S = 5.0
"""An event may be newer than the last sample; it is listed at once."""
_MOST_MARKERS = 500
RUNS = "runs."


class Feed(QObject):
    """Reads the history once, then appends each sample; what comes from finished runs is read on."""

    changed = Signal()
    """There is something newer to draw."""
    reloaded = Signal()
    """The history was read, or another window was chosen."""
    markers_changed = Signal()
    """Events were added."""
    aged = Signal()
    """Some time has gone by: what was in the window may no longer be."""
    failed = Signal(str)
    """The history could not be read; empty when it could."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.columns: Columns | None = None
        self.history: History | None = None
        self.sample: Sample | None = None
        self.machine = Machine()
        self.colors = ServerColors()
        self.servers: dict[str, ServerRow] = {}
        self.markers: list[Marker] = []
        self.window = "900"
        self._frozen_at: float | None = None
        self._reading = Latest(bridge, self)
        self._tail = Latest(bridge, self)
        self._again = QTimer(self, interval=_AGAIN_MS)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._reading.answered.connect(self._on_history)
        self._reading.failed.connect(self._on_failed)
        self._tail.answered.connect(self._on_tail)
        self._again.timeout.connect(self._on_aged)
        self._soon.timeout.connect(self._read_tail)
        self._handlers = {
            Sampled: self._on_sampled,
            MarkerSet: self._on_marker_set,
            RunFinished: self._on_run_finished,
            ServerChanged: self._on_server_changed,
            EngineChanged: self._on_engine_changed,
        }
        bridge.event_arrived.connect(self._on_event)

    @property
    def window_s(self) -> float:
        """How many seconds are shown."""
        return WINDOWS[self.window][1]

    @property
    def is_paused(self) -> bool:
        """Whether the display stands still; what arrives is kept."""
        return self._frozen_at is not None

    @property
    def until(self) -> float:
        """The right end of the time axis, epoch seconds."""
        if self._frozen_at is not None:
            return self._frozen_at
        return self.sample.at if self.sample is not None else time.time()

    @property
    def shown_markers(self) -> list[tuple[str, Marker]]:
        """Events in view with their letters, oldest first; a letter stays with its event."""
        since, until = self.until - self.window_s, self.until + (0 if self.is_paused else _AHEAD_S)
        return [
            (chr(ord("A") + at % 26), marker)
            for at, marker in enumerate(self.markers)
            if since <= marker.at <= until
        ]

    @property
    def predicted_bytes(self) -> int | None:
        """What our servers were projected to hold where their memory is charted."""
        if self.machine.has_gpu:
            return self.history.predicted_bytes if self.history is not None else None
        sizes = [row.predicted_bytes for row in self.servers.values() if row.state == "ready"]
        known = [size for size in sizes if size is not None]
        return sum(known) if known and len(known) == len(sizes) else None

    def start(self) -> None:
        """Begin; the library of the arrays has been imported by now."""
        from steelyard.ui.widgets.chart_columns import Columns

        self.columns = Columns()
        self._again.start()
        self.load()

    @Slot()
    def load(self) -> None:
        """Read everything that is in the window."""
        if self.columns is None:
            return
        _, seconds, points = WINDOWS[self.window]
        self._tail.drop()
        self._bridge.run(ListServers(), self._on_servers, self._on_ignored)
        self._bridge.run(ReadSample(), self._on_sample, self._on_ignored)
        self._reading.ask(ReadHistory(window_s=seconds, points=points))

    def choose(self, window: str) -> None:
        """Show another stretch of time."""
        self.window = window
        self.load()

    def pause(self, *, is_paused: bool) -> None:
        """Let the display stand still, or go on."""
        self._frozen_at = self.until if is_paused else None
        self.changed.emit()

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_history(self, history: History) -> None:
        assert self.columns is not None
        self.history = history
        self.columns.load(history, WINDOWS[self.window][2])
        self.markers = sorted(history.markers, key=_at)[-_MOST_MARKERS:]
        self.failed.emit("")
        self.reloaded.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.failed.emit(error.one_line())

    @Slot(object)
    def _on_tail(self, history: History) -> None:
        if self.columns is not None:
            self.history = history
            self.columns.merge(history, RUNS)
            self._add_markers(history.markers)
            self.changed.emit()

    def _on_servers(self, rows: list[ServerRow]) -> None:
        for row in rows:
            self.servers[row.name] = row
            self.colors.token(row.name)

    def _on_sample(self, sample: Sample) -> None:
        if self.sample is None or sample.at > self.sample.at:
            self.sample = sample
            self.machine = machine_of(sample)
            self.changed.emit()

    def _on_ignored(self, error: AppError) -> None:
        """These are a head start; events tell the same."""

    @Slot()
    def _on_aged(self) -> None:
        if not self.is_paused:
            self._read_tail()
            self.aged.emit()

    @Slot()
    def _read_tail(self) -> None:
        """What is computed from finished runs, and the baseline, come with a short history."""
        if self.columns is not None and self.history is not None and not self._reading.is_busy:
            _, seconds, points = WINDOWS[self.window]
            back_s = max(_TAIL_S, _TAIL_STEPS * self.columns.step_s)
            now = self.sample.at if self.sample is not None else time.time()
            self._tail.ask(ReadHistory(window_s=seconds, points=points, since=now - back_s))

    # ---- events --------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: object) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)  # type: ignore[operator]  # each takes the event that it stands for

    def _on_sampled(self, event: Sampled) -> None:
        self.sample = event.sample
        self.machine = machine_of(event.sample)
        for server in event.sample.servers:
            self.colors.token(server.name)
        if self.columns is not None:
            is_set_back = event.sample.at < self.columns.last - _CLOCK_SLACK_S
            if is_set_back and self.history is not None and not self._reading.is_busy:
                self.load()  # the machine's clock was set back
            self.columns.append(event.sample.at, figures(event.sample))
        if not self.is_paused:
            self.changed.emit()

    def _on_marker_set(self, event: MarkerSet) -> None:
        self._add_markers([event.marker])

    def _add_markers(self, markers: list[Marker]) -> None:
        known = {marker.id for marker in self.markers}
        fresh = [marker for marker in markers if marker.id not in known]
        if fresh:
            self.markers = sorted([*self.markers, *fresh], key=_at)
            self.markers_changed.emit()

    def _on_run_finished(self, _event: RunFinished) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_server_changed(self, event: ServerChanged) -> None:
        row = event.server
        if row.state == "stopped":
            self.servers.pop(row.name, None)
        else:
            self.servers[row.name] = row
            self.colors.token(row.name)

    def _on_engine_changed(self, event: EngineChanged) -> None:
        if event.state == "ready":
            self.load()


def _at(marker: Marker) -> float:
    return marker.at
