"""From a sample to the named lines of the charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.values.telemetry import GpuSample, HostSample, Sample

_UNITS = {
    "bytes": "bytes",
    "share": "share",
    "w": "W",
    "c": "°C",
    "mhz": "MHz",
    "tps": "tok/s",
    "ms": "ms",
    "token": "J/token",
}
_PEAKS = ("used_bytes", "vram_bytes", "ram_bytes", "temperature_c")
_GPU_FIELDS = ("used_bytes", "utilisation_share", "power_w", "temperature_c", "clock_mhz")
_HOST_LABELS = {
    "host.cpu_share": "CPU",
    "host.used_bytes": "RAM",
    "host.pressure_share": "RAM pressure",
    "host.power_w": "Processor",
}
RUN_LABELS = {
    "runs.ttft_p50_ms": "TTFT p50",
    "runs.ttft_p95_ms": "TTFT p95",
    "runs.itl_p50_ms": "Inter-token p50",
    "runs.itl_p95_ms": "Inter-token p95",
    "runs.joules_per_token": "J per token",
}


def unit_of(key: str) -> str:
    """The unit of a series by the last word of its key."""
    return _UNITS[key.rsplit("_", 1)[-1]]


def keeps_peak(key: str) -> bool:
    """Whether a long time is told by its peak: memory that was full for a second was full."""
    return key.endswith(_PEAKS)


def label_of(key: str) -> str:
    """A name for a series that nobody has seen in this process."""
    known = RUN_LABELS.get(key) or _HOST_LABELS.get(key)
    return known or (
        "other programs" if key.startswith("process.other.") else key.split(".", 1)[-1].rpartition(".")[0]
    )


def labels_in(sample: Sample) -> dict[str, str]:
    """What the series of a sample are called."""
    labels = dict(_HOST_LABELS)
    labels["process.other.vram_bytes"] = "other programs"
    names = [gpu.name for gpu in sample.gpus]
    for number, gpu in enumerate(sample.gpus):
        twin = f" #{number + 1}" if names.count(gpu.name) > 1 else ""
        labels.update({f"gpu.{gpu.id}.{field}": gpu.name + twin for field in _GPU_FIELDS})
    for server in sample.servers:
        for key in (f"process.{server.name}.vram_bytes", f"process.{server.name}.ram_bytes"):
            labels[key] = server.name
        labels[f"server.{server.name}.gen_tps"] = server.name
    return labels


def figures_in(sample: Sample) -> dict[str, float]:
    """The figures of a sample that are known, by the keys of `values.telemetry.Series`."""
    found: dict[str, float | None] = {}
    for gpu in sample.gpus:
        found.update({f"gpu.{gpu.id}.{field}": getattr(gpu, field) for field in _GPU_FIELDS})
    for server in sample.servers:
        found[f"process.{server.name}.vram_bytes"] = server.vram_bytes
        found[f"process.{server.name}.ram_bytes"] = server.ram_bytes
        found[f"server.{server.name}.gen_tps"] = server.gen_tps
    found["process.other.vram_bytes"] = _others(sample.gpus)
    if sample.host is not None:
        found["host.cpu_share"] = sample.host.cpu_share
        found["host.used_bytes"] = _used(sample.host)
        found["host.pressure_share"] = sample.host.pressure_share
        found["host.power_w"] = sample.host.package_power_w
    return {key: float(value) for key, value in found.items() if value is not None}


def _used(host: HostSample) -> int | None:
    if host.total_bytes is None or host.available_bytes is None:
        return None
    return host.total_bytes - host.available_bytes


def _others(gpus: list[GpuSample]) -> int | None:
    """GPU memory that is not our servers'; None unless the driver tells who holds it."""
    total = 0
    for gpu in gpus:
        hides = gpu.source == "nvidia" and bool(gpu.processes_reason)
        if gpu.used_bytes is None or hides:
            return None
        ours = [process.used_bytes for process in gpu.processes if process.server is not None]
        known = [size for size in ours if size is not None]
        if len(known) < len(ours):
            return None
        total += max(0, gpu.used_bytes - sum(known))
    return total if gpus else None
