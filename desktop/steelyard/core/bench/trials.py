"""What was measured of each candidate, and what of it is more than noise.

First everything is screened, with the baseline in between. Those that look promising then go into rounds
against the baseline, in mirrored order, so that a machine that slowly gets faster or slower favours nobody.
Only the rounds decide about them: they are fresh, so having been chosen for a lucky screening helps nobody
either. Ratios are compared as logarithms; several tests share one error level (Holm).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.bench.sums import holm, mean, mean_interval, p_of_mean, p_of_single, sample_sd, t_p_value
from steelyard.core.values.bench import TuneCandidate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steelyard.core.bench.candidates import Candidate
    from steelyard.core.bench.end_to_end import Asked
    from steelyard.core.bench.engine_bench import EngineSample

PROMPT_TOKENS, GEN_TOKENS = 512, 128
"""The objective: how long a prompt of so many tokens and an answer of so many take."""
_LEVEL = 0.05
_FEWEST_BASELINES = 3
FEWEST_ROUNDS = 3


@dataclass
class Trial:
    """A candidate with all its measurements."""

    candidate: Candidate
    screened: list[EngineSample] = field(default_factory=list["EngineSample"])
    rounds: list[EngineSample] = field(default_factory=list["EngineSample"])
    asked: list[Asked] = field(default_factory=list["Asked"])
    failed: str = ""
    distinguishable: bool = False

    @property
    def best_samples(self) -> list[EngineSample]:
        """Those of the rounds, if it was in them."""
        return self.rounds or self.screened

    @property
    def is_measured(self) -> bool:
        """Whether there is any figure."""
        return bool(self.screened or self.rounds or self.asked)

    def times_s(self, samples: Sequence[EngineSample]) -> list[float]:
        """The objective, once for each run of the engine's bench."""
        times = (sample.time_s(PROMPT_TOKENS, GEN_TOKENS) for sample in samples)
        return [time_s for time_s in times if time_s is not None]

    @property
    def asked_ms(self) -> list[float]:
        """The objective as a client sees it, once for each single prompt; an answer may have ended early."""
        timings = [run.timing for asked in self.asked for run in asked.good]
        return [t.ttft_ms + (GEN_TOKENS - 1) * t.tpot_ms for t in timings if t.ttft_ms and t.tpot_ms]

    def rate(self, name: str) -> float | None:
        """Mean tokens per second, `prompt` or `gen`; from end-to-end runs where the engine's bench cannot."""
        rates = [rate for sample in self.best_samples for rate in getattr(sample, name)]
        if not rates:
            whole = "prompt_tps" if name == "prompt" else "gen_tps"
            rates = [rate for asked in self.asked for rate in asked.rates(whole)]
        return mean(rates) if rates else None


def log_ratio(trial: Trial, baseline: Trial) -> float | None:
    """Log of its time through the baseline's; below 0 it is faster. The best figures that there are."""
    if trial.rounds and baseline.rounds:
        return mean(paired(trial, baseline)) if paired(trial, baseline) else None
    mine, theirs = trial.times_s(trial.screened), baseline.times_s(baseline.screened)
    if not mine or not theirs:
        mine, theirs = trial.asked_ms, baseline.asked_ms
    if not mine or not theirs:
        return None
    return mean(_logs(mine)) - mean(_logs(theirs))


def paired(trial: Trial, baseline: Trial) -> list[float]:
    """Log ratios of the rounds that both ended."""
    pairs = zip(trial.times_s(trial.rounds), baseline.times_s(baseline.rounds), strict=False)
    return [math.log(mine / theirs) for mine, theirs in pairs]


def tell_apart(trials: Iterable[Trial], baseline: Trial) -> None:
    """Set `distinguishable` of each: 95 % confidence for each of the three kinds of comparison as a whole."""
    others = [trial for trial in trials if trial is not baseline and not trial.failed]
    kinds = (
        {t.candidate.key: p for t in others if (p := _p_of_rounds(t, baseline)) is not None},
        {t.candidate.key: p for t in others if (p := _p_of_screening(t, baseline)) is not None},
        {t.candidate.key: p for t in others if (p := _p_of_asking(t, baseline)) is not None},
    )
    apart = set[str]().union(*(holm(p_values, _LEVEL) for p_values in kinds))
    for trial in others:
        trial.distinguishable = trial.candidate.key in apart


