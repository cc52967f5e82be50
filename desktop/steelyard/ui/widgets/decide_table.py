"""The tables of the Decide page: words, chips, marks and ranges, painted; as high as their rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy

from steelyard.ui.widgets.models_paint import Chip, Ink, draw_chip, draw_text
from steelyard.ui.widgets.table_lines import Column, LinesModel
from steelyard.ui.widgets.table_view import LinePainter, LinesView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.theme.theme import Theme

_HEADER_PX = 28
_FRAME_PX = 4
_PAD_PX = 8
_DOT_PX = 8


@dataclass(frozen=True)
class Span:
    """P10, P50 and P90 as places on the axis of the column, 0 to 1; `tone` is a colour token."""

    low: float
    middle: float
    high: float
    tone: str = "text2"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell. `dot` is the colour token of a mark before the text."""

    text: str
    tip: str = ""
    ink: Ink = field(default=Ink(12, 400, "text2"))
    chip: Chip | None = None
    dot: str = ""
    span: Span | None = None


@dataclass(frozen=True)
class TableRow:
    """One line; `key` stays when its figures change."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class TableColumn:
    """A column takes `share` of the width, at least `least_px`; it is hidden below `hidden_below_px`."""

    title: str
    share: float
    least_px: int = 40
    hidden_below_px: int = 0
    is_number: bool = False
    tip: str = ""


class DecideTable(LinesView[TableRow]):
    """All rows are shown; the page scrolls, not the table."""

    def __init__(self, theme: Theme, name: str, columns: Sequence[TableColumn], row_px: int = 29) -> None:
        model = LinesModel[TableRow](
            theme.font(11),
            [Column(one.title, one.tip, one.is_number) for one in columns],
            _key_of,
            _text_of,
            _tip_of,
        )
        super().__init__(theme, model, name, row_px)
        self._theme = theme
        self._lines = model
        self._columns = list(columns)
        self._row_px = row_px
        model.setParent(self)
        self.setItemDelegate(LinePainter[TableRow](theme, self, row_px, self._draw_cell))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(120)
        self._fit_height()

    @property
    def rows(self) -> list[TableRow]:
        """What is listed."""
        return self._lines.lines

    def show_rows(self, rows: list[TableRow]) -> None:
        """List others."""
        self._lines.show_lines(rows)
        self._fit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Columns share the width."""
        super().resizeEvent(event)
        width = self.viewport().width()
        shown = [at for at, one in enumerate(self._columns) if width >= one.hidden_below_px]
        whole = sum(self._columns[at].share for at in shown) or 1.0
        widest = max(shown, key=lambda at: self._columns[at].share)
        widths = {
            at: max(self._columns[at].least_px, int(width * self._columns[at].share / whole))
            for at in shown
            if at != widest
        }
        self.give_widths(widths, widest, self._columns[widest].least_px)

    def _fit_height(self) -> None:
        self.setFixedHeight(_HEADER_PX + _FRAME_PX + self._row_px * len(self._lines.lines))

    def _draw_cell(self, painter: QPainter, area: QRectF, row: TableRow, column: int) -> None:
        cell = row.cells[column]
        inside = area.adjusted(_PAD_PX, 0, -_PAD_PX, -1)
        middle = inside.center().y()
        if cell.chip is not None:
            draw_chip(painter, self._theme, inside.left(), middle, cell.chip, inside.width())
        elif cell.span is not None:
            self._draw_span(painter, inside, cell.span)
        else:
            if cell.dot:
                mark = QRectF(inside.left(), middle - _DOT_PX / 2, _DOT_PX, _DOT_PX)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(self._theme.color(cell.dot))
                painter.drawRoundedRect(mark, 1.5, 1.5)
                inside.setLeft(inside.left() + _DOT_PX + 6)
            is_number = self._columns[column].is_number
            side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
            draw_text(painter, self._theme, inside, cell.text, cell.ink, side)

    def _draw_span(self, painter: QPainter, area: QRectF, span: Span) -> None:
        middle = area.center().y()
        left, right = (area.left() + share * area.width() for share in (span.low, span.high))
        painter.setPen(QPen(self._theme.color("line2"), 1))
        painter.drawLine(QPointF(area.left(), middle), QPointF(area.right(), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(span.tone))
        painter.setOpacity(painter.opacity() * 0.45)
        painter.drawRoundedRect(QRectF(left, middle - 4, max(3.0, right - left), 8), 2, 2)
        painter.setOpacity(1.0)
        tick = area.left() + span.middle * area.width()
        painter.setPen(QPen(self._theme.color(span.tone), 2))
        painter.drawLine(QPointF(tick, middle - 6), QPointF(tick, middle + 6))


def _key_of(row: TableRow) -> str:
    return row.key


def _text_of(row: TableRow, column: int) -> str:
    return row.cells[column].text


def _tip_of(row: TableRow, column: int) -> str:
    return row.cells[column].tip or row.cells[column].text
