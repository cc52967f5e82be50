"""What goes on beside a run: memory peaks, other local models, throttling, pressure, energy."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec

from steelyard.core.runs.host_load import Overlaps
from steelyard.core.runs.promptable import Learned
from steelyard.core.targets.content import message_text
from steelyard.core.values.run import Energy, Memory, RunState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.runs.host_load import HostLoad
    from steelyard.core.targets.exchange import RawTimes
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import TargetInfo
    from steelyard.core.values.telemetry import PowerPoint, Sample

_BASELINE_LOOKS, _BASELINE_LOOK_S = 40, 0.2
_NOTABLE_PRESSURE = 0.01
"""Share of the time in which something waited for memory; below it a desktop is idle."""
_NOTABLE_BYTES = 64 << 20
"""A desktop's own windows hold less of a GPU each."""


class EnergyMeter(Protocol):
    """Joules between two moments of the monotonic clock (ns)."""

    def run_began(self, run_id: str) -> None:
        """A local run generates from now on: no idle time, and not the only one if others do, too."""
        ...

    async def energy(
        self, run_id: str, begin_ns: int, first_ns: int | None, end_ns: int, on_gpu: bool | None = None
    ) -> Energy:
        """What the run cost; it no longer generates. `on_gpu`: whether a GPU held layers."""
        ...

    def forget(self, run_id: str) -> None:
        """The run is over, and its energy is not asked for."""
        ...

    @property
    def lacks_baseline(self) -> bool:
        """Whether there is a meter, but what the idle machine draws is not known yet."""
        ...

    def power_points(self, begin_ns: int, end_ns: int) -> list[PowerPoint]:
        """The power meanwhile."""
        ...


class Watched(Protocol):
    """What is asked of a target; see `Promptable`."""

    @property
    def info(self) -> TargetInfo:
        """Who answers."""
        ...

    def memory(self) -> Memory:
        """What it holds now."""
        ...

    def layers(self) -> tuple[int, int] | None:
        """(On the GPU, all)."""
        ...

    def on_gpu(self) -> bool | None:
        """Whether a GPU holds any of it."""
        ...


