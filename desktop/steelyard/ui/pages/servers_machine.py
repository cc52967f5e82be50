"""The memory of the machine: each GPU, or without one the RAM, with what holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.facts_format import DASH, GIB
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.servers_bars import MemoryBar
from steelyard.ui.widgets.servers_fact import InlineFact
from steelyard.ui.widgets.servers_slots import ColorDot
from steelyard.ui.widgets.vram_bar import Bar, BarPart

if TYPE_CHECKING:
    from steelyard.core.values.telemetry import GpuSample, Sample
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme

_ORDER = "Idle servers go first, the cheapest to load again; never a busy one."


@dataclass(frozen=True)
class Held:
    """Memory that one server, or all others together, hold."""

    name: str
    color: str
    size_bytes: int


@dataclass(frozen=True)
class DeviceMemory:
    """One device as the card shows it; None is unknown, `why` says why."""

    title: str
    name: str
    total_bytes: int | None
    used_bytes: int | None
    free_bytes: int | None
    held: tuple[Held, ...]
    predicted_bytes: int | None
    why: str = ""


def devices_of(theme: Theme, store: ServersStore) -> list[DeviceMemory]:
    """The GPUs of the newest sample, or the machine itself."""
    sample = store.sample
    if sample is None:
        return []
    if sample.gpus:
        return [_gpu(theme, store, gpu, is_only=len(sample.gpus) == 1) for gpu in sample.gpus]
    return [_host(theme, store, sample)]


def _gpu(theme: Theme, store: ServersStore, gpu: GpuSample, *, is_only: bool) -> DeviceMemory:
    ours = {
        process.server: process.used_bytes
        for process in gpu.processes
        if process.server is not None and process.used_bytes is not None
    }
    if not ours and is_only:
        ours = {row.name: row.vram_bytes for row in store.rows.values() if row.vram_bytes}
    predicted = _predicted(store) if is_only else None
    title = "GPU memory" if is_only else f"GPU memory, {gpu.id.rsplit(':', 1)[-1][:8]}"
    return _device(
        theme, store, title, plain(gpu.name, 40), gpu.total_bytes, gpu.used_bytes, ours, predicted, ""
    )


def _host(theme: Theme, store: ServersStore, sample: Sample) -> DeviceMemory:
    host = sample.host
    ours = {row.name: row.ram_bytes for row in sample.servers if row.ram_bytes is not None}
    total = host.total_bytes if host is not None else None
    available = host.available_bytes if host is not None else None
    used = total - available if total is not None and available is not None else None
    reasons = [state.reason for state in sample.sources if state.name == "host" and state.reason]
    why = plain(reasons[0]) if reasons else "The machine's memory could not be read."
    return _device(theme, store, "Memory", "RAM, no GPU", total, used, ours, _predicted(store), why)


def _device(
    theme: Theme,
    store: ServersStore,
    title: str,
    name: str,
    total: int | None,
    used: int | None,
    ours: dict[str, int],
    predicted: int | None,
    why: str,
) -> DeviceMemory:
    held = []
    for server, size in ours.items():
        row = store.rows.get(server)
        if row is not None and size:
            shown = t.title_and_quant(row, store.weights_of(server))[0]
            held.append(Held(shown, theme.series_name(store.color_of(server)), size))
    others = max(0, used - sum(item.size_bytes for item in held)) if used is not None else 0
    if others:
        held.append(Held("other", "s5", others))
    free = total - used if total is not None and used is not None else None
    tick = predicted + others if predicted is not None else None
    return DeviceMemory(title, name, total, used, free, tuple(held), tick, why)


def _predicted(store: ServersStore) -> int | None:
    rows = [row for row in store.rows.values() if row.state in {"ready", "loading", "starting"}]
    sizes = [row.predicted_bytes for row in rows]
    if not sizes or any(size is None for size in sizes):
        return None
    return sum(size for size in sizes if size is not None)


class MachineCard(Card):
    """A bar for each device; without a sample it says so."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._theme = theme
        self._shown: tuple[tuple[DeviceMemory, ...], str] | None = None
        self.setAccessibleName("Memory of this machine")
        self.column.setContentsMargins(14, 11, 14, 11)
        self.column.setSpacing(8)
        self._bodies: list[_DeviceView] = []
        self._note = make_label(theme, "Waiting for the first measurement.", "muted", px=12, wrap=True)
        self.column.addWidget(self._note)

    def show_devices(self, devices: list[DeviceMemory], budget: str) -> None:
        """Show what is measured now."""
        wanted = (tuple(devices), budget)
        if wanted == self._shown:
            return
        self._shown = wanted
        while len(self._bodies) < len(devices):
            self._bodies.append(_DeviceView(self._theme))
            self.column.insertWidget(len(self._bodies) - 1, self._bodies[-1])
        for at, body in enumerate(self._bodies):
            body.setVisible(at < len(devices))
            if at < len(devices):
                body.show_device(devices[at])
        self._note.setText(self._sentence(devices, budget))

    def set_low(self, *, is_low: bool) -> None:
        """Leave the small print out where height is scarce."""
        self._note.setVisible(not is_low or not self._bodies)

    @staticmethod
    def _sentence(devices: list[DeviceMemory], budget: str) -> str:
        if not devices:
            return "Waiting for the first measurement."
        ticks = [item.predicted_bytes for item in devices if item.predicted_bytes is not None]
        tick = f"Tick: predicted {ticks[0] / GIB:.2f} GiB. " if len(ticks) == 1 else ""
        return f"{tick}{budget}{_ORDER}"


