"""How the table of prices is painted: no widget in any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal

from steelyard.ui.pages.costs_prices_model import (
    BATCH,
    CACHED,
    COLUMNS,
    INPUT,
    MODEL,
    OUTPUT,
    SINCE,
    STATE,
    TIERS,
    WRITE,
    PricesModel,
    cell_text,
    chips_of,
)
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_text, width_of
from steelyard.ui.widgets.table_view import KeepingView, LinePainter

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter, QResizeEvent

    from steelyard.core.values.price_rows import PriceRow
    from steelyard.ui.theme.theme import Theme

ROW_PX = 30
_WIDTHS = {
    INPUT: 78,
    OUTPUT: 78,
    CACHED: 78,
    WRITE: 74,
    BATCH: 118,
    TIERS: 100,
    SINCE: 100,
    STATE: 128,
}
_HIDDEN_BELOW_PX = ((900, SINCE), (812, TIERS), (740, BATCH), (640, WRITE), (560, CACHED))
_MODEL_LEAST_PX = 150
_GAP_PX = 5
_STATE_NARROW_PX = 84
_PROVIDER = Ink(12, 400, "text3")
_NAME = Ink(12, 500, "text")
_TEXT = Ink(12, 400, "text2", is_tabular=True)
_NUMBER = Ink(12, 500, "text", is_tabular=True)
_UNKNOWN = Ink(12, 400, "text3")


class PricesView(KeepingView["PriceRow"]):
    """The chosen row is shown beside the table."""

    chosen = Signal(object)
    """Another `PriceRow` is the current one."""

    def __init__(self, theme: Theme, model: PricesModel) -> None:
        super().__init__(theme, model, "Prices", ROW_PX)
        self.setItemDelegate(LinePainter(theme, self, ROW_PX, _Cells(theme).draw))

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tell which row it is."""
        super().currentChanged(current, previous)
        row = self.line_at(current)
        if row is not None:
            self.chosen.emit(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name takes what is left; a narrow table gives up what is told beside it, too."""
        super().resizeEvent(event)
        width = self.viewport().width()
        hidden = {column for limit, column in _HIDDEN_BELOW_PX if width < limit}
        widths = {column: px for column, px in _WIDTHS.items() if column not in hidden}
        if hidden:
            widths[STATE] = _STATE_NARROW_PX
        self.give_widths(widths, rest=MODEL, least_px=_MODEL_LEAST_PX)


class _Cells:
    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(self, painter: QPainter, area: QRectF, row: PriceRow, column: int) -> None:
        """What stands in a cell."""
        inner = area.adjusted(8, 0, -8, 0)
        if column == MODEL:
            self._draw_model(painter, inner, row)
        elif column == STATE:
            self._draw_state(painter, inner, row)
        else:
            text = cell_text(row, column)
            side = Qt.AlignmentFlag.AlignRight if COLUMNS[column].is_number else Qt.AlignmentFlag.AlignLeft
            ink = _UNKNOWN if text == DASH else _NUMBER if column in (INPUT, OUTPUT) else _TEXT
            draw_text(painter, self._theme, inner, text, ink, side)

    def _draw_model(self, painter: QPainter, area: QRectF, row: PriceRow) -> None:
        provider, slash, name = cell_text(row, MODEL).partition("/")
        lead = f"{provider} {slash} "
        draw_text(painter, self._theme, area, lead, _PROVIDER)
        rest = area.adjusted(width_of(lead, _PROVIDER), 0, 0, 0)
        if rest.width() > 0:
            draw_text(painter, self._theme, rest, name, _NAME)

    def _draw_state(self, painter: QPainter, area: QRectF, row: PriceRow) -> None:
        left = area.left()
        for chip in chips_of(row):
            left += draw_chip(painter, self._theme, left, area.center().y(), chip, area.right() - left)
            left += _GAP_PX