def _p_of_rounds(trial: Trial, baseline: Trial) -> float | None:
    if not trial.rounds:
        return None
    ratios = paired(trial, baseline)
    return p_of_mean(ratios) if len(ratios) >= FEWEST_ROUNDS else 1.0


def _p_of_screening(trial: Trial, baseline: Trial) -> float | None:
    """One run against the spread of the baseline's own runs: enough for large differences only."""
    mine, theirs = trial.times_s(trial.screened), baseline.times_s(baseline.screened)
    if trial.rounds or not mine:
        return None
    return p_of_single(_logs(mine)[0], _logs(theirs)) if len(theirs) >= _FEWEST_BASELINES else 1.0


def _p_of_asking(trial: Trial, baseline: Trial) -> float | None:
    """Welch's test; only for what the engine's bench cannot measure."""
    if trial.candidate.is_for_engine:
        return None
    if trial.candidate.axis == "slots":
        mine, theirs = _aggregates(trial), _aggregates(baseline)
    else:
        mine, theirs = trial.asked_ms, baseline.asked_ms
    return welch(_logs(mine), _logs(theirs))


def welch(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """Two-sided p of equal means where spreads may differ; 1 where nothing can be said."""
    a, b = sample_sd(mine), sample_sd(theirs)
    if a is None or b is None:
        return 1.0
    u, v = a * a / len(mine), b * b / len(theirs)
    if u + v <= 0:
        return 1.0
    freedom = (u + v) ** 2 / (u * u / (len(mine) - 1) + v * v / (len(theirs) - 1))
    return t_p_value(mean(mine) - mean(theirs), math.sqrt(u + v), max(1, math.floor(freedom)))


def _aggregates(trial: Trial) -> list[float]:
    return [rate for asked in trial.asked if (rate := asked.aggregate_tps)]


def row_of(trial: Trial) -> TuneCandidate:
    """The row of the report; what was not measured is None."""
    candidate = trial.candidate
    gen = [mean(sample.gen) for sample in trial.best_samples if sample.gen]
    interval = mean_interval(gen)
    aggregates = _aggregates(trial)
    single = candidate.axis != "slots"
    return TuneCandidate(
        settings=candidate.settings,
        prompt_tps=trial.rate("prompt"),
        gen_tps=trial.rate("gen"),
        memory_bytes=_memory(trial),
        joules_per_token=_joules(trial),
        distinguishable=trial.distinguishable,
        weights=candidate.weights,
        quant=candidate.quant,
        gen_tps_low=None if interval is None else max(0.0, interval[0]),
        gen_tps_high=None if interval is None else interval[1],
        end_to_end_tps=mean(rates) if single and (rates := _end_to_end(trial)) else None,
        aggregate_tps=mean(aggregates) if aggregates else None,
        stage="end_to_end" if trial.asked else "engine",
        failed=trial.failed,
    )


def _end_to_end(trial: Trial) -> list[float]:
    """Generation rates as the client sees them."""
    return [rate for asked in trial.asked for rate in asked.rates("gen_tps")]


def _memory(trial: Trial) -> int | None:
    sizes = [run.memory.measured_bytes for asked in trial.asked for run in asked.good]
    return max((size for size in sizes if size), default=None)


def _joules(trial: Trial) -> float | None:
    """Of single prompts only: what several at a time cost each is not known."""
    runs = [run for asked in trial.asked for run in asked.good]
    told = [(run.energy.joules, run.usage.completion_tokens) for run in runs]
    if not told or trial.candidate.axis == "slots" or any(j is None or not n for j, n in told):
        return None
    return sum(j or 0.0 for j, _ in told) / sum(n or 0 for _, n in told)


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values if value > 0]
