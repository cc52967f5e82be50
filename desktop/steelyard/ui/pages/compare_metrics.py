"""The strip under the columns: four metrics over all columns, honest about what is left out. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.ui.pages.compare_facts import (
    cost_reason,
    differs_in_tokens,
    energy_reason,
    live_chars_rate,
    live_rate,
    medians_of,
    own_chars_rate,
    speed_excluded,
)
from steelyard.ui.widgets.compare_strip_rows import Metric, MetricRow
from steelyard.ui.widgets.facts_format import DASH, duration, energy, rate, usd

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.comparison import Spread
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.pages.compare_turn import Turn

_WHY_WORDS = {
    "cold_start": "cold start",
    "cached_prefill": "cached prompt",
    "different_context": "different context",
    "truncated_prompt": "prompt cut",
    "other_local_load": "ran side by side",
    "throttled": "throttled",
    "memory_pressure": "memory pressure",
    "finish_length": "cut at the limit",
    "different_max_tokens": "other max tokens",
    "retried": "retried",
    "tokenizer_differs": "other tokenizer",
    "hidden_reasoning": "hidden reasoning",
    "spilled_to_cpu": "spilled to CPU",
    "api_side_unknown": "API side unknown",
}
_NAME_CHARS = 14
_TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class _Spec:
    title: str
    hint: str
    excluded_as: str
    read: Callable[[Column, Turn], tuple[float | None, str, str]]
    """Value, its text, and the reason where there is none."""
    show: Callable[[Any], str]
    """The text of a value."""
    word: str
    icon: str
    is_lower_better: bool = True
    is_rate: bool = True
    """A rate or a delay means the same for half an answer; a sum does not."""
    summary: str = ""
    """Name of the spread that holds medians of it."""


def metrics_of(columns: list[Column]) -> list[Metric]:
    """First token, generation, cost of this run, energy."""
    by_chars = differs_in_tokens(columns)
    specs = [_BY_CHARS if by_chars and spec.excluded_as == "gen_tps" else spec for spec in _SPECS]
    return [_metric(spec, columns) for spec in specs]


def best_facts(metrics: list[Metric]) -> dict[int, dict[str, str]]:
    """Which fact cells of which column carry which mark of the best."""
    cells = {
        "First token": "TTFT",
        "Generation": "Generation",
        "Cost of this run": "Cost",
        "Energy": "Energy",
    }
    marks: dict[int, dict[str, str]] = {}
    for metric in metrics:
        if metric.best is not None:
            marks.setdefault(metric.best, {})[cells[metric.title]] = metric.best_icon
    return marks


def _metric(spec: _Spec, columns: list[Column]) -> Metric:
    rows = [_row(spec, column) for column in columns]
    finals = [
        (row.value, at) for at, row in enumerate(rows) if row.state == "final" and row.value is not None
    ]
    best = _best(rows, finals, is_lower_better=spec.is_lower_better)
    words = "" if best is None else _best_words(spec, columns, finals, best)
    runs = max((medians.n for column in columns if (medians := medians_of(column)) is not None), default=0)
    hint = f"median of {runs:,}, {spec.hint}" if runs and spec.summary else spec.hint
    return Metric(spec.title, hint, rows, best, words, spec.icon)


def _row(spec: _Spec, column: Column) -> MetricRow:
    turn = column.turn
    title = column.ref.title
    if turn is None:
        return MetricRow(title, None, DASH, "unknown")
    value, text, why = spec.read(column, turn)
    if turn.is_open:
        return MetricRow(title, value, f"{text} …" if value is not None else "…", "live")
    medians = medians_of(column)
    spread: Spread | None = getattr(medians, spec.summary, None) if spec.summary else None
    if spread is not None and spread.median is not None:
        return _median_row(spec, title, spread)
    excluded = speed_excluded(turn) if spec is _BY_CHARS else turn.excluded_by(spec.excluded_as)
    if excluded is not None:
        words = _WHY_WORDS.get(excluded.code, excluded.code.replace("_", " "))
        return MetricRow(title, value, f"not comparable, {words}", "excluded", excluded.detail)
    if turn.phase == "failed":
        return MetricRow(title, None, "failed", "unknown", turn.error.title if turn.error else "")
    if value is None:
        return MetricRow(title, None, text, "unknown", why)
    if turn.phase == "stopped" and not spec.is_rate:
        return MetricRow(title, value, "not comparable, stopped", "excluded", f"{text} until it was stopped")
    return MetricRow(title, value, text, "final")


def _median_row(spec: _Spec, title: str, spread: Spread) -> MetricRow:
    middle, low, high = (float(value or 0) for value in (spread.median, spread.low, spread.high))
    why = f"from {spec.show(spread.low)} to {spec.show(spread.high)} in {spread.n:,} runs"
    return MetricRow(title, middle, spec.show(spread.median), "final", why, (low, high))


def _best(rows: list[MetricRow], finals: list[tuple[float, int]], *, is_lower_better: bool) -> int | None:
    """The column in front; none where the two first ones show the same figure, or their runs overlap."""
    if len(finals) < 2:
        return None
    (_, first), (_, second), *_ = sorted(finals, reverse=not is_lower_better)
    is_same = rows[first].text == rows[second].text or _overlap(rows[first].span, rows[second].span)
    return None if is_same else first


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Whether repeated runs of two columns cannot be told apart by their ranges."""
    if one is None or other is None or one[0] == one[1] or other[0] == other[1]:
        return False
    return one[0] <= other[1] and other[0] <= one[1]


