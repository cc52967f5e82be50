"""The requests of the window as rows of a table, and what stands in its cells."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from steelyard.ui.widgets.facts_format import DASH, count, duration, energy, usd
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.table_lines import Column, LinesModel

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.core.values.telemetry import RequestRow

TIME, MODEL, CLASS, ROUTE, TOKENS, TTFT, RATE, ITL, ENERGY, COST, STATUS = range(11)
COLUMNS = (
    Column("Time"),
    Column("Model"),
    Column("Class"),
    Column("Route", "Who asked: the app, the command line, a program at the gateway, bench or tune"),
    Column("Tokens", "Tokens of the prompt, then of the answer", is_number=True),
    Column("TTFT", "Time to the first token", is_number=True),
    Column("tok/s", is_number=True),
    Column("ITL p95", "95th percentile of the time between tokens", is_number=True),
    Column("Energy", "Joules that this request cost, the idle baseline taken off", is_number=True),
    Column("Cost", is_number=True),
    Column("Status"),
)
MARKS: dict[str, tuple[Chip, str]] = {
    "failed": (Chip("failed", "bad"), "It did not end well; the inspector has the reason."),
    "throttled": (Chip("throttled", "bad"), "The GPU was held back by heat or power meanwhile."),
    "spilled": (Chip("spilled", "warn"), "Layers were on the processor although there is a GPU."),
    "pressure": (Chip("pressure", "warn"), "Programs waited for memory meanwhile."),
    "beside": (Chip("beside", "warn"), "Another local model generated at the same time."),
    "retried": (Chip("retried", "warn"), "It took more than one attempt."),
    "cold": (Chip("cold", "info"), "The first request after loading."),
    "cached": (Chip("cached", "info"), "Parts of the prompt were in the cache."),
    "cancelled": (Chip("cancelled"), "Somebody stopped it."),
    "running": (Chip("running", "accent"), "It goes on."),
    "ok": (Chip("ok", "good"), "Nothing unusual."),
}
"""Chip and meaning, the gravest first."""


class RequestsModel(LinesModel["RequestRow"]):
    """Rows as the engine gave them, newest first."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__(header_font, COLUMNS, _run_id_of, cell_text, _tooltip)


def marks_of(row: RequestRow) -> list[str]:
    """What is to be said about a request, the gravest first."""
    found = set(row.marks)
    if row.error is not None or row.finish_reason in {"error", "interrupted"}:
        found.add("failed")
    elif row.finish_reason == "cancelled":
        found.add("cancelled")
    elif row.finish_reason is None:
        found.add("running")
    named = [name for name in MARKS if name in found]
    return named or ["ok"]


def status_chip(row: RequestRow) -> Chip:
    """The gravest mark, and how many more there are."""
    marks = marks_of(row)
    chip = MARKS[marks[0]][0]
    return chip if len(marks) == 1 else Chip(f"{chip.text} +{len(marks) - 1}", chip.tone)


def local_time(stamp: str) -> str:
    """`14:34:52`, local, of an ISO time."""
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return DASH


def cell_text(row: RequestRow, column: int) -> str:
    """What stands in a cell."""
    match column:
        case 0:
            return local_time(row.started_at)
        case 1:
            return plain(row.model or row.target, 80)
        case 2:
            return plain(row.class_, 40) or DASH
        case 3:
            return plain(row.route, 40)
        case 4:
            return f"{count(row.prompt_tokens)} → {count(row.completion_tokens)}"
        case 10:
            return ", ".join(marks_of(row))
        case _:
            return _figure(row, column)


def _run_id_of(row: RequestRow) -> str:
    return row.run_id


def _figure(row: RequestRow, column: int) -> str:
    match column:
        case 5:
            return duration(row.ttft_ms).text
        case 6:
            return DASH if row.gen_tps is None else f"{row.gen_tps:,.1f}"
        case 7:
            return duration(row.itl_p95_ms).text
        case 8:
            return energy(row.joules).text
        case _:
            return usd(row.usd).text


def _tooltip(row: RequestRow, column: int) -> str:
    if column == STATUS:
        lines = [f"{mark}: {MARKS[mark][1]}" for mark in marks_of(row)]
        return "\n".join([*lines, plain(row.error, 300)]).strip()
    if column == MODEL:
        return f"{plain(row.model, 120)}\nTarget: {plain(row.target, 120)}"
    if column == ENERGY and row.joules is None:
        return "Not known: the inspector says why."
    if column == COST and row.usd is None:
        return "The price is not known."
    return cell_text(row, column)
