"""The charts of the Monitor page: made one by one, drawn one by one, only where somebody can see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.monitor_events import FLAG_COLORS
from steelyard.ui.pages.monitor_plans import (
    energy_lines,
    gauges,
    gauges_title,
    latency_lines,
    memory_plan,
    memory_title,
    rate_lines,
)
from steelyard.ui.widgets.chart_layers import Flag
from steelyard.ui.widgets.labels import UNKNOWN
from steelyard.ui.widgets.monitor_chart_card import ChartCard, LineCard, Scene
from steelyard.ui.widgets.monitor_device_card import DeviceCard
from steelyard.ui.widgets.monitor_memory_card import MemoryCard

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.ui.pages.monitor_feed import Feed
    from steelyard.ui.theme.theme import Theme

_TURN_MS = 12
"""Between two charts: what a user types meanwhile goes first."""
_MAIN_PX = (190, 260)
_SMALL_PX = (138, 180)


class Board(QWidget):
    """Memory and device above; rate, latencies and energy below."""

    made = Signal()
    """All charts are there."""
    pointed = Signal(object)
    """The time under the pointer in any chart, or None."""

    def __init__(self, theme: Theme, feed: Feed) -> None:
        super().__init__()
        self._theme = theme
        self._feed = feed
        self._cursor: float | None = None
        self._requests = 0
        self._waiting: list[ChartCard] = []
        self.cards: dict[str, ChartCard] = {}
        self._small = QGridLayout()
        self._main = QGridLayout()
        self._lay_out()
        self._to_make = self._makers()
        self._turn = QTimer(self, interval=_TURN_MS)
        self._turn.timeout.connect(self._on_turn)
        self._turn.start()
        feed.changed.connect(self.draw)
        feed.reloaded.connect(self.draw)
        feed.markers_changed.connect(self.draw)
        theme.changed.connect(self.draw)

    @property
    def cursor_at(self) -> float | None:
        """The time under the pointer."""
        return self._cursor

    def scene(self) -> Scene | None:
        """What the charts show now; None before the history was read."""
        feed = self._feed
        if feed.columns is None:
            return None
        flags = tuple(
            Flag(marker.at, letter, FLAG_COLORS[marker.kind]) for letter, marker in feed.shown_markers
        )
        since = feed.until - feed.window_s
        return Scene(feed.columns, self._origin, since, feed.until, self._cursor, flags)

    def show_requests(self, count: int) -> None:
        """How many requests are in the window: a missing percentile then means too few of them."""
        self._requests = count

    def set_low(self, *, is_low: bool) -> None:
        """A low window leaves room for the tables."""
        for key, card in self.cards.items():
            card.setFixedHeight((_MAIN_PX if key in {"memory", "device"} else _SMALL_PX)[not is_low])

    @Slot()
    def draw(self) -> None:
        """Draw every chart that can be seen, each in a turn of its own."""
        if self._to_make or not self.isVisible() or self.window().isMinimized():
            return
        self._waiting = [card for card in self.cards.values() if not card.visibleRegion().isEmpty()]
        if self._waiting:
            self._tell_plans()
            self._turn.start()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for grid in (self._main, self._small):
            grid.setSpacing(8)
        self._main.setColumnStretch(0, 34)
        self._main.setColumnStretch(1, 17)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._main)
        column.addLayout(self._small)
        self._origin = self._feed.until

    def _makers(self) -> list[tuple[str, Callable[[], ChartCard]]]:
        return [
            ("memory", self._make_memory),
            ("device", self._make_device),
            ("rate", self._make_rate),
            ("ttft", self._make_ttft),
            ("itl", self._make_itl),
            ("energy", self._make_energy),
        ]

    def _make_memory(self) -> ChartCard:
        return MemoryCard(self._theme, self._origin)

    def _make_device(self) -> ChartCard:
        return DeviceCard(self._theme, self._origin)

    def _make_rate(self) -> ChartCard:
        return LineCard(self._theme, "Generation", "tok/s", self._origin)

    def _make_ttft(self) -> ChartCard:
        return LineCard(self._theme, "TTFT", "ms, warm only", self._origin)

    def _make_itl(self) -> ChartCard:
        return LineCard(self._theme, "Inter-token", "ms", self._origin, digits=1)

    def _make_energy(self) -> ChartCard:
        return LineCard(self._theme, "Energy", "J per token, idle subtracted", self._origin, digits=2)

    @Slot()
    def _on_turn(self) -> None:
        if self._to_make:
            self._make_next()
        elif self._waiting:
            card, scene = self._waiting.pop(0), self.scene()
            if scene is not None:
                card.draw(scene)
        else:
            self._turn.stop()

    def _make_next(self) -> None:
        name, make = self._to_make.pop(0)
        card = self.cards[name] = make()
        card.setObjectName(name)
        card.pointed.connect(self._on_pointed)
        card.stepped.connect(self._on_stepped)
        at = len(self.cards) - 1
        if at < 2:
            self._main.addWidget(card, 0, at)
        else:
            self._small.addWidget(card, 0, at - 2)
            self._small.setColumnStretch(at - 2, 1)
        if not self._to_make:
            self.made.emit()
            self.draw()

    def _tell_plans(self) -> None:
        """Lines come and go with servers and devices."""
        feed = self._feed
        assert feed.columns is not None
        missing = "n too small" if self._requests else UNKNOWN
        memory, device = self.cards["memory"], self.cards["device"]
        if isinstance(memory, MemoryCard):
            memory.show_plan(memory_title(feed), memory_plan(feed))
        if isinstance(device, DeviceCard):
            device.show_gauges(*gauges_title(feed), gauges(feed))
        for name, (lines, note) in {
            "rate": rate_lines(feed),
            "ttft": latency_lines("ttft", "No warm request has finished in this window."),
            "itl": latency_lines("itl", "No answer has been streamed in this window."),
            "energy": energy_lines(feed),
        }.items():
            card = self.cards[name]
            if isinstance(card, LineCard):
                card.show_lines(lines, note, missing if name in {"ttft", "itl"} else UNKNOWN)

    # ---- pointing ------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_pointed(self, at: float | None) -> None:
        """The line and the values under the pointer, in all charts at once."""
        self._cursor = at
        scene = self.scene()
        if scene is not None and not self._to_make:
            for card in self.cards.values():
                if not card.visibleRegion().isEmpty():
                    card.point(scene)
        self.pointed.emit(at)

    @Slot(int)
    def _on_stepped(self, direction: int) -> None:
        feed = self._feed
        if feed.columns is not None:
            step = max(feed.columns.step_s, feed.window_s / 300)
            at = (feed.until if self._cursor is None else self._cursor) + direction * step
            self._on_pointed(min(feed.until, max(feed.until - feed.window_s, at)))
