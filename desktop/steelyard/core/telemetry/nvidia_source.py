"""NVIDIA GPUs through NVML; a machine without a driver simply has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry.nvidia_gpu import NvidiaGpu
from steelyard.core.telemetry.nvml_calls import Asking, DeviceLostError, is_absent, load_nvml
from steelyard.core.telemetry.source import Reading

if TYPE_CHECKING:
    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.telemetry import GpuSample, SourceName

_RETRY_NS = 10_000_000_000


class NvidiaSource:
    """All NVIDIA GPUs. After a GPU was lost NVML is begun anew every 10 s; the other ones go on meanwhile."""

    name: SourceName = "nvidia"

    def __init__(self, retry_ns: int = _RETRY_NS) -> None:
        self._retry_ns = retry_ns
        self._nvml: Any = None
        self._was_there = False
        self._driver = ""
        self._gpus: list[NvidiaGpu] = []
        self._lost: dict[str, str] = {}
        self._nameless: list[str] = []
        self._failure: Reading | None = None
        self._begun_ns = 0

    @property
    def rings(self) -> list[PowerRing]:
        """One for each GPU."""
        return [gpu.ring for gpu in self._gpus]

    def watch(self, pids: tuple[int, ...]) -> None:
        """NVML names all processes."""

    def read(self) -> Reading:
        """All GPUs; those that are lost with nothing but their names."""
        is_broken = self._nvml is None or bool(self._lost or self._nameless)
        if is_broken and (not self._begun_ns or now_ns() - self._begun_ns > self._retry_ns):
            self._failure = self._begin()
        if self._failure is not None:
            return self._failure
        complaints: list[str] = []
        gpus = [self._read_gpu(gpu, complaints) for gpu in self._gpus]
        if self._lost or self._nameless:
            reason = _told([*self._lost.values(), *self._nameless])
            return Reading("lost", reason, gpus, driver=self._driver)
        return Reading("ok", _told(complaints), gpus, driver=self._driver)

    def read_power(self) -> None:
        """Power and energy of the GPUs that are there."""
        for gpu in self._gpus:
            if gpu.id not in self._lost:
                try:
                    gpu.read_power(Asking(self._nvml))
                except DeviceLostError as exc:
                    self._lose(gpu, exc)

    def close(self) -> None:
        """End the session with the driver."""
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
            self._nvml = None

    def _read_gpu(self, gpu: NvidiaGpu, complaints: list[str]) -> GpuSample:
        if gpu.id in self._lost:
            return gpu.unknown()
        asking = Asking(self._nvml)
        try:
            sample = gpu.read(asking)
        except DeviceLostError as exc:
            self._lose(gpu, exc)
            return gpu.unknown()
        complaints += asking.complaints
        return sample

    def _lose(self, gpu: NvidiaGpu, exc: DeviceLostError) -> None:
        self._lost[gpu.id] = f"{gpu.name}: {exc}"
        gpu.ring.break_off(now_ns())

    def _begin(self) -> Reading | None:
        """Start or restart NVML; what keeps it from starting, if anything does."""
        self._begun_ns = now_ns()
        nvml = load_nvml()
        try:
            self.close()
        except nvml.NVMLError:
            self._nvml = None  # a session that broke with the device has nothing to be ended
        try:
            nvml.nvmlInit()
            found, missing = _devices(nvml)
            self._driver = str(nvml.nvmlSystemGetDriverVersion())
        except nvml.NVMLError as exc:
            if is_absent(nvml, exc) and not self._was_there:
                return Reading("absent", "no NVIDIA driver")
            health = "lost" if self._was_there else "failing"
            return Reading(health, str(exc), [gpu.unknown() for gpu in self._gpus], driver=self._driver)
        self._nvml, self._was_there = nvml, True
        self._take(found)
        self._nameless = [] if self._lost else missing  # a lost one that is known is told by its name
        return None

    def _take(self, found: list[NvidiaGpu]) -> None:
        """The devices as they are now. Known ones keep their meter, one that is gone stays on the list."""
        known = {gpu.id: gpu for gpu in self._gpus}
        for gpu in found:
            if gpu.id in known:
                gpu.ring = known[gpu.id].ring
        ids = {gpu.id for gpu in found}
        gone = [gpu for gpu in self._gpus if gpu.id not in ids]
        self._lost = {gpu.id: self._lost.get(gpu.id, f"{gpu.name} is gone") for gpu in gone}
        self._gpus = [*found, *gone]


def _devices(nvml: Any) -> tuple[list[NvidiaGpu], list[str]]:
    """The devices that can be asked, and why others cannot."""
    found: list[NvidiaGpu] = []
    missing: list[str] = []
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            found.append(NvidiaGpu(nvml, index))
        except (nvml.NVMLError, DeviceLostError) as exc:  # a device that is lost has no handle; others have
            missing.append(f"GPU {index}: {exc}")
    return found, missing


def _told(complaints: list[str]) -> str:
    return "; ".join(dict.fromkeys(complaints))
