"""Apple's unified memory. What its GPU does otherwise is told to root only, so it stays unknown here."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from steelyard.core.telemetry.host_memory import read_host_memory
from steelyard.core.telemetry.source import Reading
from steelyard.core.values.telemetry import GpuSample

if TYPE_CHECKING:
    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.telemetry import SourceName

_REASON = "power, temperature and utilisation are told to root only (powermetrics)"
_PROCESSES = "memory is shared with the CPU: look at the servers' RAM"


class AppleSource:
    """The GPU of an Apple chip: it shares the machine's memory."""

    name: SourceName = "apple"

    def __init__(self, system: str = sys.platform, machine: str | None = None) -> None:
        self._is_there = system == "darwin" and (machine or platform.machine()) == "arm64"

    @property
    def rings(self) -> list[PowerRing]:
        """None: its power is told to root only."""
        return []

    def watch(self, pids: tuple[int, ...]) -> None:
        """Processes are the host's."""

    def read(self) -> Reading:
        """The machine's memory."""
        if not self._is_there:
            return Reading("absent", "no Apple GPU")
        total, free = read_host_memory()
        gpu = GpuSample(
            id="apple:0",
            name="Apple GPU (unified memory)",
            source="apple",
            total_bytes=total,
            used_bytes=max(0, total - free),
            free_bytes=free,
            processes_reason=_PROCESSES,
        )
        return Reading("ok", _REASON, [gpu])

    def read_power(self) -> None:
        """It has no meter."""

    def close(self) -> None:
        """Nothing is held."""
