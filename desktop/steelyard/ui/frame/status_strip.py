"""The strip that is always visible: engine, loaded weights, memory, rate, money of today."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout

from steelyard.core.values.commands import ListServers, ReadSample, ReadSpending
from steelyard.core.values.events import (
    EngineChanged,
    RunFinished,
    RunStarted,
    Sampled,
    ServerChanged,
    TextArrived,
)
from steelyard.ui.frame import strip_machine, strip_texts
from steelyard.ui.frame.gen_rate import GenRate
from steelyard.ui.widgets.labels import make_line
from steelyard.ui.widgets.strip_segment import StripSegment

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.reports import Spending
    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.telemetry import Sample
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

HEIGHT = 32
NAMES_FROM_PX = 1360
POWER_FROM_PX = 1160
_RAIL_PX = 80
_RATE_MS = 250
_REFRESH_MS = 200
_SILENT_MS = 5_000


class StatusStrip(QFrame):
    """Reads events and asks for money; each segment opens its page."""

    page_wanted = Signal(str)
    """The user clicked a segment of this page."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._state, self._detail = "starting", ""
        self._servers: dict[str, ServerRow] = {}
        self._columns: dict[str, int] = {}
        self._sample: Sample | None = None
        self._silence = ""
        self._rate = GenRate()
        self._is_blind = False
        self.setProperty("role", "strip")
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Status")
        self.engine = StripSegment(theme, "Engine")
        self.models = StripSegment(theme, "Loaded weights")
        self.vram = StripSegment(theme, "Memory")
        self.gpu = StripSegment(theme, "Load")
        self.power = StripSegment(theme, "Power")
        self.gen = StripSegment(theme, "Generation")
        self.today = StripSegment(theme, "Spent today")
        self._lay_out()
        self._rate_timer = QTimer(self, interval=_RATE_MS)
        self._rate_timer.timeout.connect(self._show_rate)
        self._refresh_timer = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refresh_timer.timeout.connect(self._ask_spending)
        self._silent_timer = QTimer(self, singleShot=True, interval=_SILENT_MS)
        self._silent_timer.timeout.connect(self._on_silent)
        self._handlers = {
            EngineChanged: self._on_engine_changed,
            ServerChanged: self._on_server_changed,
            RunStarted: self._on_run_started,
            TextArrived: self._on_text_arrived,
            RunFinished: self._on_run_finished,
            Sampled: self._on_sampled,
        }
        bridge.event_arrived.connect(self._on_event)
        self._show_all()

    @property
    def servers(self) -> list[ServerRow]:
        """The servers that are not stopped."""
        return list(self._servers.values())

    def show_closing(self) -> None:
        """The engine was asked to end, and will say no more than that itself."""
        self._on_engine_changed(EngineChanged(state="closing"))

    @Slot(bool)
    def set_blind(self, is_blind: bool) -> None:
        """While a blind series is open, say nothing that tells which model does what."""
        self._is_blind = is_blind
        self._show_servers()
        self._show_rate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Below the widths that have room for all, names go first, then power."""
        super().resizeEvent(event)
        self._show_servers()
        self.power.setVisible(event.size().width() + _RAIL_PX >= POWER_FROM_PX)

    def _lay_out(self) -> None:
        pages = {
            self.engine: "servers",
            self.models: "servers",
            self.vram: "monitor",
            self.gpu: "monitor",
            self.power: "monitor",
            self.gen: "monitor",
            self.today: "costs",
        }
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(4)
        self._models_line = make_line("vline")
        lines = {self.models: self._models_line, self.vram: None, self.gpu: None, self.today: None}
        for segment, page in pages.items():
            if segment in lines:
                line = lines[segment] or make_line("vline")
                line.setFixedHeight(16)
                row.addWidget(line)
            row.addWidget(segment)
            segment.setObjectName(page)
            segment.clicked.connect(self._on_clicked)
        row.addStretch(1)

    # ---- events --------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: object) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _on_engine_changed(self, event: EngineChanged) -> None:
        self._state, self._detail = event.state, event.detail
        if event.state == "ready":
            self._bridge.run(ListServers(), self._on_servers_listed, self._on_ignored)
            self._ask_spending()
            self._bridge.run(ReadSample(), self._on_sample_read, self._on_ignored)
        else:
            self._rate.clear()
            self._show_rate()
        self._show_engine()

    def _on_server_changed(self, event: ServerChanged) -> None:
        server = event.server
        if server.state == "stopped":
            self._servers.pop(server.name, None)
        else:
            self._servers[server.name] = server
        self._show_servers()
        self._show_engine()

    def _on_sampled(self, event: Sampled) -> None:
        self._on_sample_read(event.sample)

    def _on_sample_read(self, sample: Sample) -> None:
        if self._sample is None or sample.at >= self._sample.at:
            self._sample = sample
            self._silent_timer.start()
            self._show_sample()
            if not self._rate.is_running:
                self._show_rate()

    @Slot()
    def _on_silent(self) -> None:
        """Old figures are not shown as if they were of now."""
        self._sample, self._silence = None, f"The engine has told nothing for {_SILENT_MS // 1000} s."
        self._show_sample()
        self._show_rate()

    def _on_run_started(self, event: RunStarted) -> None:
        run = event.run
        self._columns[run.target.name] = run.column
        if run.target.weights is not None:
            self._columns[run.target.weights.file] = run.column
        self._rate.run_started(run.id, run.target.name)
        self._rate_timer.start()
        self._show_servers()
        self._show_rate()

    def _on_text_arrived(self, event: TextArrived) -> None:
        self._rate.text_arrived(event.run_id, event.chunks, time.monotonic())

    def _on_run_finished(self, event: RunFinished) -> None:
        self._rate.run_finished(event.run.id)
        if not self._rate.is_running:
            self._rate_timer.stop()
        self._refresh_timer.start()
        self._show_rate()

    # ---- asking --------------------------------------------------------------------------------------------

    @Slot()
    def _ask_spending(self) -> None:
        self._bridge.run(ReadSpending(), self._on_spending_read, self._on_spending_failed)

    def _on_servers_listed(self, servers: list[ServerRow]) -> None:
        listed = {server.name: server for server in servers if server.state != "stopped"}
        self._servers = listed | self._servers  # an event is newer than the list
        self._show_servers()
        self._show_engine()

    def _on_ignored(self, error: AppError) -> None:
        """These are only a head start; events tell of every change."""

    def _on_spending_read(self, spending: Spending) -> None:
        self.today.show_pieces(*strip_texts.spending_content(spending, ""))

    def _on_spending_failed(self, error: AppError) -> None:
        self.today.show_pieces(*strip_texts.spending_content(None, error.one_line()))

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_all(self) -> None:
        self._show_engine()
        self._show_servers()
        self._show_rate()
        self.today.show_pieces(*strip_texts.spending_content(None, ""))

    def _show_engine(self) -> None:
        tooltip = self._detail or "The engine starts and watches the model servers."
        self.engine.show_pieces(strip_texts.state_pieces(self._state, self.servers), tooltip)

    def _show_servers(self) -> None:
        servers = self.servers
        with_names = self.width() + _RAIL_PX >= NAMES_FROM_PX
        pieces = strip_texts.model_pieces(servers, self._color_of, with_names=with_names)
        tooltip = strip_texts.models_tooltip(servers)
        if self._is_blind:
            pieces, tooltip = strip_texts.blind_models()
        self.models.show_pieces(pieces, tooltip, spoken=tooltip)
        self.models.setVisible(bool(servers))
        self._models_line.setVisible(bool(servers))
        self._show_sample()

    def _show_sample(self) -> None:
        sample = self._sample
        pieces, why, bar = strip_machine.memory_content(sample, self._silence, self.servers, self._color_of)
        self.vram.show_pieces(pieces, why, bar=bar)
        self.gpu.show_pieces(*strip_machine.load_content(sample))
        self.power.show_pieces(*strip_machine.power_content(sample))

    @Slot()
    def _show_rate(self) -> None:
        if self._is_blind:
            self.gen.show_pieces(*strip_texts.blind_gen(is_running=self._rate.is_running))
            return
        rates = self._rate.rates(time.monotonic())
        self.gen.show_pieces(*strip_texts.gen_content(rates, self._sample, is_running=self._rate.is_running))

    def _color_of(self, server: ServerRow) -> str:
        """The model's colour in the comparison; without one, its place in the strip."""
        if self._is_blind:
            return "s5"
        known = self._columns.get(server.weights)
        column = self._columns.get(server.name) if known is None else known
        if column is None:
            column = list(self._servers).index(server.name)
        return self._theme.series_name(column)

    @Slot()
    def _on_clicked(self) -> None:
        segment = self.sender()
        if segment is not None:
            self.page_wanted.emit(segment.objectName())
