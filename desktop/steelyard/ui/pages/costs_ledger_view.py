"""How the table of the ledger is painted: no widget in any row."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt

from steelyard.ui.pages.costs_ledger_model import (
    BUSY,
    COLUMNS,
    ELECTRICITY,
    ELSEWHERE,
    ENERGY,
    FAILED,
    FULL,
    KEY,
    PAID,
    RUNS,
    SAVED,
    TOKENS,
    LedgerModel,
    cell_text,
    is_unknown,
)
from steelyard.ui.widgets.models_paint import Ink, draw_text
from steelyard.ui.widgets.table_view import KeepingView, LinePainter

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter, QResizeEvent

    from steelyard.core.values.cost_ledger import LedgerRow
    from steelyard.ui.theme.theme import Theme

ROW_PX = 30
_WIDTHS = {
    RUNS: 72,
    FAILED: 62,
    PAID: 92,
    ELECTRICITY: 92,
    FULL: 92,
    ELSEWHERE: 92,
    SAVED: 92,
    TOKENS: 140,
    ENERGY: 84,
    BUSY: 92,
}
_HIDDEN_BELOW_PX = ((1040, BUSY), (950, ENERGY), (860, FAILED), (800, TOKENS), (660, RUNS))
_KEY_LEAST_PX = 130
_NAME = Ink(12, 500, "text")
_NUMBER = Ink(12, 500, "text", is_tabular=True)
_TEXT = Ink(12, 400, "text2", is_tabular=True)
_UNKNOWN = Ink(12, 400, "text3")
_GOOD = Ink(12, 600, "good", is_tabular=True)
_BAD = Ink(12, 600, "bad", is_tabular=True)
_MONEY = {PAID, ELECTRICITY, FULL, ELSEWHERE}


class LedgerView(KeepingView["LedgerRow"]):
    """Money at the right, the name takes what is left."""

    def __init__(self, theme: Theme, model: LedgerModel) -> None:
        super().__init__(theme, model, "Ledger", ROW_PX)
        self.setItemDelegate(LinePainter(theme, self, ROW_PX, _Cells(theme).draw))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow table gives up what is told elsewhere, never money."""
        super().resizeEvent(event)
        width = self.viewport().width()
        hidden = {column for limit, column in _HIDDEN_BELOW_PX if width < limit}
        widths = {column: px for column, px in _WIDTHS.items() if column not in hidden}
        self.give_widths(widths, rest=KEY, least_px=_KEY_LEAST_PX)


class _Cells:
    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(self, painter: QPainter, area: QRectF, row: LedgerRow, column: int) -> None:
        """What stands in a cell."""
        text = cell_text(row, column)
        side = Qt.AlignmentFlag.AlignRight if COLUMNS[column].is_number else Qt.AlignmentFlag.AlignLeft
        draw_text(painter, self._theme, area.adjusted(8, 0, -8, 0), text, _ink(row, column, text), side)


def _ink(row: LedgerRow, column: int, text: str) -> Ink:
    if is_unknown(text):
        return _UNKNOWN
    if column == KEY:
        return _NAME
    if column == SAVED and row.saved_usd is not None:
        return _BAD if Decimal(row.saved_usd) < 0 else _GOOD
    return _NUMBER if column in _MONEY else _TEXT
