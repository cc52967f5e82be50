"""From what the engine projects to bytes per device. Pure.

The engine prints whole MiB, cut off; where the same run tells a figure exactly, that one is used. Weights
that stay on the host are mapped from the file: the engine then counts the mapped range, while its projection
leaves out what a CPU backend repacks into a buffer of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from steelyard.core.values.fit import FitDevice, Projected

MIB = 1 << 20
_HALF_MIB = MIB // 2
_HOST_NAMES = ("Host", "CPU")


@dataclass(frozen=True)
class HostMemory:
    """Memory of the machine, bytes."""

    total_bytes: int
    free_bytes: int


def fit_devices(projected: Projected, data_bytes: int, host: HostMemory) -> list[FitDevice]:
    """Bytes per device, the host last. `data_bytes` are the tensors of the whole model."""
    gpus = [device for device in projected.devices if not device.is_host]
    hosts = [device for device in projected.devices if device.is_host]
    rows = [
        FitDevice(
            name=device.name,
            kind="gpu",
            total_bytes=(device.total_mib or 0) * MIB,
            free_bytes=(device.free_mib or 0) * MIB,
            weights_bytes=_middle(device.model_mib),
            kv_bytes=_middle(device.context_mib),
            compute_bytes=_middle(device.compute_mib),
        )
        for device in gpus
    ]
    mapped = data_bytes if not gpus else sum(_middle(d.model_mib) for d in hosts if d.name in _HOST_NAMES)
    repacked = sum(_middle(device.model_mib) for device in hosts if device.name not in _HOST_NAMES)
    rows.append(
        FitDevice(
            name="Host",
            kind="host",
            total_bytes=host.total_bytes,
            free_bytes=host.free_bytes,
            weights_bytes=mapped + repacked,
            kv_bytes=sum(_middle(device.context_mib) for device in hosts),
            compute_bytes=sum(_middle(device.compute_mib) for device in hosts) + projected.output_bytes,
        )
    )
    rows = _with_sum(rows, "kv_bytes", projected.kv_bytes)
    exact = None if projected.compute_bytes is None else projected.compute_bytes + projected.output_bytes
    return _with_sum(rows, "compute_bytes", exact)


def _middle(mib: int) -> int:
    """The middle of what a cut-off figure can mean; nothing is nothing."""
    return mib * MIB + _HALF_MIB if mib else 0


def _with_sum(rows: list[FitDevice], field: str, exact: int | None) -> list[FitDevice]:
    """Put the difference to the exact sum where most of it lies, if it is no more than rounding."""
    if exact is None:
        return rows
    sizes = [int(getattr(row, field)) for row in rows]
    difference = exact - sum(sizes)
    most = max(range(len(rows)), key=sizes.__getitem__)
    if abs(difference) > 2 * MIB * len(rows) or sizes[most] + difference < 0:
        return rows
    changed = msgspec.structs.replace(rows[most], **{field: sizes[most] + difference})
    return [changed if at == most else row for at, row in enumerate(rows)]
