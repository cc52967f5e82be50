"""One prompt on several targets: the result, and what of it cannot be compared."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row
from steelyard.core.values.run import Run

Schedule = Literal["model-by-model", "concurrent"]
NotComparableCode = Literal[
    "cold_start",
    "cached_prefill",
    "different_context",
    "truncated_prompt",
    "other_local_load",
    "throttled",
    "memory_pressure",
    "finish_length",
    "different_max_tokens",
    "retried",
    "tokenizer_differs",
    "hidden_reasoning",
    "spilled_to_cpu",
    "api_side_unknown",
]


class NotComparable(Row, frozen=True):
    """Single metrics of one run that are left out of the comparison, never the whole answer."""

    run_id: str
    metrics: list[str]
    code: NotComparableCode
    detail: str
    remedy: str | None = None


class Spread(Row, frozen=True):
    """Median and range over the comparable runs; USD as decimal strings, times in ms."""

    median: float | str | None
    low: float | str | None
    high: float | str | None
    n: int


class TargetSummary(Row, frozen=True):
    """Medians of one target."""

    n: int
    ttft_ms: Spread
    tpot_ms: Spread
    gen_tps: Spread
    e2e_ms: Spread
    usd: Spread


class Comparison(Row, frozen=True):
    """The runs of one prompt, target by target."""

    id: str
    schedule: Schedule
    runs: list[Run]
    not_comparable: list[NotComparable]
    summary: dict[str, TargetSummary]


class ComparisonRow(Row, frozen=True):
    """A line of the history list."""

    id: str
    started_at: str
    title: str
    targets: list[str]
    turns: int


class ColumnHistory(Row, frozen=True):
    """One column of a stored comparison: its runs, turn by turn."""

    target: str
    runs: list[Run]


class ComparisonHistory(Row, frozen=True):
    """A stored comparison, enough to show it again and to go on with it."""

    id: str
    started_at: str
    title: str
    schedule: Schedule
    system: str
    prompts: list[str]
    columns: list[ColumnHistory]
    not_comparable: list[NotComparable]
