"""What a tune found, in a row and in words. Only what was measured is said."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from steelyard.core.base.clock import utc_now
from steelyard.core.bench.sums import mean_interval
from steelyard.core.bench.trials import GEN_TOKENS, PROMPT_TOKENS, Trial, log_ratio, paired, row_of
from steelyard.core.servers.launch import alias_for
from steelyard.core.values.bench import TuneReport
from steelyard.core.values.profiles import LaunchProfile, StoredProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.weights import WeightsRow

_OBJECTIVE = f"a prompt of {PROMPT_TOKENS} tokens with an answer of {GEN_TOKENS}"
_SLIGHT = 1.02
_WORTH_A_SETTING = 0.02
_UNSTEADY = 1.25
"""Slowest through fastest of the same; on a quiet machine it is below 1.1."""


def best_of(trials: Sequence[Trial], baseline: Trial) -> Trial:
    """The fastest that is more than noise faster than the defaults; otherwise these. Each further setting
    that it changes has to be worth it.
    """
    faster = [
        (ratio + _WORTH_A_SETTING * trial.candidate.changes, position)
        for position, trial in enumerate(trials)
        if trial.candidate.can_be_kept
        and trial.distinguishable
        and not trial.failed
        and (ratio := log_ratio(trial, baseline)) is not None
        and ratio < 0
    ]
    return trials[min(faster)[1]] if faster else baseline


def profile_of(row: WeightsRow, best: Trial, baseline: Trial) -> StoredProfile:
    """The best as a profile: what differs from the defaults and nothing else."""
    return StoredProfile(
        name=alias_for(f"{row.name}-tuned"),
        profile=best.candidate.profile(LaunchProfile()),
        origin="tune",
        weights=row.name,
        about=f"Tuned on {utc_now()[:10]}: {_gain(best, baseline)}.",
    )


def report_of(
    baseline: Trial,
    trials: Sequence[Trial],
    best: Trial,
    profile_path: str | None,
    notes: Sequence[str],
    *,
    is_stopped: bool,
) -> TuneReport:
    """The document; the baseline comes first, what was not reached is left out."""
    shown = [trial for trial in trials if trial.is_measured or trial.failed]
    words = [_verdict(best, baseline), _slots_note(trials, baseline), _unsteady_note(baseline)]
    words += dict.fromkeys(notes)
    if is_stopped:
        words.insert(1, "It was stopped before everything was tried.")
    return TuneReport(
        baseline=row_of(baseline),
        best=row_of(best),
        candidates=[row_of(trial) for trial in [baseline, *shown]],
        profile_path=profile_path,
        verdict=" ".join(word for word in words if word),
        quant_note=_quant_note(trials, baseline),
        is_stopped=is_stopped,
    )


def _verdict(best: Trial, baseline: Trial) -> str:
    if not baseline.is_measured:
        return "Stopped before anything was measured."
    if best is baseline:
        return f"No setting is distinguishably faster than the defaults for {_OBJECTIVE}."
    text = f"Best: {best.candidate.words}; {_gain(best, baseline)}."
    if best.candidate.axis == "speculation":
        text += " What speculation gains depends on the text."
    if "kv_type_k" in best.candidate.settings:
        text += " A quantised KV cache may change answers slightly."
    return text


def _gain(best: Trial, baseline: Trial) -> str:
    """How much faster, with its 95 % interval where there are rounds to take it from."""
    factor = math.exp(-(log_ratio(best, baseline) or 0.0))
    interval = mean_interval(paired(best, baseline)) if best.rounds else None
    spread = ""
    if interval is not None:
        spread = f" (95 %: {math.exp(-interval[1]):.2f} to {math.exp(-interval[0]):.2f})"
    return f"{factor:.2f} times as fast as the defaults{spread} for {_OBJECTIVE}"


def _slots_note(trials: Sequence[Trial], baseline: Trial) -> str:
    for trial in trials:
        mine, theirs = row_of(trial).aggregate_tps, row_of(baseline).aggregate_tps
        if trial.candidate.axis == "slots" and trial.distinguishable and mine and theirs:
            slots = trial.candidate.settings["parallel"]
            return f"{slots} prompts at a time write {mine / theirs:.2f} times as much together as one."
    return ""


def _unsteady_note(baseline: Trial) -> str:
    times = baseline.times_s([*baseline.screened, *baseline.rounds])
    if len(times) < 3 or max(times) < _UNSTEADY * min(times):
        return ""
    return (
        f"The defaults themselves were up to {max(times) / min(times):.1f} times as slow as at best:"
        " something else uses the machine, and a tune on a quiet one finds more."
    )


def _quant_note(trials: Sequence[Trial], baseline: Trial) -> str:
    """Measured factors of the other quants on disk, against these weights."""
    own = baseline.candidate.quant
    notes: list[str] = []
    for trial in trials:
        if trial.candidate.axis != "quant" or trial.failed or not trial.is_measured or own is None:
            continue
        name = trial.candidate.quant
        if not trial.distinguishable:
            notes.append(f"{name} is not distinguishable from {own} here.")
            continue
        reads, writes = _factor(trial, baseline, "prompt"), _factor(trial, baseline, "gen")
        if reads is not None and writes is not None:
            notes.append(
                f"{name} reads prompts {_times(reads)} and writes {_times(writes)} as fast as {own} here."
            )
    if notes and not _has_gpu(baseline):
        notes.append("On a CPU only some quants have fast kernels; quality differs, too.")
    return " ".join(notes)


def _factor(trial: Trial, baseline: Trial, name: str) -> float | None:
    """Of rates that were measured alike: both in rounds, or both in the screening."""
    pair = (trial.rounds, baseline.rounds) if trial.rounds else (trial.screened, baseline.screened)
    mine, theirs = ([rate for sample in samples for rate in getattr(sample, name)] for samples in pair)
    if not mine or not theirs:
        return None
    return (sum(mine) / len(mine)) / (sum(theirs) / len(theirs))


def _times(factor: float) -> str:
    if 1 / _SLIGHT < factor < _SLIGHT:
        return "about"
    return f"{factor:.2g} times" if factor >= 10 else f"{factor:.2f} times"


def _has_gpu(trial: Trial) -> bool:
    return any(sample.backend not in ("", "cpu") for sample in trial.best_samples)
