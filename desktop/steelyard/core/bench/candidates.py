"""Which settings are worth trying on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.weights import WeightsRow

Axis = Literal[
    "baseline", "threads", "batch", "flash", "kv", "gpu", "quant", "combined", "speculation", "slots"
]
_MOST_QUANTS = 3
_SLOTS = 4
_SLOT_CONTEXT = 1024
# The engine has kernels of their own for these on most CPUs; whether that helps here is measured.
_QUANTS_FIRST = ("Q4_0", "IQ4_NL", "Q8_0", "Q4_K_M", "Q4_1", "Q5_K_M", "Q6_K")
_INDEPENDENT: tuple[Axis, ...] = ("threads", "batch", "flash", "kv", "gpu")


@dataclass(frozen=True)
class MachineFacts:
    """What decides about the settings that can matter."""

    physical_cores: int
    logical_cores: int
    has_gpu: bool = False


def machine_facts(*, has_gpu: bool) -> MachineFacts:
    """Of this machine; the cores are those that this process may use."""
    logical = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    return MachineFacts(min(physical, logical), logical, has_gpu)


@dataclass(frozen=True)
class Candidate:
    """One set of settings; `settings` are what differs from the baseline, as fields of a launch profile."""

    key: str
    axis: Axis
    path: str
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    quant: str | None = None
    weights: str = ""
    changes: int = 1
    """How many independent things it changes."""

    @property
    def is_for_engine(self) -> bool:
        """Whether the engine's own bench can measure it; the others only show end to end."""
        return self.axis not in ("speculation", "slots")

    @property
    def can_be_kept(self) -> bool:
        """Whether a profile of these weights could hold it: another quant cannot, and slots do not make a
        single prompt faster.
        """
        return self.axis not in ("baseline", "quant", "slots")

    def profile(self, base: LaunchProfile) -> LaunchProfile:
        """The baseline with these settings."""
        return msgspec.structs.replace(base, **self.settings)

    @property
    def words(self) -> str:
        """For a person."""
        if self.axis == "baseline":
            return "the defaults"
        if self.axis == "quant":
            return self.quant or self.weights
        return ", ".join(f"{name} {value}" for name, value in self.settings.items())


def baseline_of(row: WeightsRow) -> Candidate:
    """What everything is compared with."""
    return Candidate("baseline", "baseline", row.path, {}, row.quant, row.name)


def candidates_for(
    machine: MachineFacts, base: LaunchProfile, row: WeightsRow, siblings: Sequence[WeightsRow]
) -> list[Candidate]:
    """Single changes to the baseline (an effective profile), the most promising first."""
    changes = [
        *_threads(machine, base),
        *(_gpu(row, base) if machine.has_gpu else ()),
        *_batches(base, has_gpu=machine.has_gpu),
        *_flash(base),
        *_kv(base),
    ]
    made = [_with(row, axis, settings) for axis, settings in changes]
    made += [_quant(sibling) for sibling in _chosen(row, siblings)]
    if base.speculation in (None, "off"):
        made.append(_with(row, "speculation", {"speculation": "ngram-simple"}))
    if (base.parallel or 1) == 1:
        made.append(_with(row, "slots", _slots(base)))
    return made


def combined(row: WeightsRow, chosen: Iterable[Candidate]) -> Candidate | None:
    """The best of each independent axis together; None where that is no more than one."""
    settings: dict[str, Any] = {}
    axes: set[Axis] = set()
    for candidate in chosen:
        if candidate.axis in _INDEPENDENT and candidate.axis not in axes:
            axes.add(candidate.axis)
            settings |= candidate.settings
    if _is_quantised(settings.get("kv_type_v")) and settings.pop("flash_attention", None):
        axes.discard("flash")  # the engine has no such cache without it
    return replace(_with(row, "combined", settings), changes=len(axes)) if len(axes) > 1 else None


def _threads(machine: MachineFacts, base: LaunchProfile) -> Iterator[tuple[Axis, dict[str, Any]]]:
    used = base.threads or machine.physical_cores  # that is what the engine takes by itself
    wanted = (machine.physical_cores, machine.logical_cores, 3 * machine.physical_cores // 4)
    for threads in dict.fromkeys([*wanted, machine.physical_cores // 2]):
        if threads >= 1 and threads != used:
            yield "threads", {"threads": threads}


def _gpu(row: WeightsRow, base: LaunchProfile) -> Iterator[tuple[Axis, dict[str, Any]]]:
    layers = row.layers or 0
    for value in dict.fromkeys(["all", 3 * layers // 4, layers // 2, 0]):
        if value != base.gpu_layers and (value == "all" or not value or layers >= 2):
            yield "gpu", {"gpu_layers": value}


def _batches(base: LaunchProfile, *, has_gpu: bool) -> Iterator[tuple[Axis, dict[str, Any]]]:
    used = base.ubatch_tokens or min(512, base.batch_tokens or 512)
    for ubatch in (1024, 2048) if has_gpu else (128, 1024):
        if ubatch != used:
            yield "batch", {"batch_tokens": max(ubatch, base.batch_tokens or 512), "ubatch_tokens": ubatch}


def _flash(base: LaunchProfile) -> Iterator[tuple[Axis, dict[str, Any]]]:
    """The engine's own choice is on wherever it can."""
    if base.flash_attention in (None, "auto", "on") and not _is_quantised(base.kv_type_v):
        yield "flash", {"flash_attention": "off"}
    elif base.flash_attention == "off":
        yield "flash", {"flash_attention": "on"}


def _kv(base: LaunchProfile) -> Iterator[tuple[Axis, dict[str, Any]]]:
    if base.flash_attention != "off" and base.kv_type_k in (None, "f16"):
        yield "kv", {"kv_type_k": "q8_0", "kv_type_v": "q8_0"}


def _slots(base: LaunchProfile) -> dict[str, Any]:
    """The same context in all, so that it takes the same memory."""
    context = (base.context_tokens or _SLOTS * _SLOT_CONTEXT) // _SLOTS
    return {"parallel": _SLOTS, "context_tokens": max(_SLOT_CONTEXT, context)}


def _is_quantised(kv_type: str | None) -> bool:
    return kv_type not in (None, "f32", "f16", "bf16")


def _chosen(row: WeightsRow, siblings: Sequence[WeightsRow]) -> list[WeightsRow]:
    others = {one.quant: one for one in reversed(siblings) if one.quant and one.quant != row.quant}
    rank = {quant: place for place, quant in enumerate(_QUANTS_FIRST)}
    ordered = sorted(others.values(), key=lambda one: (rank.get(one.quant or "", 99), one.size_bytes))
    return ordered[:_MOST_QUANTS]


def _quant(sibling: WeightsRow) -> Candidate:
    return Candidate(f"quant:{sibling.path}", "quant", sibling.path, {}, sibling.quant, sibling.name)


def _with(row: WeightsRow, axis: Axis, settings: dict[str, Any]) -> Candidate:
    key = ",".join(f"{name}={value}" for name, value in settings.items())
    return Candidate(key, axis, row.path, settings, row.quant, row.name)
