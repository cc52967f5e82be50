"""Verdicts in words and colours, the same in lists, chips and the slider. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.models_fit_bar import FitBarData
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import gib

if TYPE_CHECKING:
    from steelyard.core.values.fit import FitDevice, FitReport

_WORSE = {
    "fits": ("tight, then partly on the CPU", "warn"),
    "tight": ("some layers on the CPU", "warn"),
    "partial": ("fewer layers on the GPU", "warn"),
    "cpu": ("more than is free", "bad"),
    "wont_fit": ("does not fit", "bad"),
}
_TONES = {"fits": "good", "tight": "info", "partial": "warn", "cpu": "warn", "wont_fit": "bad"}
_ICONS = {"fits": "check", "tight": "gauge", "partial": "layers", "cpu": "cpu", "wont_fit": "x"}


def tone_of(report: FitReport) -> str:
    """Colour token of a verdict; CPU is no flaw where there is no GPU."""
    if report.verdict == "cpu" and not has_gpu(report):
        return "good"
    return _TONES[report.verdict]


def verdict_text(report: FitReport) -> str:
    """`Full GPU`, `Tight`, `Partial 41/65 layers`, `CPU only`, `Won't fit`."""
    match report.verdict:
        case "fits":
            return "Full GPU" if has_gpu(report) else "Fits in RAM"
        case "tight":
            return "Tight"
        case "partial":
            known = report.layers_on_gpu is not None
            return f"Partial {report.layers_on_gpu}/{report.layers} layers" if known else "Partial"
        case "cpu":
            return "CPU only" if has_gpu(report) else "Runs on CPU"
        case _:
            return "Won't fit"


def verdict_chip(report: FitReport) -> Chip:
    """The verdict as a chip."""
    return Chip(verdict_text(report), tone_of(report), _ICONS[report.verdict])


def short_of(report: FitReport) -> int:
    """By how many bytes it is too big for all free memory; 0 when it is not."""
    return max(0, report.total_bytes - sum(free_of(device) for device in report.devices))


def has_gpu(report: FitReport) -> bool:
    """Whether this machine has a GPU that the engine can use."""
    return any(device.kind == "gpu" for device in report.devices)


def main_devices(report: FitReport) -> list[FitDevice]:
    """The devices that weights should lie on: the GPUs, else main memory."""
    gpus = [device for device in report.devices if device.kind == "gpu"]
    return gpus or report.devices


def free_of(device: FitDevice) -> int:
    """Bytes that can be had there: free, or given back by our own idle servers."""
    return device.free_bytes + device.given_back_bytes


def free_bytes(report: FitReport) -> int:
    """What is free where weights should lie."""
    return sum(free_of(device) for device in main_devices(report))


def memory_name(report: FitReport) -> str:
    """`VRAM` or `Memory`."""
    return "VRAM" if has_gpu(report) else "Memory"


def bar_of(report: FitReport) -> FitBarData:
    """The report as the fit bar shows it."""
    devices = main_devices(report)
    capacity = sum(device.total_bytes for device in devices)
    return FitBarData(
        weights_bytes=report.weights_bytes,
        kv_bytes=report.kv_bytes,
        compute_bytes=report.compute_bytes,
        overhead_bytes=report.overhead_bytes,
        low_bytes=report.low_bytes,
        high_bytes=report.high_bytes,
        capacity_bytes=capacity,
        other_bytes=max(0, capacity - free_bytes(report)),
        margin_bytes=report.margin_bytes,
        capacity_name=", ".join(device.name for device in devices),
    )


def basis_chip(report: FitReport) -> tuple[Chip, str]:
    """Where the figures come from, and a sentence about it."""
    if report.basis == "formula":
        return Chip(
            "formula (estimate)", "info"
        ), "Computed from the file's header; the engine was not asked."
    if report.is_scaled:
        text = "The engine projected another file of this repository; this file's size was put in."
        return Chip("engine, scaled", "info"), text
    return Chip("engine's projection", "good"), "The pinned engine's own projection for this very file."


def correction_text(report: FitReport) -> str:
    """`last 8 loads: +1.8 %`; empty before the first."""
    correction = report.correction
    if correction is None or not correction.loads:
        return ""
    loads = "last load" if correction.loads == 1 else f"last {correction.loads} loads"
    return f"{loads}: {correction.error_share * 100:+.1f} %"


def range_text(report: FitReport) -> str:
    """`estimate 21.1 to 21.9 GiB`."""
    return f"estimate {gib(report.low_bytes)} to {gib(report.high_bytes)} GiB"


def flip_texts(
    report: FitReport, best: FitReport | None, most: int
) -> tuple[int | None, tuple[str, str], tuple[str, str]]:
    """Where the slider's track changes its colour, and what it says at both sides.

    `report` is the verdict where the slider stands. `largest_ctx` only tells how far the best one goes, not
    which it is: that comes from a report of the same file at a shorter context (`best`), if there was one.
    """
    here, tone = _phrase(report), tone_of(report)
    at_slider = "runs on the CPU" if report.verdict == "cpu" else verdict_text(report)
    largest = report.largest_ctx
    if largest is None:
        return None, ("", tone), (at_slider, tone)
    if report.ctx > largest:
        left, left_tone = (_phrase(best), tone_of(best)) if best is not None else _guess(report)
        return largest, (f"{left} up to {largest:,}", left_tone), (at_slider, tone)
    if largest >= most:
        return most, (f"{here} up to the model's {most:,}", tone), ("", tone)
    worse, worse_tone = _worse(report)
    return largest, (f"{here} up to {largest:,}", tone), (worse, worse_tone)


def _phrase(report: FitReport) -> str:
    """The verdict as the first words of `... up to 8,192`."""
    if report.verdict == "cpu":
        return "runs on the CPU, fits"
    return "fits, but tight" if report.verdict == "tight" else verdict_text(report)


def _guess(report: FitReport) -> tuple[str, str]:
    """What must be true at shorter contexts, where nothing was asked: better than here."""
    if not has_gpu(report):
        return "runs on the CPU, fits", "good"
    match report.verdict:
        case "tight":
            return "Full GPU", "good"
        case "partial":
            return "fits the GPU", "good"
        case "cpu":
            return "uses the GPU", "good"
        case _:
            return "fits", "warn"


def _worse(report: FitReport) -> tuple[str, str]:
    """What comes behind the best verdict."""
    if not has_gpu(report):
        return "more than is free", "bad"
    return _WORSE[report.verdict]
