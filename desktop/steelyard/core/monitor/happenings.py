"""What belongs on the time axis, found in states that change: each thing once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.ids import new_id
from steelyard.core.values.telemetry import Marker

if TYPE_CHECKING:
    from steelyard.core.values.servers import Banner, ServerRow
    from steelyard.core.values.telemetry import GpuSample, MarkerKind, Sample

_CALM_S = 30.0  # a limit that is met again so soon is the same event
_MAX_SERVERS = 256
_WORDS = {"thermal": "Thermal throttle", "power": "Power limit", "hardware": "Hardware slowdown"}


@dataclass
class _Known:
    """What was said of a server."""

    state: str
    pid: int | None
    restarts: int
    told_ready: int | None = None
    told_spill: int | None = None


class Happenings:
    """Compares each state with the one before."""

    def __init__(self) -> None:
        self._servers: dict[str, _Known] = {}
        self._throttled: dict[tuple[str, str], float] = {}

    def in_server(self, row: ServerRow) -> list[Marker]:
        """What a server's new row tells."""
        known = self._servers.get(row.name)
        if known is None:
            if len(self._servers) >= _MAX_SERVERS:
                self._servers.pop(next(iter(self._servers)))
            known = self._servers[row.name] = _Known("", None, row.restarts)
        found: list[Marker] = []
        if row.state == "ready" and row.pid is not None and known.told_ready != row.pid:
            known.told_ready = row.pid
            found.append(_marker("cold_start", "Cold start", _loaded(row), row.name))
        spilled = _banner(row, "spilled_to_cpu")
        if spilled is not None and row.pid is not None and known.told_spill != row.pid:
            known.told_spill = row.pid
            found.append(_marker("spill", "Spill to CPU", spilled.text, row.name, spilled.hint))
        if row.restarts > known.restarts:
            found.append(_marker("restart", "Restart", _ended(row), row.name))
        elif row.state in ("stopped", "failed") and known.state not in ("", "stopped", "failed"):
            title = "Unloaded" if row.state == "stopped" else "Server failed"
            found.append(_marker("unload", title, _ended(row), row.name))
        known.state, known.pid, known.restarts = row.state, row.pid, row.restarts
        return found

    def in_sample(self, sample: Sample) -> list[Marker]:
        """Throttling that began."""
        found: list[Marker] = []
        for gpu in sample.gpus:
            for reason in gpu.throttle:
                if reason in _WORDS:
                    before = self._throttled.get((gpu.id, reason))
                    self._throttled[gpu.id, reason] = sample.at
                    if before is None or sample.at - before > _CALM_S:
                        found.append(_marker("throttle", _WORDS[reason], _heat(gpu), at=sample.at))
        return found


def note(text: str) -> Marker:
    """A note of the user's."""
    return _marker("note", text)


def alert_marker(title: str, at: float) -> Marker:
    """An alert's place on the axis."""
    return _marker("alert", "Alert", title, at=at)


def _marker(
    kind: MarkerKind,
    title: str,
    detail: str = "",
    server: str | None = None,
    hint: str = "",
    at: float | None = None,
) -> Marker:
    return Marker(
        id=new_id(),
        at=time.time() if at is None else at,
        kind=kind,
        title=title,
        detail=detail,
        server=server,
        hint=hint,
    )


def _loaded(row: ServerRow) -> str:
    took = "" if row.load_ms is None else f" in {row.load_ms / 1000:.2f} s"
    return f"{row.name} loaded{took}"


def _ended(row: ServerRow) -> str:
    why = row.ended or row.error or ""
    return f"{row.name}: {why}" if why else row.name


def _heat(gpu: GpuSample) -> str:
    facts = [gpu.name]
    if gpu.temperature_c is not None:
        facts.append(f"{gpu.temperature_c:.0f} °C")
    if gpu.power_w is not None:
        facts.append(f"{gpu.power_w:.0f} W")
    if gpu.clock_mhz is not None:
        facts.append(f"{gpu.clock_mhz:.0f} MHz")
    return ", ".join(facts)


def _banner(row: ServerRow, code: str) -> Banner | None:
    return next((banner for banner in row.banners if banner.code == code and banner.text), None)
