"""The ledger's sums as CSV: one line a row, then the total; money as it is stored, unknown is empty."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.values.cost_ledger import LedgerRow

if TYPE_CHECKING:
    from steelyard.core.values.cost_ledger import CostLedger

_STEERING = ("=", "+", "-", "@", "\t", "\r")


def ledger_csv(ledger: CostLedger) -> str:
    """Each line names the comparator and its price, so that the file stands for itself."""
    names = [field.name for field in msgspec.structs.fields(LedgerRow)]
    against = ledger.comparator
    compared = ["", "", ""] if against is None else [against.name, against.price_id, against.price_date]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([ledger.by, *names[1:], "comparator", "comparator_price_id", "comparator_price_date"])
    for row in [*ledger.rows, msgspec.structs.replace(ledger.total, key="total")]:
        figures = [getattr(row, name) for name in names[1:]]
        writer.writerow([_words(row.key), *(_figure(one) for one in figures), *map(_words, compared)])
    return out.getvalue()


def _figure(value: object) -> object:
    return "" if value is None else value


def _words(value: str | None) -> str:
    """A spreadsheet must not take somebody's text for a formula."""
    text = value or ""
    return f"'{text}" if text.startswith(_STEERING) else text