def _best_words(spec: _Spec, columns: list[Column], finals: list[tuple[float, int]], best: int) -> str:
    words = f"{_short_name(columns, best)} {spec.word}"
    values = sorted(value for value, _ in finals)
    if spec.word == "cheapest" and values[0] > 0 and values[1] / values[0] >= 1.05:
        words += f", {values[1] / values[0]:.1f}{_TIMES}"
    return words


def _short_name(columns: list[Column], at: int) -> str:
    """A name that tells this column from the others, as short as can be."""
    ref = columns[at].ref
    title = ref.title
    if ref.kind == "api" and sum(column.ref.kind == "api" for column in columns) == 1:
        return "API"
    head = re.split(r"[-_ :/]", title, maxsplit=1)[0]
    others = [column.ref.title for column in columns if column is not columns[at]]
    name = head if len(head) > 2 and not any(other.startswith(head) for other in others) else title
    return name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + "…"


def _ttft(column: Column, turn: Turn) -> tuple[float | None, str, str]:
    value = turn.ttft_ms if turn.is_open or turn.run is None else turn.run.timing.ttft_ms
    return value, duration(value).text, "No first token"


def _generation(column: Column, turn: Turn) -> tuple[float | None, str, str]:
    value = live_rate(turn) if turn.is_open or turn.run is None else turn.run.timing.gen_tps
    return value, rate(value).value, "Too few tokens"


def _chars(column: Column, turn: Turn) -> tuple[float | None, str, str]:
    value = live_chars_rate(turn) if turn.is_open else own_chars_rate(turn, is_single=False)
    return value, _chars_text(value), "Too short to tell"


def _chars_text(value: float | None) -> str:
    return DASH if value is None else f"{value:,.0f}"


def _cost(column: Column, turn: Turn) -> tuple[float | None, str, str]:
    run = turn.run
    if run is None or turn.is_open:
        return None, DASH, ""
    if run.cost.usd is None:
        return None, "unknown", cost_reason(run)
    return float(run.cost.usd), usd(run.cost.usd).text, ""


def _energy(column: Column, turn: Turn) -> tuple[float | None, str, str]:
    run = turn.run
    if run is None or turn.is_open:
        return None, DASH, ""
    if run.energy.joules is None:
        if run.target.kind == "api":
            return None, "provider does not report", "Providers do not report the energy of a request"
        return None, "not measured", energy_reason()
    return run.energy.joules, energy(run.energy.joules).text, ""


_SPECS = [
    _Spec(
        "First token",
        "lower is better",
        "ttft_ms",
        _ttft,
        lambda value: duration(value).text,
        "fastest",
        "zap",
        summary="ttft_ms",
    ),
    _Spec(
        "Generation",
        "tok/s",
        "gen_tps",
        _generation,
        lambda value: rate(value).value,
        "fastest",
        "zap",
        is_lower_better=False,
        summary="gen_tps",
    ),
    _Spec(
        "Cost of this run",
        "US$",
        "usd",
        _cost,
        lambda value: usd(value).text,
        "cheapest",
        "circle-dollar-sign",
        is_rate=False,
        summary="usd",
    ),
    _Spec(
        "Energy",
        "J",
        "joules",
        _energy,
        lambda value: energy(value).text,
        "least",
        "zap",
        is_rate=False,
    ),
]
_BY_CHARS = _Spec(
    "Generation",
    "char/s",
    "gen_cps",
    _chars,
    _chars_text,
    "fastest",
    "zap",
    is_lower_better=False,
    summary="gen_cps",
)
"""Stands in for tokens a second where the columns do not count the same tokens."""