class _DeviceView(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._title = make_label(theme, "", weight=600)
        self._name = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self._used = Badge(theme)
        self._bar = MemoryBar(theme, 20)
        self._legend = FlowRow(gap=12, line_gap=3)
        self._facts: list[tuple[ColorDot, InlineFact]] = []
        self._free = make_label(theme, "", px=12, weight=600, tabular=True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._name, 1)
        head.addWidget(self._used)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self._legend, 1)
        foot.addWidget(self._free, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addLayout(foot)

    def show_device(self, device: DeviceMemory) -> None:
        total = f"{device.total_bytes / GIB:.1f} GiB" if device.total_bytes is not None else DASH
        self._title.setText(device.title)
        self._name.setText(f"{device.name}, {total}")
        used = f"{device.used_bytes / GIB:.1f} used" if device.used_bytes is not None else f"{DASH} used"
        self._used.show_chip(Chip(used), device.why if device.used_bytes is None else "GiB that are used now")
        parts = tuple(BarPart(item.color, item.size_bytes) for item in device.held)
        spoken = ", ".join(f"{item.name} {t.fine_memory(item.size_bytes)}" for item in device.held)
        self._bar.show_bar(Bar(parts, device.total_bytes or 0, device.predicted_bytes), spoken)
        free = f"{device.free_bytes / GIB:.1f}" if device.free_bytes is not None else DASH
        self._free.setText(f"free {free}")
        self._free.setToolTip(device.why if device.free_bytes is None else "GiB that are free now")
        self._show_legend(device.held)

    def _show_legend(self, held: tuple[Held, ...]) -> None:
        while len(self._facts) < len(held):
            dot = ColorDot(self._theme)
            fact = InlineFact(self._theme, "", None)
            fact.layout().insertWidget(0, dot)  # type: ignore[union-attr]  # it has the layout of its maker
            self._facts.append((dot, fact))
            self._legend.add(fact)
        for at, (dot, fact) in enumerate(self._facts):
            fact.setVisible(at < len(held))
            if at < len(held):
                dot.show_color(held[at].color)
                text = f"{held[at].size_bytes / GIB:.1f}" if held[at].size_bytes >= GIB / 20 else "< 0.1"
                whole = f"{held[at].name}: {t.fine_memory(held[at].size_bytes)}"
                fact.show_value(text, whole, label=held[at].name.split("-")[0][:14])
        self._legend.arrange()
