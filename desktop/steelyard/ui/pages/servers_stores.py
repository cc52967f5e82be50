"""What the Servers page knows: servers, measurements, weights, the door, servers of other programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values import commands as c
from steelyard.core.values.events import (
    EngineChanged,
    GatewayChanged,
    LibraryChanged,
    ProfilesChanged,
    RoomWanted,
    Sampled,
    ServerChanged,
)
from steelyard.core.values.weights import Shelf
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.servers_texts import is_idle_end, title_and_quant

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import FoundServer, GatewayRow, RoomPlan, ServerDetail, ServerRow
    from steelyard.core.values.telemetry import Sample
    from steelyard.core.values.weights import WeightsRow
    from steelyard.ui.bridge import Bridge

TICK_MS = 1000
_MOST_WATT_ASKS = 60
_EXPECTED_S = 20.0


class ServersStore(QObject):
    """Listens always, asks once a second while the page is visible."""

    rows_changed = Signal()
    """A server came, went or changed."""
    listed = Signal(object)
    """The first list is there (None), or could not be had (an `AppError`)."""
    ticked = Signal()
    """A second went by; only while the page is visible."""
    sample_changed = Signal()
    shelf_changed = Signal()
    gateway_changed = Signal()
    found_changed = Signal()
    profiles_changed = Signal()
    ended_changed = Signal(str)
    """More is known of a server that has ended."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.rows: dict[str, ServerRow] = {}
        self.stamps_s: dict[str, float] = {}
        """When a row was told, on the monotonic clock."""
        self.wanted: dict[str, RoomPlan] = {}
        """Weights that wait for a yes of the user's, with what would have to go."""
        self.sample: Sample | None = None
        self.shelf = Shelf(weights=[])
        self.is_shelf_read = False
        self.gateway: GatewayRow | None = None
        self.found: list[FoundServer] = []
        self.ended: dict[str, ServerDetail] = {}
        self.is_listed = False
        self._watt_asks: dict[str, int] = {}
        self._expected: dict[str, float] = {}
        self._list = Latest(bridge, self)
        self._list.answered.connect(self._on_listed)
        self._list.failed.connect(self._on_list_failed)
        self._found = Latest(bridge, self)
        self._found.answered.connect(self._on_found)
        self._found.failed.connect(self._on_quiet)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._handlers = {
            ServerChanged: self._on_server,
            EngineChanged: self._on_engine,
            Sampled: self._on_sampled,
            GatewayChanged: self._on_gateway,
            LibraryChanged: self._on_library,
            ProfilesChanged: self._on_profiles,
            RoomWanted: self._on_room_wanted,
        }
        bridge.event_arrived.connect(self._on_event)

    def load(self) -> None:
        """Ask for everything."""
        self._list.ask(c.ListServers(with_ended=True))
        self._bridge.run(c.ListWeights(), self._on_shelf, self._on_quiet)
        self._bridge.run(c.ReadGateway(), self._on_gateway_read, self._on_quiet)
        self._bridge.run(c.ReadSample(), self._on_sample_read, self._on_quiet)
        self.find()

    def find(self) -> None:
        """Look for servers of other programs."""
        self._found.ask(c.FindServers())

    def watch(self, *, is_on: bool) -> None:
        """Ask once a second, or stop asking."""
        if is_on == self._timer.isActive():
            return
        if is_on:
            self._timer.start()
            self.load()
        else:
            self._timer.stop()

    def weights_of(self, name: str) -> WeightsRow | None:
        """The listed weights with this name or path."""
        row = self.rows.get(name)
        keys = {name} if row is None else {name, row.weights}
        return next((item for item in self.shelf.weights if item.name in keys or item.path in keys), None)

    def color_of(self, name: str) -> int:
        """The place of a server's colour."""
        names = list(self.rows)
        return names.index(name) if name in names else len(names)

    def title_of(self, name: str) -> str:
        """A server's name as people read it."""
        row = self.rows.get(name)
        return title_and_quant(row, self.weights_of(name))[0] if row is not None else name

    def named(self, plan: RoomPlan) -> RoomPlan:
        """A plan with the titles of the servers in place of their names."""
        evict, waits_for = ([self.title_of(name) for name in names] for names in (plan.evict, plan.waits_for))
        return msgspec.structs.replace(plan, evict=evict, waits_for=waits_for)

    def unload_in_s(self, row: ServerRow) -> float | None:
        """Seconds until it is ended for being idle, counted on since it was told."""
        if row.unload_in_s is None:
            return None
        return max(0.0, row.unload_in_s - (time.monotonic() - self.stamps_s[row.name]))

    def drop_wanted(self, target: str) -> None:
        """The user decided."""
        if self.wanted.pop(target, None) is not None:
            self.rows_changed.emit()

    def expect(self, name: str) -> None:
        """This server is restarted: while its process changes it may be missing from the list."""
        self._expected[name] = time.monotonic() + _EXPECTED_S

    def drop_row(self, name: str) -> None:
        """A server was taken off the list."""
        self._expected.pop(name, None)
        if self.rows.pop(name, None) is not None:
            self.ended.pop(name, None)
            self.rows_changed.emit()

    # ---- events --------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: object) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def _on_server(self, event: ServerChanged) -> None:
        if self._take(event.server):
            self.rows_changed.emit()

    def _take(self, row: ServerRow) -> bool:
        """Keep a row; whether it says anything new."""
        old = self.rows.get(row.name)
        self.stamps_s[row.name] = time.monotonic()
        self.rows[row.name] = row
        if row.state != "stopped":
            self._watt_asks.pop(row.name, None)
        if old is not None and _without_clock(old) == _without_clock(row):
            return False
        if row.state != "waiting":
            self.wanted.pop(row.name, None)
        has_ended = row.state in {"stopped", "failed"}
        if has_ended and (old is None or old.state != row.state or row.name not in self.ended):
            self._bridge.run(c.ReadServer(name=row.name), self._on_ended_read, self._on_quiet)
        return True

    def _on_engine(self, event: EngineChanged) -> None:
        if event.state == "ready":
            self.load()

    def _on_sampled(self, event: Sampled) -> None:
        self._on_sample_read(event.sample)

    def _on_sample_read(self, sample: Sample | None) -> None:
        if sample is not None and sample != self.sample:
            self.sample = sample
            self.sample_changed.emit()

    def _on_gateway(self, event: GatewayChanged) -> None:
        self._on_gateway_read(event.gateway)

    def _on_gateway_read(self, gateway: GatewayRow) -> None:
        if gateway != self.gateway:
            self.gateway = gateway
            self.gateway_changed.emit()

    def _on_library(self, _event: LibraryChanged) -> None:
        self._bridge.run(c.ListWeights(), self._on_shelf, self._on_quiet)

    def _on_profiles(self, _event: ProfilesChanged) -> None:
        self.profiles_changed.emit()

    def _on_room_wanted(self, event: RoomWanted) -> None:
        self.wanted[event.target] = event.plan
        self.rows_changed.emit()

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_listed(self, rows: list[ServerRow]) -> None:
        is_first = not self.is_listed
        self.is_listed = True
        names = {row.name for row in rows}
        now_s = time.monotonic()
        self._expected = {name: until for name, until in self._expected.items() if until > now_s}
        here = {row.weights for row in rows if row.name not in self.rows}
        for name in [
            name for name in self._expected if name in self.rows and self.rows[name].weights in here
        ]:
            del self._expected[name]  # it is back under another name
        gone = [name for name in self.rows if name not in names and name not in self._expected]
        for name in self._expected.keys() & self.rows.keys() - names:
            self.rows[name] = msgspec.structs.replace(
                self.rows[name], state="starting", pid=None, slots_busy=0
            )
        for name in gone:
            self.rows.pop(name)
            self.ended.pop(name, None)
        is_new = [self._take(row) for row in rows]
        if is_first:
            self.listed.emit(None)
        if any(is_new) or gone or is_first or self._expected:
            self.rows_changed.emit()

    @Slot(object)
    def _on_list_failed(self, error: AppError) -> None:
        if not self.is_listed:
            self.listed.emit(error)

    def _on_shelf(self, shelf: Shelf) -> None:
        self.is_shelf_read = True
        self.shelf = shelf
        self.shelf_changed.emit()

    @Slot(object)
    def _on_found(self, found: list[FoundServer]) -> None:
        if found != self.found:
            self.found = found
            self.found_changed.emit()

    def _on_ended_read(self, detail: ServerDetail) -> None:
        self.ended[detail.row.name] = detail
        self.ended_changed.emit(detail.row.name)

    @Slot(object)
    def _on_quiet(self, _error: AppError) -> None:
        """These questions are asked by themselves: what they would have shown stays unknown."""

    @Slot()
    def _on_tick(self) -> None:
        if not self._list.is_busy:
            self._list.ask(c.ListServers(with_ended=True))
        self._ask_watts()
        self.ticked.emit()

    def _ask_watts(self) -> None:
        """The watts after an unload are known only some seconds later."""
        for name, row in self.rows.items():
            detail = self.ended.get(name)
            is_open = detail is not None and detail.idle_before_w is not None and detail.idle_after_w is None
            if is_open and is_idle_end(row) and self._watt_asks.get(name, 0) < _MOST_WATT_ASKS:
                self._watt_asks[name] = self._watt_asks.get(name, 0) + 1
                self._bridge.run(c.ReadServer(name=name), self._on_ended_read, self._on_quiet)


def _without_clock(row: ServerRow) -> tuple[ServerRow, bool]:
    """A row without what only counts seconds: those the page counts itself."""
    return msgspec.structs.replace(row, idle_s=None, unload_in_s=None), row.unload_in_s is None
