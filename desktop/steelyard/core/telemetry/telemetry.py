"""All sources of measurements together: one sample a second, and the meters for the energy of runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry.apple import AppleSource
from steelyard.core.telemetry.drm import DrmSource
from steelyard.core.telemetry.energy import EnergyMeter
from steelyard.core.telemetry.host import HostSource
from steelyard.core.telemetry.nvidia_source import NvidiaSource
from steelyard.core.telemetry.rapl import RaplSource
from steelyard.core.telemetry.sampler import Sampler
from steelyard.core.values.servers import DeviceRow
from steelyard.core.values.telemetry import GpuSample, HostSample, Sample, ServerSample, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.telemetry.source import ProcessUse, Source
    from steelyard.core.values.settings import EnergySettings
    from steelyard.core.values.telemetry import PowerSource

_PERIOD_S = 1.0
_FRESH_S = 1.0
_LOOK_S = 0.3
_POLL_S = 0.01
_END_S = 1.0
_KEPT_S = 3600

_log = logging.getLogger(__name__)


class ServerLook(NamedTuple):
    """One of our servers, as telemetry has to know it. `gen_tps` of the last second; None: not known."""

    name: str
    pid: int
    gen_tps: float | None = None
    is_busy: bool = False


def default_sources() -> list[Source]:
    """Everything that a machine may have."""
    return [
        NvidiaSource(),
        DrmSource("amd"),
        DrmSource("intel"),
        AppleSource(),
        HostSource(),
        RaplSource(),
    ]


class Telemetry:
    """Lives in the engine's loop; threads are inside only. What is not known is None, with its reason.

    `servers` names our servers whose processes run, those that still load (`is_busy`) included.
    """

    def __init__(
        self,
        settings: Callable[[], EnergySettings],
        servers: Callable[[], Sequence[ServerLook]] = lambda: (),
        sources: Sequence[Source] | None = None,
        period_s: float = _PERIOD_S,
    ) -> None:
        self._settings = settings
        self._servers = servers
        self._period_s = period_s
        self._samplers = [
            Sampler(source, period_s) for source in (default_sources() if sources is None else sources)
        ]
        self._listeners: list[Callable[[Sample], None]] = []
        self._ticking: asyncio.Task[None] | None = None
        self._vram: deque[tuple[int, int]] = deque(maxlen=_KEPT_S)
        self.latest = Sample(at=time.time())
        """The newest sample; empty before the first second is over."""
        self.energy = EnergyMeter(self._rings, settings, self._vram_between)

    # ---- life ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to sample; needs a running loop."""
        for sampler in self._samplers:
            sampler.start()
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """End all threads. One that hangs in its driver is left behind; it keeps nothing from ending."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        for sampler in self._samplers:
            sampler.stop()
        deadline = time.monotonic() + _END_S
        while time.monotonic() < deadline:
            if not any(sampler.is_alive for sampler in self._samplers):
                return
            await asyncio.sleep(_POLL_S)

    def subscribe(self, listener: Callable[[Sample], None]) -> Callable[[], None]:
        """Call `listener` with each sample, in the loop's thread; returns the unsubscriber."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    # ---- single figures ------------------------------------------------------------------------------------

    def gpu_bytes(self, pid: int) -> int | None:
        """GPU memory that a process holds on all devices; None if it is not told."""
        held = [process.used_bytes for gpu in self._gpus() for process in gpu.processes if process.pid == pid]
        known = [size for size in held if size is not None]
        return sum(known) if known and len(known) == len(held) else None

    def devices(self) -> list[DeviceRow]:
        """GPUs whose memory is known, as of the last reading. Does not ask a driver, so it never waits."""
        return [
            DeviceRow(name=gpu.name, total_bytes=gpu.total_bytes, free_bytes=gpu.free_bytes)
            for gpu in self._gpus()
            if gpu.total_bytes is not None and gpu.free_bytes is not None
        ]

    def states(self) -> list[SourceState]:
        """Which sources answer now, and why others do not; the typed watts are the last of them."""
        settings = self._settings()
        typed = SourceState(name="wattmeter", health="ok", reason="watts typed in Settings")
        if settings.active_watts is None:
            typed = SourceState(name="wattmeter", health="absent", reason="no watts are typed in Settings")
        return [*(sampler.state() for sampler in self._samplers), typed]

    async def fetch_devices(self) -> list[DeviceRow]:
        """As `devices`, read anew; waits at most a second for sources that hang or start."""
        await self._refresh()
        return self.devices()

    async def fetch_driver(self) -> str:
        """Version of the NVIDIA driver; empty without one."""
        sampler = next((one for one in self._samplers if one.source.name == "nvidia"), None)
        if sampler is None:
            return ""
        if sampler.last_reading() is None:
            await self._refresh()
        reading = sampler.last_reading()
        return "" if reading is None else reading.driver

    async def look_at_gpus(self) -> None:
        """Have the GPUs that are known read now, so that a short run is seen at all; at once without one."""
        known = [
            one for one in self._samplers if (reading := one.last_reading()) is not None and reading.gpus
        ]
        await self._read_now(known, _LOOK_S)

    async def _refresh(self) -> None:
        """Have all GPU sources read now."""
        asked = [one for one in self._samplers if one.source.name not in ("host", "rapl")]
        await self._read_now(asked, _FRESH_S)

    async def _read_now(self, samplers: Sequence[Sampler], limit_s: float) -> None:
        asked = [(one, one.count) for one in samplers if one.is_alive]
        for sampler, _ in asked:
            sampler.hurry()
        deadline = time.monotonic() + limit_s
        while asked and time.monotonic() < deadline:
            if all(one.count > count or not one.is_alive for one, count in asked):
                return
            await asyncio.sleep(_POLL_S)

    # ---- the sample of a second ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        """In the middle of each second of the clock, so that a sample more or less late stays in its own."""
        while True:
            passed_s = (time.time() + self._period_s / 2) % self._period_s
            wait_s = self._period_s - passed_s
            await asyncio.sleep(wait_s if wait_s > self._period_s / 4 else wait_s + self._period_s)
            try:
                self._take_sample()
            except Exception:  # noqa: BLE001 - a second without a sample, not an end of all samples
                _log.exception("no sample")

    def _take_sample(self) -> None:
        looks = list(self._servers())
        pids = tuple(look.pid for look in looks)
        for sampler in self._samplers:
            sampler.source.watch(pids)
        self._observe(looks)
        gpus = [_with_servers(gpu, looks) for gpu in self._gpus()]
        self._keep_vram(gpus)
        power_w, power_source = self._power(gpus, looks)
        self.latest = Sample(
            at=time.time(),
            gpus=gpus,
            host=self._host(),
            servers=self._server_samples(looks),
            sources=self.states(),
            power_w=power_w,
            power_source=power_source,
        )
        for listener in list(self._listeners):
            listener(self.latest)

    def _observe(self, looks: list[ServerLook]) -> None:
        loaded = tuple(sorted((look.name, look.pid) for look in looks))
        self.energy.observe(loaded or None, is_busy=any(look.is_busy or look.gen_tps for look in looks))

    def _gpus(self) -> list[GpuSample]:
        """All GPUs that were ever seen; those that do not answer now with nothing but their names."""
        gpus: list[GpuSample] = []
        for sampler in self._samplers:
            reading = sampler.reading()
            if reading is not None:
                gpus += reading.gpus
            elif (before := sampler.last_reading()) is not None:
                gpus += [GpuSample(id=gpu.id, name=gpu.name, source=gpu.source) for gpu in before.gpus]
        return gpus

    def _host(self) -> HostSample | None:
        """What the host says, with the processor's energy by RAPL."""
        parts = {one.source.name: one.reading() for one in self._samplers}
        host, rapl = parts.get("host"), parts.get("rapl")
        host_part = None if host is None else host.host
        if rapl is None or rapl.host is None:
            return host_part
        return msgspec.structs.replace(
            host_part or HostSample(),
            package_power_w=rapl.host.package_power_w,
            package_energy_j=rapl.host.package_energy_j,
        )

    def _server_samples(self, looks: list[ServerLook]) -> list[ServerSample]:
        uses: dict[int, ProcessUse] = {}
        for sampler in self._samplers:
            reading = sampler.reading()
            uses.update({} if reading is None else reading.processes)
        return [
            ServerSample(
                name=look.name,
                pid=look.pid,
                ram_bytes=uses[look.pid].ram_bytes if look.pid in uses else None,
                vram_bytes=self.gpu_bytes(look.pid),
                cpu_share=uses[look.pid].cpu_share if look.pid in uses else None,
                gen_tps=look.gen_tps,
            )
            for look in looks
        ]

    def _power(self, gpus: list[GpuSample], looks: list[ServerLook]) -> tuple[float | None, PowerSource]:
        """GPUs together where they have a sensor, else the processor, else the watts that were typed."""
        rings = self._rings()
        kinds = {ring.kind for ring in rings}
        if kinds & {"nvml", "sysfs"}:
            metered = {ring.key for ring in rings}
            powers = [gpu.power_w for gpu in gpus if gpu.id in metered]
            known = [power for power in powers if power is not None]
            return (sum(known) if known and len(known) == len(powers) else None), self._gpu_source()
        if "rapl" in kinds:
            host = self._host()
            return (None if host is None else host.package_power_w), "rapl"
        settings = self._settings()
        if settings.active_watts is None:
            return None, "none"
        is_busy = any(look.is_busy or look.gen_tps for look in looks)
        return (settings.active_watts if is_busy else settings.idle_watts), "user_watts"

    def _gpu_source(self) -> PowerSource:
        meter = self.energy.meter(on_gpu=True)
        return "none" if meter is None else meter.source

    def _rings(self) -> list[PowerRing]:
        return [ring for sampler in self._samplers for ring in sampler.source.rings]

    def _keep_vram(self, gpus: list[GpuSample]) -> None:
        used = [gpu.used_bytes for gpu in gpus if gpu.used_bytes is not None]
        if used and len(used) == len(gpus):
            self._vram.append((now_ns(), sum(used)))

    def _vram_between(self, from_ns: int, to_ns: int) -> list[tuple[int, int]]:
        """GPU memory in use then, with the reading before."""
        inside = [point for point in self._vram if from_ns <= point[0] <= to_ns]
        before = next((point for point in reversed(self._vram) if point[0] < from_ns), None)
        return [before, *inside] if before else inside


def _with_servers(gpu: GpuSample, looks: list[ServerLook]) -> GpuSample:
    """The processes that are ours by their server's name."""
    names = {look.pid: look.name for look in looks}
    if not any(process.pid in names for process in gpu.processes):
        return gpu
    return msgspec.structs.replace(
        gpu,
        processes=[
            msgspec.structs.replace(process, server=names.get(process.pid)) for process in gpu.processes
        ],
    )
