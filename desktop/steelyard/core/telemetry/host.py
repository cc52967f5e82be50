"""The machine itself: CPU, memory, pressure, and what our servers use of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from steelyard.core.telemetry import sane
from steelyard.core.telemetry.host_memory import read_host_memory
from steelyard.core.telemetry.source import ProcessUse, Reading
from steelyard.core.values.telemetry import HostSample

if TYPE_CHECKING:
    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.telemetry import SourceName

_PRESSURE = Path("/proc/pressure/memory")


class HostSource:
    """psutil, and the kernel's own word on memory pressure where it gives one."""

    name: SourceName = "host"

    def __init__(self, pressure: Path = _PRESSURE) -> None:
        self._pressure = pressure
        self._pids: tuple[int, ...] = ()
        self._known: dict[int, psutil.Process] = {}
        self._cores = os.cpu_count() or 1
        psutil.cpu_percent()  # the first call only sets the mark from which the next one counts

    @property
    def rings(self) -> list[PowerRing]:
        """None: the processor's energy is RAPL's."""
        return []

    def watch(self, pids: tuple[int, ...]) -> None:
        """Our servers' processes."""
        self._pids = pids

    def read(self) -> Reading:
        """CPU since the last reading, memory as this process may use it."""
        total, available = read_host_memory()
        host = HostSample(
            cpu_share=sane.share(psutil.cpu_percent()),
            total_bytes=total,
            available_bytes=available,
            swap_used_bytes=_swap_used(),
            pressure_share=memory_pressure(self._pressure),
        )
        pids, known = self._pids, self._known
        self._known = {pid: known.get(pid) or process for pid in pids if (process := _process(pid))}
        uses = {pid: self._use(process) for pid, process in self._known.items()}
        return Reading(host=host, processes=uses)

    def read_power(self) -> None:
        """It has no meter."""

    def close(self) -> None:
        """Nothing is held."""

    def _use(self, process: psutil.Process) -> ProcessUse:
        with suppress(psutil.Error, OSError), process.oneshot():
            share = sane.in_range(process.cpu_percent() / 100 / self._cores, 0, 1)
            return ProcessUse(ram_bytes=sane.size_bytes(process.memory_info().rss), cpu_share=share)
        return ProcessUse(None, None)


def memory_pressure(path: Path) -> float | None:
    """Share of the last 10 s in which some task waited for memory; None where the kernel does not tell."""
    with suppress(OSError, ValueError, UnicodeDecodeError):
        for line in path.read_text().splitlines():
            if line.startswith("some "):
                words = dict(word.split("=", 1) for word in line.split()[1:])
                return sane.share(float(words.get("avg10", "nan")))
    return None


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid)
    return None


def _swap_used() -> int | None:
    with suppress(psutil.Error, OSError, RuntimeWarning):  # the last one where warnings are errors
        return sane.size_bytes(psutil.swap_memory().used)
    return None
