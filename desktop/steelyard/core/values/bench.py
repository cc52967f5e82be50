"""Bench: the engine against the way through Steelyard. Tune: which settings are the best on this machine.

Rates in tokens per second, times in milliseconds, sizes in bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from steelyard.core.values.row import Row


class EngineRates(Row, frozen=True):
    """llama-bench's own: without tokenising, sampling and HTTP. `*_sd`: over its repetitions."""

    prompt_tps: float | None
    gen_tps: float | None
    build: str
    backend: str
    prompt_tps_sd: float | None = None
    gen_tps_sd: float | None = None
    prompt_tokens: int = 512
    gen_tokens: int = 128
    repetitions: int = 0


class BenchLevel(Row, frozen=True):
    """`n` requests with `parallel` at a time, through Steelyard.

    `ratio_to_engine`: aggregate against the engine's gen_tps.
    """

    parallel: int
    aggregate_tps: float | None
    gen_tps_median: float | None
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None
    n: int
    ratio_to_engine: float | None
    failed: int = 0


class BenchReport(Row, frozen=True):
    """The document of `bench`."""

    engine: EngineRates
    levels: list[BenchLevel]
    weights: str = ""
    notes: list[str] = []
    """What was going on beside it: other servers, pressure, throttling."""


class TuneCandidate(Row, frozen=True):
    """One set of settings as measured. `distinguishable`: from the baseline, at 95 % confidence.

    `weights` names another quant of the same model where that is the candidate.
    """

    settings: dict[str, Any]
    prompt_tps: float | None
    gen_tps: float | None
    memory_bytes: int | None
    joules_per_token: float | None
    distinguishable: bool
    weights: str = ""
    quant: str | None = None
    gen_tps_low: float | None = None
    gen_tps_high: float | None = None
    """95 % interval of the mean."""
    end_to_end_tps: float | None = None
    aggregate_tps: float | None = None
    stage: Literal["engine", "end_to_end"] = "engine"
    failed: str = ""


class TuneReport(Row, frozen=True):
    """The document of `tune`. `is_stopped`: by the user or the budget, before everything was tried."""

    baseline: TuneCandidate
    best: TuneCandidate
    candidates: list[TuneCandidate]
    profile_path: str | None
    verdict: str = ""
    """In words, noise included."""
    quant_note: str = ""
    is_stopped: bool = False