class WatchDesk:
    """Knows which local runs go on. One for each engine."""

    def __init__(
        self,
        latest: Callable[[], Sample | None],
        meter: EnergyMeter,
        look_at_gpus: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._latest = latest
        self.meter = meter
        self.look_at_gpus = look_at_gpus
        self._local: dict[str, str] = {}
        self._hosts: dict[str, tuple[str, HostLoad]] = {}

    def watch(self, run_id: str, target: Watched, host: HostLoad | None = None) -> RunWatch:
        """Begin to watch a run; its request goes out now. `host` is the process of an API on this machine."""
        if target.info.kind == "local":
            self._local[run_id] = target.info.server or target.info.name
            self.meter.run_began(run_id)
        elif host is not None:
            self._hosts[run_id] = (target.info.name, host)
        return RunWatch(self, run_id, target, host)

    async def until_baseline(self, note: Callable[[str], None]) -> None:
        """Give an idle machine the few seconds that it takes to know what it draws; at once where nothing
        meters it, or it is known.
        """
        for look in range(_BASELINE_LOOKS):
            if self._local or not self.meter.lacks_baseline:
                return
            if look == 0:
                note("measuring what the idle machine draws")
            await asyncio.sleep(_BASELINE_LOOK_S)

    def forget(self, run_id: str) -> None:
        """The run is over."""
        self._local.pop(run_id, None)
        self._hosts.pop(run_id, None)

    def hosts_beside(self, run_id: str) -> dict[str, tuple[str, HostLoad]]:
        """APIs on this machine that are asked now, other than in that run: name and load by run."""
        return {other: host for other, host in self._hosts.items() if other != run_id}

    def others(self, server: str) -> set[str]:
        """Other local models that generate now."""
        return {name for name in self._local.values() if name != server}

    def latest(self) -> Sample | None:
        """The last look at the machine."""
        return self._latest()


class RunWatch:
    """Collects while one run goes on."""

    def __init__(self, desk: WatchDesk, run_id: str, target: Watched, host: HostLoad | None = None) -> None:
        self._desk = desk
        self._run_id = run_id
        self._target = target
        self._is_local = target.info.kind == "local"
        self._server = target.info.server or target.info.name
        self._memory = Memory()
        self._throttled: set[str] = set()
        self._pressure: float | None = None
        self._beside: set[str] = set()
        self._others: set[str] = set()
        self._was_spill: tuple[int, int] | None = None
        self._on_gpu: bool | None = None
        self._host = host
        self._host_before_s = 0.0 if host is None else host.seconds()
        self._overlaps = Overlaps()
        self.sample()

    def sample(self) -> None:
        """Look once; called a few times a second, and when the run ends."""
        if self._is_local or self._host is not None:
            self._overlaps.see(self._desk.hosts_beside(self._run_id))
            self._beside |= self._desk.others(self._server)
        if not self._is_local:
            return
        now, before = self._target.memory(), self._memory
        self._memory = Memory(
            vram_peak_bytes=_larger(now.vram_peak_bytes, before.vram_peak_bytes),
            ram_peak_bytes=_larger(now.ram_peak_bytes, before.ram_peak_bytes),
            predicted_bytes=now.predicted_bytes or before.predicted_bytes,
            measured_bytes=now.measured_bytes or before.measured_bytes,
        )
        self._was_spill = self._target.layers() or self._was_spill
        if (on_gpu := self._target.on_gpu()) is not None:
            self._on_gpu = on_gpu
        if (sample := self._desk.latest()) is not None:
            self._take(sample)

    def _take(self, sample: Sample) -> None:
        for gpu in sample.gpus:
            self._throttled |= set(gpu.throttle)
            self._others |= {
                process.name or f"process {process.pid}"
                for process in gpu.processes
                if process.server is None and (process.used_bytes or 0) >= _NOTABLE_BYTES
            }
        pressure = sample.host.pressure_share if sample.host else None
        if pressure is not None and pressure >= _NOTABLE_PRESSURE:
            self._pressure = max(pressure, self._pressure or 0.0)

    async def conclude(self, times: RawTimes) -> tuple[Memory, RunState, Energy]:
        """The peaks, what went on, and the joules."""
        if self._is_local and self._desk.look_at_gpus is not None:
            await self._desk.look_at_gpus()  # a short run is over before the next look of the second
        self.sample()
        try:
            energy = await self._energy(times)
        except BaseException:
            self._desk.meter.forget(self._run_id)  # or there would never be an idle time again
            raise
        finally:
            self._desk.forget(self._run_id)
        beside = self._beside | await self._overlaps.names()
        host_cores = await self._host_cores(times)
        on_gpu, layers = self._was_spill or (None, None)
        state = RunState(
            layers_on_gpu=on_gpu,
            layers=layers,
            throttled=sorted(self._throttled),
            memory_pressure_share=self._pressure,
            beside=sorted(beside),
            other_gpu_processes=sorted(self._others),
            host_cores=host_cores,
        )
        return self._memory, state, energy

    async def _energy(self, times: RawTimes) -> Energy:
        if not self._is_local:
            return Energy()
        end = times.last_delta or times.finished or times.end
        begin = times.start or end
        first = times.first_delta or None
        return await self._desk.meter.energy(self._run_id, begin, first, end, self._on_gpu)

    async def _host_cores(self, times: RawTimes) -> float | None:
        if self._host is None or not times.start:
            return None
        return await self._host.cores(self._host_before_s, (times.end - times.start) / 1e9)

    def power_points(self, times: RawTimes) -> list[PowerPoint]:
        """The power while it ran; empty for an API."""
        if not self._is_local or not times.start or not times.end:
            return []
        return self._desk.meter.power_points(times.start, times.end)


def as_it_met(state: RunState, *, is_cold: bool | None, cached_tokens: int | None) -> RunState:
    """The same with what only the exchange knows."""
    return msgspec.structs.replace(state, cold=is_cold, cached_prompt_tokens=cached_tokens)


def with_facts(
    state: RunState, prompt: Prompt, context_tokens: int | None, learned: Learned | None
) -> RunState:
    """The same with what was sent, and what the target told of it afterwards."""
    texts = [f"{message.role}\n{message_text(message)}" for message in prompt.messages]
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace"))
    for message in prompt.messages:
        digest.update("".join(one.sha256 for one in message.attachments if one.kind == "image").encode())
    sent = [message_text(message) for message in prompt.messages]
    learned = learned or Learned()
    return msgspec.structs.replace(
        state,
        context_tokens=context_tokens,
        tokenizer=learned.tokenizer,
        template_added=learned.template.added if learned.template else None,
        template_left_out=learned.template.left_out if learned.template else [],
        prompt_bytes=sum(len(text.encode("utf-8", "replace")) for text in sent),
        prompt_chars=sum(map(len, sent)),
        prompt_digest=digest.hexdigest()[:16],
        has_system=any(message.role == "system" for message in prompt.messages),
    )


def _larger(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else max(a, b)
