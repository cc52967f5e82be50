"""From a sample of the machine to the figures of the charts: series, devices, reasons. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.ui.widgets.models_text import plain, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.telemetry import GpuSample, Sample

GPU_FIELDS = ("used_bytes", "utilisation_share", "power_w", "temperature_c", "clock_mhz")
OTHER = "process.other.vram_bytes"
_TOKENS = ("s1", "s2", "s4")


def figures(sample: Sample) -> dict[str, float | None]:
    """The sample as one figure for each series of the history."""
    values: dict[str, float | None] = {}
    for gpu in sample.gpus:
        for field in GPU_FIELDS:
            values[f"gpu.{gpu.id}.{field}"] = getattr(gpu, field)
    for server in sample.servers:
        values[f"process.{server.name}.vram_bytes"] = server.vram_bytes
        values[f"process.{server.name}.ram_bytes"] = server.ram_bytes
        values[f"server.{server.name}.gen_tps"] = server.gen_tps
    if sample.gpus:
        values[OTHER] = _others(sample)
    if sample.host is not None:
        host = sample.host
        values["host.cpu_share"] = host.cpu_share
        values["host.pressure_share"] = host.pressure_share
        values["host.power_w"] = host.package_power_w
        if host.total_bytes is not None and host.available_bytes is not None:
            values["host.used_bytes"] = host.total_bytes - host.available_bytes
    return values


def _others(sample: Sample) -> float | None:
    """What programs that are not ours hold on all GPUs; unknown as soon as a part of it is."""
    used = total_of(gpu.used_bytes for gpu in sample.gpus)
    ours = [server.vram_bytes for server in sample.servers]
    if used is None or any(size is None for size in ours):
        return None
    return max(0.0, used - sum(size for size in ours if size is not None))


def total_of(sizes: Iterable[int | None]) -> int | None:
    """The sum; unknown as soon as one is."""
    known = list(sizes)
    if not known or any(size is None for size in known):
        return None
    return sum(size for size in known if size is not None)


def server_of(key: str) -> str:
    """`Qwen2.5-7B` of `server.Qwen2.5-7B.gen_tps`."""
    return key.partition(".")[2].rpartition(".")[0]


def short(server: str) -> str:
    """A server's name for a narrow place."""
    return plain(server.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gguf"), 40)


@dataclass(frozen=True)
class Machine:
    """What stays the same for a while: the devices, their limits, and why something is unknown."""

    gpus: tuple[GpuSample, ...] = ()
    total_bytes: int | None = None
    """Of all GPUs together; without a GPU of the machine."""
    reasons: tuple[tuple[str, str], ...] = ()

    @property
    def has_gpu(self) -> bool:
        """Whether there is a GPU to watch."""
        return bool(self.gpus)

    @property
    def memory_field(self) -> str:
        """The field of a process that is charted."""
        return "vram_bytes" if self.has_gpu else "ram_bytes"

    def reason(self, *names: str) -> str:
        """Why the first of these sources says nothing."""
        told = dict(self.reasons)
        return next((told[name] for name in names if name in told), "")


def machine_of(sample: Sample) -> Machine:
    """The devices of a sample."""
    total = total_of(gpu.total_bytes for gpu in sample.gpus)
    if not sample.gpus and sample.host is not None:
        total = sample.host.total_bytes
    reasons = tuple(
        (source.name, f"{sentence(source.reason).rstrip('.')}.")
        for source in sample.sources
        if source.health != "ok" and source.reason
    )
    return Machine(tuple(sample.gpus), total, reasons)


class ServerColors:
    """One colour for each server, in the order in which they were first seen."""

    def __init__(self) -> None:
        self._order: list[str] = []

    def token(self, server: str) -> str:
        """The colour's token; after the third it is neutral, since one is kept for APIs."""
        if server not in self._order:
            self._order.append(server)
        at = self._order.index(server)
        return _TOKENS[at] if at < len(_TOKENS) else "s5"

    def known(self, *names: str) -> str:
        """The colour of the first of these names that is a server's; neutral if none is."""
        name = next((name for name in names if name in self._order), None)
        return "s5" if name is None else self.token(name)
