"""One NVIDIA GPU: its figures from NVML, checked one by one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry import sane
from steelyard.core.telemetry.nvml_calls import Asking
from steelyard.core.telemetry.power_ring import PowerRing
from steelyard.core.values.telemetry import GpuProcess, GpuSample, Throttle

if TYPE_CHECKING:
    from collections.abc import Callable

_SLOW_TELLING_BYTES = 1 << 30
_THERMAL = 0x20 | 0x40
_POWER = 0x04 | 0x80
_HARDWARE = 0x08
_HIDDEN = "the driver does not tell the memory of single processes (as Windows drivers do)"
_FOREIGN = "the driver numbers processes otherwise than this system (a container)"
_NONE_NAMED = "the driver names no process although memory is in use (in a container it hides them)"


class NvidiaGpu:
    """Holds the device's handle and its meter; used in the source's thread only."""

    def __init__(self, nvml: Any, index: int) -> None:
        self._nvml = nvml
        asking = Asking(nvml)
        self._handle: Any = nvml.nvmlDeviceGetHandleByIndex(index)
        uuid = asking.ask("UUID", lambda: nvml.nvmlDeviceGetUUID(self._handle))
        name = asking.ask("name", lambda: nvml.nvmlDeviceGetName(self._handle))
        self.id = f"nvidia:{uuid or index}"
        self.name = str(name or f"NVIDIA GPU {index}")
        self.ring = PowerRing("nvml", self.id)

    def unknown(self) -> GpuSample:
        """The device while nobody can ask it."""
        return GpuSample(id=self.id, name=self.name, source="nvidia")

    def read_power(self, asking: Asking) -> tuple[float | None, float | None]:
        """Watts and the energy counter's joules, now; kept in the ring, too."""
        nvml, handle = self._nvml, self._handle
        milliwatts = asking.ask("power", lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        millijoules = asking.ask("energy", lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle))
        power_w = asking.checked("power", milliwatts, sane.power_w(sane.scaled(milliwatts, 1e-3)))
        energy_j = asking.checked("energy", millijoules, sane.energy_j(sane.scaled(millijoules, 1e-3)))
        self.ring.add(now_ns(), power_w, energy_j)
        return power_w, energy_j

    def read(self, asking: Asking) -> GpuSample:
        """Everything.

        Raises:
            DeviceLostError: the GPU is gone.
        """
        nvml, handle = self._nvml, self._handle
        total, used, free = self._memory(asking)
        busy = asking.ask("utilisation", lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        power_w, energy_j = self.read_power(asking)
        limit = asking.ask("power limit", lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
        processes, reason = self._processes(asking, used)
        return GpuSample(
            id=self.id,
            name=self.name,
            source="nvidia",
            total_bytes=total,
            used_bytes=used,
            free_bytes=free,
            utilisation_share=asking.checked("utilisation", busy, sane.share(busy)),
            power_w=power_w,
            power_limit_w=sane.power_w(sane.scaled(limit, 1e-3)),
            energy_j=energy_j,
            temperature_c=self._temperature(asking),
            temperature_limit_c=self._temperature_limit(),
            clock_mhz=self._clock(asking, "clock", nvml.NVML_CLOCK_SM),
            memory_clock_mhz=self._clock(asking, "memory clock", nvml.NVML_CLOCK_MEM),
            throttle=self._throttle(asking),
            processes=processes,
            processes_reason=reason,
        )

    def _memory(self, asking: Asking) -> tuple[int | None, int | None, int | None]:
        memory = asking.ask("memory", lambda: self._nvml.nvmlDeviceGetMemoryInfo(self._handle))
        if memory is None:
            return None, None, None
        total = sane.size_bytes(memory.total) or None
        asking.checked("memory", memory.total, total)
        if total is None:
            return None, None, None
        used, free = (sane.in_range(value, 0, total) for value in (memory.used, memory.free))
        asking.checked("used memory", memory.used, used)
        asking.checked("free memory", memory.free, free)
        return total, None if used is None else int(used), None if free is None else int(free)

    def _temperature(self, asking: Asking) -> float | None:
        nvml, handle = self._nvml, self._handle
        newer: Callable[[], int] = lambda: nvml.nvmlDeviceGetTemperatureV(handle, nvml.NVML_TEMPERATURE_GPU)  # noqa: E731
        older: Callable[[], int] = lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)  # noqa: E731
        value = asking.ask("temperature", newer, older)
        return asking.checked("temperature", value, sane.temperature_c(value))

    def _temperature_limit(self) -> float | None:
        """Where it slows down. Many devices do not tell; that is nothing to complain about."""
        nvml, handle = self._nvml, self._handle
        kind = nvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN
        value = Asking(nvml).ask("limit", lambda: nvml.nvmlDeviceGetTemperatureThreshold(handle, kind))
        return sane.temperature_c(value)

    def _clock(self, asking: Asking, what: str, kind: int) -> float | None:
        value = asking.ask(what, lambda: self._nvml.nvmlDeviceGetClockInfo(self._handle, kind))
        return asking.checked(what, value, sane.clock_mhz(value))

    def _throttle(self, asking: Asking) -> list[Throttle]:
        nvml, handle = self._nvml, self._handle
        bits = asking.ask(
            "throttling",
            lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(handle),
            lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle),
        )
        if bits is None or bits >= 1 << 32:
            return []
        found: list[Throttle] = []
        if bits & _THERMAL:
            found.append("thermal")
        if bits & _POWER:
            found.append("power")
        if bits & _HARDWARE and not found:  # the hardware's slowdown has one of those causes, if it tells it
            found.append("hardware")
        return found

    def _processes(self, asking: Asking, used_bytes: int | None) -> tuple[list[GpuProcess], str]:
        """Compute and graphics programs: a server on Vulkan counts as the latter."""
        nvml, handle = self._nvml, self._handle
        compute: list[Any] | None = asking.ask(
            "processes",
            lambda: nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle),
            lambda: nvml.nvmlDeviceGetComputeRunningProcesses_v2(handle),
        )
        graphics: list[Any] | None = Asking(nvml).ask(
            "processes",
            lambda: nvml.nvmlDeviceGetGraphicsRunningProcesses_v3(handle),
            lambda: nvml.nvmlDeviceGetGraphicsRunningProcesses_v2(handle),
        )
        if compute is None:
            return [], asking.complaints[-1] if asking.complaints else "the driver does not tell"
        held: dict[int, int | None] = {}
        listed: list[Any] = [*compute, *(graphics or [])]
        for process in listed:
            held[int(process.pid)] = _larger(held.get(int(process.pid)), _held_bytes(process))
        rows = [GpuProcess(pid=pid, used_bytes=size, name=process_name(pid)) for pid, size in held.items()]
        return rows, _why_unknown(rows, used_bytes)


def process_name(pid: int) -> str:
    """The program's name; empty if this system knows no such process."""
    with suppress(psutil.Error, OSError):
        return psutil.Process(pid).name()
    return ""


def _held_bytes(process: Any) -> int | None:
    value = process.usedGpuMemory  # the binding makes None of NVML_VALUE_NOT_AVAILABLE
    return sane.size_bytes(value)


def _larger(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)


def _why_unknown(rows: list[GpuProcess], used_bytes: int | None) -> str:
    if not rows:
        return _NONE_NAMED if (used_bytes or 0) > _SLOW_TELLING_BYTES else ""
    if all(row.used_bytes is None for row in rows):
        return _HIDDEN
    return "" if any(psutil.pid_exists(row.pid) for row in rows) else _FOREIGN
