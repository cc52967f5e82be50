"""One word for how weights fit, and the bytes behind it in a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.units import gib_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.fit import FitDevice, Verdict

MARGIN_BYTES = 1 << 30
"""What the engine leaves free on each GPU by default, and what a desktop needs."""


@dataclass(frozen=True)
class Judgement:
    """The verdict with its reason and the layers that go to a GPU (None without one)."""

    verdict: Verdict
    reason: str
    layers_on_gpu: int | None


def judge(devices: Sequence[FitDevice], layers_fitting: int | None, layers: int) -> Judgement:
    """The verdict. `devices` are the needs with everything on the GPUs, the host last; `layers_fitting` is
    how many of `layers` the engine would put there now.
    """
    gpus, host = [device for device in devices if device.kind == "gpu"], devices[-1]
    needed = sum(need(device) for device in devices)
    if not gpus:
        return _on_the_host(needed, host)
    rooms = [room(device) - need(device) for device in gpus]
    on_gpus = sum(need(device) for device in gpus)
    free = sum(room(device) for device in gpus)
    if need(host) > room(host):
        reason = f"needs {gib_text(need(host))} of memory beside the GPU, {gib_text(room(host))} are free"
        return Judgement("wont_fit", reason, 0)
    sentence = f"needs {gib_text(on_gpus)} of {gib_text(free)} free GPU memory"
    if all(left >= MARGIN_BYTES for left in rooms):
        return Judgement("fits", sentence, layers)
    if all(left >= 0 for left in rooms):
        return Judgement("tight", f"{sentence}; less than {gib_text(MARGIN_BYTES)} is left", layers)
    on_gpu = min(layers_fitting or 0, layers)
    if needed > free + room(host):
        there = f"{gib_text(free)} on the GPU and {gib_text(room(host))} beside it are free"
        return Judgement("wont_fit", f"needs {gib_text(needed)}; {there}", 0)
    if on_gpu > 0:
        return Judgement("partial", f"{sentence}; {on_gpu} of {layers} layers go there", on_gpu)
    return Judgement("cpu", f"{sentence}; it runs on the CPU", 0)


def _on_the_host(needed: int, host: FitDevice) -> Judgement:
    sentence = f"needs {gib_text(needed)} of {gib_text(room(host))} free memory"
    if needed > room(host):
        return Judgement("wont_fit", sentence, None)
    return Judgement("cpu", f"{sentence}; there is no GPU, it runs on the CPU", None)


def need(device: FitDevice) -> int:
    """What the weights take of a device, bytes."""
    return device.weights_bytes + device.kv_bytes + device.compute_bytes + device.overhead_bytes


def room(device: FitDevice) -> int:
    """What is free there, and what idle servers of ours would give back, bytes."""
    return device.free_bytes + device.given_back_bytes
