"""A comparison as CSV: one line for each run, for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from steelyard.core.compare.export.text import visible
from steelyard.core.compare.export.view import marks_by_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.comparison import Answer, ComparisonHistory, NotComparable

_STEERING = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take these, too
_MOST_CELL_CHARS = 32_000
"""A spreadsheet's cell ends at 32,767 characters; JSON has everything."""


def to_csv(history: ComparisonHistory) -> str:
    """Figures as they were stored, in the units of their names; unknown is empty."""
    marks = marks_by_run(history)
    rows = [
        dict(_cells(history, at, answer, marks.get(answer.run.id, [])))
        for at, column in enumerate(history.columns)
        for answer in column.answers
    ]
    rows.sort(key=lambda row: (row["turn"], row["case"], row["repeat"], row["column"]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_HEADS)
    writer.writerows([[_cell(row[name]) for name in _HEADS] for row in rows])
    return out.getvalue()


_HEADS = [
    "comparison_id",
    "run_id",
    "started_at",
    "turn",
    "case",
    "repeat",
    "column",
    "target",
    "kind",
    "model",
    "weights_file",
    "quant",
    "sha256",
    "engine_build",
    "engine_backend",
    "endpoint_host",
    "prompt",
    "answer",
    "reasoning",
    "finish_reason",
    "error",
    "cold",
    "cached_prompt_tokens",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "tokens_from",
    "load_ms",
    "ttft_ms",
    "tpot_ms",
    "gen_tps",
    "e2e_ms",
    "attempts",
    "ram_peak_bytes",
    "vram_peak_bytes",
    "joules",
    "usd",
    "usd_basis",
    "usd_marginal",
    "usd_full",
    "price_id",
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "form_valid",
    "form_detail",
    "not_comparable",
    "not_comparable_why",
]


def _cells(
    history: ComparisonHistory, at: int, answer: Answer, marks: list[NotComparable]
) -> Iterator[tuple[str, object]]:
    run = answer.run
    target, usage, timing, cost, params = run.target, run.usage, run.timing, run.cost, run.params
    weights, engine = target.weights, target.engine
    yield from zip(
        _HEADS,
        (
            *(history.id, run.id, run.started_at, run.turn + 1, run.case + 1, run.repeat + 1, at + 1),
            *(history.columns[at].target, target.kind, target.model),
            *((weights.file, weights.quant, weights.sha256) if weights else (None, None, None)),
            *((engine.build, engine.backend) if engine else (None, None)),
            *(target.endpoint_host, answer.question.content, run.text, run.reasoning, run.finish_reason),
            *(run.error.title if run.error else None, run.state.cold, run.state.cached_prompt_tokens),
            *(usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens, usage.source),
            *(timing.load_ms, timing.ttft_ms, timing.tpot_ms, timing.gen_tps, timing.e2e_ms, timing.attempts),
            *(run.memory.ram_peak_bytes, run.memory.vram_peak_bytes, run.energy.joules),
            *(cost.usd, cost.basis, cost.marginal_usd, cost.full_usd, cost.price_id),
            *(params.get(name) for name in ("max_tokens", "temperature", "top_p", "seed")),
            *((run.structured.is_valid, run.structured.detail) if run.structured else (None, None)),
            " ".join(sorted({metric for mark in marks for metric in mark.metrics})),
            "; ".join(f"{mark.code}: {mark.detail}" for mark in marks),
        ),
        strict=True,
    )


def _cell(value: object) -> object:
    """A spreadsheet must not take somebody's text for a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = visible(value)
    if len(text) > _MOST_CELL_CHARS:
        text = f"{text[:_MOST_CELL_CHARS]}… ({len(text) - _MOST_CELL_CHARS:,} more characters)"
    return f"'{text}" if text.lstrip(" ").startswith(_STEERING) else text
