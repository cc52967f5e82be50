"""What the status strip says of the machine: memory, load, power, and why something is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.labels import UNKNOWN
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.strip_segment import Piece
from steelyard.ui.widgets.vram_bar import Bar, BarPart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.telemetry import PowerSource, Sample

_STARTING = "Not known yet: the engine is starting."
_TYPE_IN = "Watts can be typed in under Settings, Energy."
_POWER: dict[PowerSource, str] = {
    "nvml_counter": "The GPU's own energy counter; the rest of the machine is not in it.",
    "nvml_power": "Watts of the GPU as its driver averages them; the rest of the machine is not in it.",
    "rapl": "The processor package by its energy counter; drives, fans and losses are not in it.",
    "sysfs": "Watts of the GPU as its driver tells them.",
    "user_watts": "Typed in under Settings, Energy.",
    "none": "",
}


def gib(size_bytes: int) -> str:
    """`13.1`."""
    return f"{size_bytes / 2**30:.1f}"


def memory_content(
    sample: Sample | None,
    problem: str,
    servers: Sequence[ServerRow],
    color_of: Callable[[ServerRow], str],
) -> tuple[list[Piece], str, Bar | None]:
    """Pieces, tooltip and bar of the memory that models are in; without a figure the reason stands there."""
    if sample is None:
        return [Piece("Memory", color="text3"), Piece(UNKNOWN, color="text2")], problem or _STARTING, None
    has_gpu = bool(sample.gpus)
    label = Piece("VRAM" if has_gpu else "RAM", color="text3")
    used, total = _used_and_total(sample)
    if used is None or total is None:
        known = UNKNOWN if total is None else f"{UNKNOWN} / {gib(total)} GiB"
        return [label, Piece(known, color="text2")], source_reason(sample) or "Not told by the system.", None
    held = {
        server.name: size
        for server in sample.servers
        if (size := server.vram_bytes if has_gpu else server.ram_bytes) is not None
    }
    parts = [BarPart(color_of(row), held[row.name]) for row in servers if row.name in held]
    others = max(0, used - sum(part.size_bytes for part in parts))
    bar = Bar((*parts, BarPart("s5", others)), total, _predicted(servers, others))
    shown = Piece(f"{gib(used)} / {gib(total)} GiB", weight=500)
    return (
        [label, Piece("", mark="bar"), shown],
        f"{_devices(sample)}\nGrey: other programs. Tick: predicted.",
        bar,
    )


def _used_and_total(sample: Sample) -> tuple[int | None, int | None]:
    if sample.gpus:
        used = [gpu.used_bytes for gpu in sample.gpus]
        total = [gpu.total_bytes for gpu in sample.gpus]
        return _sum(used), _sum(total)
    host = sample.host
    if host is None or host.total_bytes is None:
        return None, None
    free = host.available_bytes
    return None if free is None else host.total_bytes - free, host.total_bytes


def _sum(sizes: list[int | None]) -> int | None:
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _devices(sample: Sample) -> str:
    if not sample.gpus:
        return "No GPU was found on this machine, so models run on the processor and its memory."
    return "\n".join(
        f"{plain(gpu.name, 60)}: {UNKNOWN if gpu.total_bytes is None else gib(gpu.total_bytes)} GiB"
        for gpu in sample.gpus
    )


def source_reason(sample: Sample, *names: str) -> str:
    """Why sources say nothing, of these or of all."""
    return "\n".join(
        f"{source.name}: {plain(source.reason, 200)}"
        for source in sample.sources
        if source.health != "ok" and source.reason and (not names or source.name in names)
    )


def load_content(sample: Sample | None) -> tuple[list[Piece], str]:
    """How busy the GPU is; without one, the processor."""
    if sample is None:
        return [Piece("GPU", color="text3"), Piece(UNKNOWN, color="text2")], _STARTING
    if not sample.gpus:
        share = sample.host.cpu_share if sample.host is not None else None
        return _share("CPU", share), "No GPU was found: this is the load of all processor cores together."
    known = [gpu.utilisation_share for gpu in sample.gpus if gpu.utilisation_share is not None]
    lines = [f"{plain(gpu.name, 60)}: {_percent(gpu.utilisation_share)}" for gpu in sample.gpus]
    why = source_reason(sample, "nvidia", "amd", "intel", "apple") if not known else ""
    return _share("GPU", max(known, default=None)), "\n".join([*lines, why]).strip()


def _share(label: str, share: float | None) -> list[Piece]:
    name = Piece(label, color="text3")
    if share is None:
        return [name, Piece(UNKNOWN, color="text2")]
    return [name, Piece(_percent(share), weight=500)]


def _percent(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.0%}".replace("%", " %")


def power_content(sample: Sample | None) -> tuple[list[Piece], str]:
    """Watts of all that is metered, or why there are none."""
    label = Piece("Power", color="text3")
    if sample is None:
        return [label, Piece(UNKNOWN, color="text2")], _STARTING
    if sample.power_w is None:
        why = source_reason(sample, "nvidia", "amd", "intel", "apple", "rapl")
        return [label, Piece(UNKNOWN, color="text2")], f"{why}\n{_TYPE_IN}".strip()
    return [label, Piece(f"{sample.power_w:,.0f} W", weight=500)], _POWER[sample.power_source]


def _predicted(servers: Sequence[ServerRow], others_bytes: int) -> int | None:
    predicted = [server.predicted_bytes for server in servers]
    if not predicted or any(size is None for size in predicted):
        return None
    return others_bytes + sum(size for size in predicted if size is not None)
