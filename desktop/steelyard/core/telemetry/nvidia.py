"""NVIDIA GPUs through NVML; a machine without a driver simply has none."""

from __future__ import annotations

from typing import Any

from steelyard.core.telemetry.patience import PatientThread
from steelyard.core.values.servers import DeviceRow

_DEADLINE_S = 1.0


class Nvml:
    """Memory of devices and processes.

    A hung driver holds whoever asks it, for ever. All calls are therefore made in one daemon thread, and
    after a second the answer is "unknown". `devices` and `process_bytes` block so long; a coroutine awaits
    `fetch_devices` and `fetch_process_bytes` instead.
    """

    def __init__(self) -> None:
        self._thread = PatientThread("nvml", _DEADLINE_S)
        self._nvml: Any = None  # touched in the thread only
        self._is_absent = False

    @property
    def is_absent(self) -> bool:
        """Whether this machine is known to have no driver; False also while nobody has asked it."""
        return self._is_absent

    def devices(self) -> list[DeviceRow]:
        """All GPUs with total and free memory; empty without a driver, or if it hangs."""
        return self._thread.ask(self._devices, [])

    def process_bytes(self, pid: int) -> int | None:
        """GPU memory that a process holds on all devices; None if NVML does not tell."""
        return self._thread.ask(lambda: self._process_bytes(pid), None)

    async def fetch_devices(self) -> list[DeviceRow]:
        """As `devices`, without blocking the loop."""
        return await self._thread.wait_for(self._devices, [])

    async def fetch_process_bytes(self, pid: int) -> int | None:
        """As `process_bytes`, without blocking the loop."""
        return await self._thread.wait_for(lambda: self._process_bytes(pid), None)

    async def fetch_driver(self) -> str:
        """The driver's version; empty without one."""
        return await self._thread.wait_for(self._driver, "")

    # ---- in the thread -------------------------------------------------------------------------------------

    def _devices(self) -> list[DeviceRow]:
        nvml = self._loaded()
        if nvml is None:
            return []
        rows: list[DeviceRow] = []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            name = nvml.nvmlDeviceGetName(handle)
            rows.append(DeviceRow(name=str(name), total_bytes=int(memory.total), free_bytes=int(memory.free)))
        return rows

    def _driver(self) -> str:
        nvml = self._loaded()
        return "" if nvml is None else str(nvml.nvmlSystemGetDriverVersion())

    def _process_bytes(self, pid: int) -> int | None:
        nvml = self._loaded()
        if nvml is None:
            return None
        used = [
            process.usedGpuMemory
            for index in range(nvml.nvmlDeviceGetCount())
            for process in nvml.nvmlDeviceGetComputeRunningProcesses(nvml.nvmlDeviceGetHandleByIndex(index))
            if process.pid == pid
        ]
        return None if not used or None in used else int(sum(used))

    def _loaded(self) -> Any:
        if self._nvml is None and not self._is_absent:
            import pynvml  # pyright: ignore[reportMissingTypeStubs]

            try:
                pynvml.nvmlInit()
                self._nvml = pynvml
            except pynvml.NVMLError:
                self._is_absent = True
        return self._nvml
