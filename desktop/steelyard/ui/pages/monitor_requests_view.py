"""How the table of requests is painted: no widget in any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QRectF, Qt, Signal, Slot

from steelyard.ui.pages.monitor_requests import (
    CLASS,
    COLUMNS,
    COST,
    ENERGY,
    ITL,
    MODEL,
    RATE,
    ROUTE,
    STATUS,
    TIME,
    TOKENS,
    TTFT,
    RequestsModel,
    cell_text,
    marks_of,
    status_chip,
)
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_text
from steelyard.ui.widgets.table_view import KeepingView, LinePainter

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent

    from steelyard.core.values.telemetry import RequestRow
    from steelyard.ui.theme.theme import Theme

ROW_PX = 31
_WIDTHS = {
    TIME: 68,
    CLASS: 72,
    ROUTE: 66,
    TOKENS: 94,
    TTFT: 64,
    RATE: 54,
    ITL: 62,
    ENERGY: 64,
    COST: 74,
    STATUS: 94,
}
_HIDDEN_BELOW_PX = ((812, CLASS), (740, ITL), (670, ROUTE), (580, COST), (520, RATE))
_MODEL_LEAST_PX = 96
_MARK_PX = 8
_NAME = Ink(12, 500, "text")
_TEXT = Ink(12, 400, "text2")
_MUTED = Ink(12, 400, "text3", is_tabular=True)
_NUMBER = Ink(12, 500, "text", is_tabular=True)
_SLOW = Ink(12, 500, "warn", is_tabular=True)
_LATE_MARKS = {"cold", "spilled", "throttled", "pressure"}


class RequestsView(KeepingView["RequestRow"]):
    """A click or Enter opens the inspector."""

    opened = Signal(str)
    """The run of a row is to be inspected."""

    def __init__(self, theme: Theme, model: RequestsModel, color_of: Callable[[RequestRow], str]) -> None:
        super().__init__(theme, model, "Requests", ROW_PX)
        self.setItemDelegate(LinePainter(theme, self, ROW_PX, _Cells(theme, color_of).draw))
        self.clicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.opened.emit(self._key)
        elif event.key() == Qt.Key.Key_Space:
            event.ignore()  # it pauses the page
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The model takes what is left; a narrow table gives up what the inspector tells, too."""
        super().resizeEvent(event)
        width = self.viewport().width()
        hidden = {column for limit, column in _HIDDEN_BELOW_PX if width < limit}
        widths = {column: px for column, px in _WIDTHS.items() if column not in hidden}
        self.give_widths(widths, rest=MODEL, least_px=_MODEL_LEAST_PX)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(self._model.lines[index.row()].run_id)


class _Cells:
    def __init__(self, theme: Theme, color_of: Callable[[RequestRow], str]) -> None:
        self._theme = theme
        self._color_of = color_of

    def draw(self, painter: QPainter, area: QRectF, row: RequestRow, column: int) -> None:
        """What stands in a cell."""
        inner = area.adjusted(6, 0, -6, 0)
        if column == STATUS:
            draw_chip(painter, self._theme, inner.left(), area.center().y(), status_chip(row), inner.width())
        elif column == MODEL:
            self._draw_model(painter, inner, row)
        else:
            side = Qt.AlignmentFlag.AlignRight if COLUMNS[column].is_number else Qt.AlignmentFlag.AlignLeft
            draw_text(painter, self._theme, inner, cell_text(row, column), _ink(row, column), side)

    def _draw_model(self, painter: QPainter, area: QRectF, row: RequestRow) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._color_of(row)))
        box = QRectF(area.left(), area.center().y() - _MARK_PX / 2, _MARK_PX, _MARK_PX)
        painter.drawRoundedRect(box, 1.5, 1.5)
        draw_text(painter, self._theme, area.adjusted(_MARK_PX + 8, 0, 0, 0), cell_text(row, MODEL), _NAME)


def _ink(row: RequestRow, column: int) -> Ink:
    if column == TIME:
        return _MUTED
    if column == TTFT and _LATE_MARKS & set(marks_of(row)):
        return _SLOW
    return _NUMBER if COLUMNS[column].is_number else _TEXT
