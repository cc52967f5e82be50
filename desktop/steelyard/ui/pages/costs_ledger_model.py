"""The ledger's sums as rows of a table, and what stands in its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.cost_format import tokens, usd
from steelyard.ui.widgets.facts_format import DASH, count, duration, energy
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.table_lines import Column, LinesModel

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.core.values.cost_ledger import LedgerRow

KEY, RUNS, FAILED, PAID, ELECTRICITY, FULL, ELSEWHERE, SAVED, TOKENS, ENERGY, BUSY = range(11)
COLUMNS = (
    Column("Group"),
    Column("Runs", is_number=True),
    Column("Failed", "Runs that ended in an error or were cut off", is_number=True),
    Column("Paid", "What APIs were paid", is_number=True),
    Column("Electricity", "Electricity of local runs, idle taken off", is_number=True),
    Column("All-in", "Electricity and machine of local runs", is_number=True),
    Column("Elsewhere", "The local runs' tokens at the comparator's price", is_number=True),
    Column("Saved", "Elsewhere minus all-in where that is known, else minus electricity", is_number=True),
    Column("In → out", "Tokens of the prompts, then of the answers", is_number=True),
    Column("Energy", "Joules of local runs, idle taken off", is_number=True),
    Column("Busy", "Sum of the runs' times; may exceed the clock's", is_number=True),
)
NAMES = {"day": "no day", "target": "no target", "class": "no class", "model": "no model"}


class LedgerModel(LinesModel["LedgerRow"]):
    """Rows as the engine gave them."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__(header_font, COLUMNS, _key_of, cell_text, cell_tip)


def cell_text(row: LedgerRow, column: int) -> str:
    """What stands in a cell."""
    match column:
        case 0:
            return plain(row.key, 120) or "none"
        case 1:
            return count(row.runs)
        case 2:
            return count(row.failed) if row.failed else ""
        case 8:
            return f"{tokens(row.prompt_tokens)} → {tokens(row.completion_tokens)}"
        case 9:
            return energy(row.joules).text
        case 10:
            return duration(row.busy_s * 1000).text
        case _:
            return usd(_money(row, column))


def cell_tip(row: LedgerRow, column: int) -> str:
    """All digits of an amount, or why there is none."""
    if PAID <= column <= SAVED:
        amount = _money(row, column)
        return _why(row, column) if amount is None else f"{amount} USD{_note(row, column)}"
    if column == ENERGY and row.joules is None:
        return "No energy was measured for these runs."
    return cell_text(row, column)


def _key_of(row: LedgerRow) -> str:
    return row.key


def _money(row: LedgerRow, column: int) -> str | None:
    return {
        PAID: row.api_usd,
        ELECTRICITY: row.local_marginal_usd,
        FULL: row.local_full_usd,
        ELSEWHERE: row.would_have_usd,
        SAVED: row.saved_usd,
    }[column]


def _why(row: LedgerRow, column: int) -> str:
    if column == PAID:
        return "No runs of an API." if row.runs == row.local_runs else "The price is not known."
    if row.local_runs == 0:
        return "No local runs."
    return {
        ELECTRICITY: "Not known: it needs a tariff, and a meter or typed watts, in Settings.",
        FULL: "Not known: it needs the machine's price, life and busy share in Settings.",
        ELSEWHERE: "No comparator with a price is chosen, or no tokens were used.",
        SAVED: "It needs a comparator with a price, and the cost of all of these runs.",
    }[column]


def _note(row: LedgerRow, column: int) -> str:
    if column == SAVED:
        return ", against all-in" if row.saved_basis == "full" else ", against electricity only"
    unknown = {
        PAID: row.unpriced_runs - row.local_unpriced_runs,
        ELECTRICITY: row.local_unpriced_runs,
        FULL: row.local_without_full_runs,
    }.get(column, 0)
    return f", {count(unknown)} further runs are not known" if unknown else ""


def is_unknown(text: str) -> bool:
    """Whether a cell has no figure."""
    return text == DASH
