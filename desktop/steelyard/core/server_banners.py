"""What is true about the machine while a server runs, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.units import gib_text
from steelyard.core.values.servers import Banner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.telemetry import GpuSample, Sample

_PRESSURE_SHARE = 0.1
_LOW_MEMORY_SHARE = 0.03
_NOTABLE_BYTES = 64 << 20
_THROTTLE_WORDS = {
    "thermal": "it is too hot",
    "power": "its power limit",
    "hardware": "a brake in the hardware",
    "other": "another limit",
}


def banners_of(row: ServerRow, sample: Sample, others_generating: set[str]) -> list[Banner]:
    """Banners for one server; `others_generating` names other local models that generate now."""
    if row.state != "ready":
        return []
    return [*_unused_gpu(row, sample), *_gpu(row, sample), *_memory(sample), *_beside(row, others_generating)]


def notes_of(sample: Sample) -> list[str]:
    """What spoils a measurement that is taken now, in words."""
    notes = [banner.text for banner in _memory(sample)]
    for gpu in sample.gpus:
        if gpu.throttle:
            reasons = " and ".join(_THROTTLE_WORDS[reason] for reason in gpu.throttle)
            notes.append(f"{gpu.name} was held back by {reasons}")
        if others := _strangers(gpu):
            notes.append(f"other programs used {gpu.name}: {', '.join(others[:4])}")
    return notes


def _unused_gpu(row: ServerRow, sample: Sample) -> Iterator[Banner]:
    """The engine saw no GPU although the driver knows one: a missing backend, or a driver that changed."""
    gpus = [gpu.name for gpu in sample.gpus if gpu.total_bytes is not None]
    if gpus and row.backend == "cpu" and row.layers_on_gpu is None:
        yield Banner(
            code="spilled_to_cpu",
            text=f"Everything runs on the CPU although there is a {gpus[0]}.",
            hint="Build the engine's backend for it: `python3 run.py setup`. `steelyard doctor` says more.",
        )


def _gpu(row: ServerRow, sample: Sample) -> Iterator[Banner]:
    if row.backend == "cpu":
        return
    for gpu in sample.gpus:
        if gpu.throttle:
            reasons = " and ".join(_THROTTLE_WORDS[reason] for reason in gpu.throttle)
            heat = "" if gpu.temperature_c is None else f" at {gpu.temperature_c:.0f} °C"
            yield Banner(
                code="throttled",
                text=f"{gpu.name} is held back by {reasons}{heat}.",
                hint="Figures taken now are lower than what it can do.",
            )
        if others := _strangers(gpu):
            yield Banner(
                code="other_gpu_process",
                text=f"Other programs use {gpu.name}: {', '.join(others[:4])}.",
                hint="Memory and speed measured now are shared with them.",
            )


def _strangers(gpu: GpuSample) -> list[str]:
    return [
        f"{process.name or f'process {process.pid}'} ({gib_text(process.used_bytes)})"
        for process in gpu.processes
        if process.server is None and process.used_bytes is not None and process.used_bytes >= _NOTABLE_BYTES
    ]


def _memory(sample: Sample) -> Iterator[Banner]:
    host = sample.host
    if host is None:
        return
    is_low = (
        host.available_bytes is not None
        and host.total_bytes
        and host.available_bytes < _LOW_MEMORY_SHARE * host.total_bytes
    )
    if (host.pressure_share or 0.0) >= _PRESSURE_SHARE or is_low:
        waits = (
            "" if host.pressure_share is None else f", programs wait {host.pressure_share:.0%} of the time"
        )
        free = "" if host.available_bytes is None else f"{gib_text(host.available_bytes)} left"
        yield Banner(
            code="memory_pressure",
            text=f"Memory is short: {free}{waits}.",
            hint="Stop a server or close other programs; speed measured now is too low.",
        )


def _beside(row: ServerRow, others_generating: set[str]) -> Iterator[Banner]:
    others = sorted(others_generating - {row.name})
    if row.slots_busy and others:
        yield Banner(
            code="other_local_load",
            text=f"{', '.join(others)} generates at the same time.",
            hint="Both are slower than alone; such runs are marked as not comparable.",
        )
