"""NVIDIA GPUs through NVML; a machine without a driver simply has none."""

from __future__ import annotations

import logging
from typing import Any

from steelyard.core.values.servers import DeviceRow

_log = logging.getLogger(__name__)


class Nvml:
    """Memory of devices and processes. Every call may block for a while: use it from a thread."""

    def __init__(self) -> None:
        self._nvml: Any = None
        self._is_absent = False

    def devices(self) -> list[DeviceRow]:
        """All GPUs with total and free memory; empty without a driver."""
        nvml = self._loaded()
        if nvml is None:
            return []
        try:
            rows: list[DeviceRow] = []
            for index in range(nvml.nvmlDeviceGetCount()):
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                name = nvml.nvmlDeviceGetName(handle)
                rows.append(
                    DeviceRow(name=str(name), total_bytes=int(memory.total), free_bytes=int(memory.free))
                )
            return rows
        except nvml.NVMLError as exc:
            _log.warning("NVML: %s", exc)
            return []

    def process_bytes(self, pid: int) -> int | None:
        """GPU memory that a process holds on all devices; None if NVML does not tell."""
        nvml = self._loaded()
        if nvml is None:
            return None
        try:
            used = [
                process.usedGpuMemory
                for index in range(nvml.nvmlDeviceGetCount())
                for process in nvml.nvmlDeviceGetComputeRunningProcesses(
                    nvml.nvmlDeviceGetHandleByIndex(index)
                )
                if process.pid == pid
            ]
        except nvml.NVMLError:
            return None
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
