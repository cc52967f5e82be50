"""The Monitor: listens to everything that happens, remembers it, and warns once."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.units import pico_from_usd, usd_from_text
from steelyard.core.monitor.alerts import AlertWatch, SpendWatch, month_now
from steelyard.core.monitor.happenings import Happenings, alert_marker, note
from steelyard.core.monitor.history import HistoryRoom
from steelyard.core.monitor.otlp import OtlpPusher
from steelyard.core.store.requests import Requests
from steelyard.core.store.run_details import RunDetailsStore
from steelyard.core.store.telemetry_history import TelemetryHistory
from steelyard.core.values import commands as c
from steelyard.core.values.events import (
    AlertFired,
    MarkerSet,
    RunFinished,
    Sampled,
    ServerChanged,
    SettingsChanged,
)
from steelyard.core.values.telemetry import History

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from prometheus_client import CollectorRegistry

    from steelyard.core.monitor.metrics import Metrics
    from steelyard.core.store.database import Database
    from steelyard.core.telemetry.telemetry import Telemetry
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run
    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.telemetry import Alert, Inspection, Marker, RequestPage, Sample

_MAX_NOTE_CHARS = 500
_MAX_REQUESTS = 5_000
_MAX_WINDOW_S = 31 * 86_400.0
_MAX_ROWS = 256
_SOON_S = 60.0  # a run that began a moment after the clock was set back is still in the window

_log = logging.getLogger(__name__)


class Monitor:
    """One for each engine; lives in its loop. `on_event` is called for each event, several times a token."""

    def __init__(
        self,
        database: Database,
        telemetry: Telemetry,
        settings: Callable[[], Settings],
        emit: Callable[[Event], None],
    ) -> None:
        self._telemetry = telemetry
        self._settings = settings
        self._emit = emit
        self._store = TelemetryHistory(database)
        self._requests = Requests(database)
        self._details = RunDetailsStore(database)
        self._history = HistoryRoom(self._store, self._requests)
        self._happenings = Happenings()
        self._alerts = AlertWatch()
        self._spend = SpendWatch()
        self._metrics_: Metrics | None = None
        self._pusher = OtlpPusher(lambda: settings().gateway.otlp_url, self._registry, self._note_problem)
        self._rows: dict[str, ServerRow] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_new_runs = False
        self._is_running = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            Sampled: lambda event: self._on_sample(event.sample),
            RunFinished: lambda event: self._on_run(event.run),
            ServerChanged: lambda event: self._on_server(event.server),
            SettingsChanged: lambda _event: self._on_settings(),
        }

    # ---- life ----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up where the last process ended; the database is open."""
        await self._history.load()
        await self._begin_month()
        self._pusher.start()
        self._is_running = True
        self._on_settings()

    async def stop(self) -> None:
        """Store the minute that goes on; the database is still open."""
        self._is_running = False
        await self._pusher.stop()
        while self._tasks:
            await asyncio.gather(*self._tasks)
        try:
            await self._history.save_open_minute()
        except AppError as exc:
            _log.warning("the last minute was not stored: %s", exc)

    # ---- what happens --------------------------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Look at one event. Text, the most frequent one, is none of its business."""
        handler = self._handlers.get(type(event))
        if handler is None or not self._is_running:
            return
        try:
            handler(event)
        except Exception:  # noqa: BLE001 - what watches must not be in the way of what it watches
            _log.exception("the monitor failed on %s", type(event).__name__)

    def _on_sample(self, sample: Sample) -> None:
        done = self._history.take(sample)
        if done is not None:
            self._later(self._history.save(done))
        settings = self._settings().alerts
        for marker in self._happenings.in_sample(sample):
            self._set(marker)
        alerts = self._alerts.in_sample(sample, settings)
        if self._has_new_runs:
            self._has_new_runs = False
            alerts += self._alerts.in_runs(self._history.recent(), sample.at, settings)
        self.fire(alerts)
        if month_now()[0] != self._spend.month:
            self._later(self._begin_month())

    def _on_run(self, run: Run) -> None:
        self._history.take_run(run)
        self._has_new_runs = True
        if self._wants_metrics():
            self._metrics().count(run)
        if run.cost.usd is not None:
            pico = pico_from_usd(usd_from_text(run.cost.usd))
            self._spend.spent_pico += pico
            self._spend.paid_pico += pico if run.target.kind == "api" else 0
            self._judge_spend()

    def _on_server(self, row: ServerRow) -> None:
        if row.state == "stopped":
            self._rows.pop(row.name, None)
        elif row.name in self._rows or len(self._rows) < _MAX_ROWS:
            self._rows[row.name] = row
        for marker in self._happenings.in_server(row):
            self._set(marker)

    def _on_settings(self) -> None:
        if self._wants_metrics():
            self._metrics()  # counts from now on
        self._judge_spend()

    # ---- what is asked -------------------------------------------------------------------------------------

    async def execute(self, command: c.MonitorCommand) -> Any:
        """Carry out a command.

        Raises:
            AppError: in words for the user.
        """
        match command:
            case c.ReadSample():
                return self._telemetry.latest
            case c.ReadHistory():
                return await self._read_history(command)
            case c.ReadRequests():
                return await self._read_requests(command)
            case c.InspectRun():
                return await self._inspect(command.run_id)
            case c.SetMarker():
                return await self._set_note(command.text)
            case c.ReadMetrics():
                return self.metrics_text()

    def metrics_text(self) -> str:
        """The Prometheus text of the moment. Requests count from when metrics were first wanted."""
        return self._metrics().text()

    async def _read_history(self, command: c.ReadHistory) -> History:
        frame, series = await self._history.lines(command)
        meter = self._telemetry.energy
        return History(
            since=frame.start,
            until=frame.until,
            step_s=frame.step_s,
            times=frame.times,
            series=series,
            markers=await self._store.markers(frame.start, frame.until),
            idle_power_w=meter.idle_power_w,
            power_source=meter.source,
            power_uncertainty=meter.uncertainty,
            predicted_bytes=self._predicted_bytes(),
        )

    async def _read_requests(self, command: c.ReadRequests) -> RequestPage:
        now = time.time()
        since = now - min(_MAX_WINDOW_S, max(1.0, command.window_s))
        limit = min(_MAX_REQUESTS, max(0, command.limit))
        return await self._requests.page(since, limit, command.only, until=now + _SOON_S)

    async def _inspect(self, run_id: str) -> Inspection:
        return await self._details.inspect(run_id)

    async def _set_note(self, text: str) -> Marker:
        words = " ".join(text.split())[:_MAX_NOTE_CHARS]
        if not words:
            raise UsageError("A mark needs a word", hint="Say what happened.")
        marker = note(words)
        await self._store.add_marker(marker)
        self._emit(MarkerSet(marker=marker))
        return marker

    def _predicted_bytes(self) -> int | None:
        """What servers were projected to take: of the GPU where there is one, else of the memory."""
        has_gpu = any(gpu.total_bytes for gpu in self._telemetry.latest.gpus)
        counted = [
            row.predicted_bytes
            for row in self._rows.values()
            if row.pid is not None and row.predicted_bytes is not None and (row.layers_on_gpu or not has_gpu)
        ]
        return sum(counted) if counted else None

    # ---- inside --------------------------------------------------------------------------------------------

    def fire(self, alerts: list[Alert]) -> None:
        """Tell alerts, and keep them among the events."""
        for alert in alerts:
            self._emit(AlertFired(alert=alert))
            self._set(alert_marker(alert.text, alert.at))

    def _set(self, marker: Marker) -> None:
        self._emit(MarkerSet(marker=marker))
        self._later(self._store.add_marker(marker))

    def _judge_spend(self) -> None:
        alerts = self._spend.crossed(self._settings().alerts.month_usd, time.time())
        for alert in alerts:
            self._later(self._requests.tell_step(self._spend.month, alert.above))
        steps, reached = self._spend.cap_crossed(self._settings().costs.month_cap_usd, time.time())
        for step in steps:
            self._later(self._requests.tell_step(_cap_of(self._spend.month), step))
        self.fire(alerts + reached)

    async def _begin_month(self) -> None:
        month, begin = month_now()
        told = await self._requests.steps_told(month)
        spent = await self._requests.spent_pico(begin)
        self._spend.begin_month(month, spent, told)
        cap_told = await self._requests.steps_told(_cap_of(month))
        self._spend.begin_cap(await self._requests.paid_pico(month), cap_told)

    def _note_problem(self, text: str) -> None:
        self._set(note(text))

    def _wants_metrics(self) -> bool:
        gateway = self._settings().gateway
        return self._metrics_ is not None or gateway.metrics or gateway.otlp_url is not None

    def _metrics(self) -> Metrics:
        if self._metrics_ is None:
            from steelyard.core.monitor.metrics import Metrics  # 70 ms that most never need

            self._metrics_ = Metrics(lambda: self._telemetry.latest)
        return self._metrics_

    def _registry(self) -> CollectorRegistry:
        return self._metrics().registry

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside the loop's other work; the history is no reason for anything else to fail."""

        async def carefully() -> None:
            try:
                await work
            except AppError as exc:
                _log.warning("the history was not stored: %s", exc)

        task = asyncio.create_task(carefully())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _cap_of(month: str) -> str:
    """Under which name the steps of a month's cap are kept beside those of its spend."""
    return f"{month} cap"
