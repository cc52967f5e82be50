"""The requests of the window as rows of a table, and what stands in its cells."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.facts_format import DASH, count, duration, energy, usd
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.core.values.telemetry import RequestRow

REQUEST_ROLE = Qt.ItemDataRole.UserRole
TIME, MODEL, CLASS, ROUTE, TOKENS, TTFT, RATE, ITL, ENERGY, COST, STATUS = range(11)
HEADERS = (
    "Time",
    "Model",
    "Class",
    "Route",
    "Tokens",
    "TTFT",
    "tok/s",
    "ITL p95",
    "Energy",
    "Cost",
    "Status",
)
NUMBERS = {TOKENS, TTFT, RATE, ITL, ENERGY, COST}
_TIPS = {
    ROUTE: "Who asked: the app, the command line, a program at the gateway, bench or tune",
    TOKENS: "Tokens of the prompt, then of the answer",
    TTFT: "Time to the first token",
    ITL: "95th percentile of the time between tokens",
    ENERGY: "Joules that this request cost, the idle baseline taken off",
}
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
_Index = QModelIndex | QPersistentModelIndex


class RequestsModel(QAbstractTableModel):
    """Rows as the engine gave them, newest first."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__()
        self._header_font = header_font
        self.rows: list[RequestRow] = []

    def show_rows(self, rows: list[RequestRow]) -> None:
        """List other rows; unchanged ones keep view and selection."""
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def row_of(self, run_id: str) -> int:
        """Where a request stands; -1 if it is not listed."""
        return next((at for at, row in enumerate(self.rows) if row.run_id == run_id), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """All that were read."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """From the time to the status."""
        return len(HEADERS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The row for the painter, words for readers, and why for the pointer."""
        row = self.rows[index.row()]
        if role == REQUEST_ROLE:
            return row
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return cell_text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(_tooltip(row, index.column()))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles over the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS.get(section, HEADERS[section])
        if role == Qt.ItemDataRole.FontRole:
            return self._header_font
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


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
