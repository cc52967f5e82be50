"""A whole verdict: from what was projected or computed to the report that people see. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.core.fit.formula import kv_bytes, padded
from steelyard.core.fit.learned import estimate_range, overhead_bytes
from steelyard.core.fit.verdict import MARGIN_BYTES, judge, need
from steelyard.core.values.fit import FIT_DEFAULT_CONTEXT, FitDevice, FitReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.gguf.header import GgufHeader
    from steelyard.core.values.fit import FitCorrection, FitWish

_RANK = {"fits": 0, "tight": 1, "partial": 2, "cpu": 3, "wont_fit": 4}
_STEP = 256
_LEAST_CTX = 2048
_MOST_REPACKED_SHARE = 0.8


@dataclass(frozen=True)
class Subject:
    """What is judged: a model by its header (of the first part), and how it was learned.

    `devices` carry free memory and needs without overhead, the host last; `layers_fitting` is the engine's
    own answer to how many layers it would put on GPUs now (None: all, or no GPU).
    """

    name: str
    header: GgufHeader
    devices: list[FitDevice]
    layers_fitting: int | None
    ctx: int
    wish: FitWish
    backend: str
    correction: FitCorrection | None
    basis: Literal["engine", "formula"]
    bytes_read: int
    is_scaled: bool = False


def context_for(header: GgufHeader, wish: FitWish) -> int:
    """Tokens that one request may use: as wished, else the model's own but at most 8,192."""
    return wish.ctx or min(header.context_length or FIT_DEFAULT_CONTEXT, FIT_DEFAULT_CONTEXT)


def make_report(subject: Subject) -> FitReport:
    """The verdict with all its figures."""
    layers = (subject.header.layers or 0) + 1
    devices = with_overhead(subject.devices, subject.backend, subject.correction)
    fitting = _layers_fitting(subject, devices, layers)
    judgement = judge(devices, fitting, layers)
    parts = {name: sum(int(getattr(d, name)) for d in devices) for name in _PARTS}
    total = sum(parts.values())
    low, high = estimate_range(total, parts["overhead_bytes"], subject.correction)
    if subject.is_scaled and len(devices) == 1:
        # A CPU backend keeps some quants a second time, rearranged; only the engine knows how much of them.
        high += round(parts["weights_bytes"] * _MOST_REPACKED_SHARE)
    return FitReport(
        name=subject.name,
        verdict=judgement.verdict,
        ctx=subject.ctx,
        parallel=subject.wish.parallel,
        kv_type=subject.wish.kv_type,
        **parts,
        total_bytes=total,
        low_bytes=max(0, low),
        high_bytes=high,
        layers_on_gpu=judgement.layers_on_gpu,
        layers=layers,
        devices=devices,
        basis=subject.basis,
        header_bytes_read=subject.bytes_read,
        is_scaled=subject.is_scaled,
        model_ctx=subject.header.context_length,
        largest_ctx=_largest_ctx(subject, devices, layers),
        margin_bytes=MARGIN_BYTES if len(devices) > 1 else 0,
        correction=subject.correction,
        reason=judgement.reason,
    )


_PARTS = ("weights_bytes", "kv_bytes", "compute_bytes", "overhead_bytes")


def with_overhead(
    devices: Sequence[FitDevice], backend: str, correction: FitCorrection | None
) -> list[FitDevice]:
    """What comes on top of the engine's sum, spread over the GPUs, or put on the host without one."""
    overhead = overhead_bytes(backend, sum(need(device) for device in devices), correction)
    goals = [at for at, device in enumerate(devices) if device.kind == "gpu"] or [len(devices) - 1]
    share, rest = divmod(overhead, len(goals))
    return [
        msgspec.structs.replace(device, overhead_bytes=share + (rest if at == goals[0] else 0))
        if at in goals
        else device
        for at, device in enumerate(devices)
    ]


def _layers_fitting(subject: Subject, devices: list[FitDevice], layers: int) -> int | None:
    """The engine's own answer, or how many layers of the usual size go into what is free."""
    if subject.layers_fitting is not None:
        return subject.layers_fitting
    gpus = [device for device in devices if device.kind == "gpu"]
    if not gpus:
        return None
    count = 0
    for device in gpus:
        left = device.free_bytes + device.given_back_bytes - MARGIN_BYTES
        left -= device.compute_bytes + device.overhead_bytes
        per_layer = max(1, sum(d.weights_bytes + d.kv_bytes for d in gpus) // layers)
        count += max(0, left // per_layer)
    return min(count, layers)


def scaled_to(
    devices: Sequence[FitDevice], header: GgufHeader, old: tuple[int, int, str], new: tuple[int, int, str]
) -> list[FitDevice]:
    """Devices with the KV cache of another (context, slots, type): by the ratio that the formula gives."""
    before, after = kv_bytes(header, *old), kv_bytes(header, *new)
    ratio = after / before if before else 1.0
    return [msgspec.structs.replace(device, kv_bytes=round(device.kv_bytes * ratio)) for device in devices]


def resized_to(devices: Sequence[FitDevice], data_bytes: int, new_data_bytes: int) -> list[FitDevice]:
    """Devices with the weights of another quant of the same model."""
    ratio = new_data_bytes / data_bytes if data_bytes else 1.0
    return [
        msgspec.structs.replace(device, weights_bytes=round(device.weights_bytes * ratio))
        for device in devices
    ]


def _largest_ctx(subject: Subject, devices: list[FitDevice], layers: int) -> int | None:
    """The longest context that keeps the best verdict these weights can have here."""
    most = padded(subject.header.context_length or subject.ctx)
    old = (subject.ctx, subject.wish.parallel, subject.wish.kv_type)

    def rank(ctx: int) -> int:
        shifted = scaled_to(devices, subject.header, old, (ctx, *old[1:]))
        return _RANK[judge(shifted, layers, layers).verdict]

    least = min(_LEAST_CTX, most)
    best = rank(least)
    if best == _RANK["wont_fit"]:
        return None
    low, high = least // _STEP, most // _STEP
    while low < high:
        middle = (low + high + 1) // 2
        if rank(middle * _STEP) <= best:
            low = middle
        else:
            high = middle - 1
    return max(least, low * _STEP)
