"""What moves the saving: one input at a time from its low to its high value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.cost_format import usd_signed
from steelyard.ui.widgets.models_paint import Ink, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_NAME = Ink(12, 500, "text")
_RANGE = Ink(11, 400, "text3", is_tabular=True)
_VALUE = Ink(11, 400, "text2", is_tabular=True)
_ROW_PX = 31
_AXIS_PX = 36
_BAR_PX = 13
_VALUE_PX = 58


@dataclass(frozen=True)
class TornadoBar:
    """One input: its name, its range in words, and the saving at either end, USD a month."""

    name: str
    range: str
    low_usd: float
    high_usd: float

    @property
    def words(self) -> str:
        """The bar for a reader."""
        return f"{self.name}, {self.range}: {usd_signed(self.low_usd)} to {usd_signed(self.high_usd)}"


class Tornado(QWidget):
    """Bars around the saving as it stands; red is less of it, green is more."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.bars: tuple[TornadoBar, ...] = ()
        self._base = 0.0
        self._caption = ""
        self._is_faint = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("What moves the saving")
        theme.changed.connect(self.update)

    def show_bars(self, bars: tuple[TornadoBar, ...], base_usd: float, caption: str) -> None:
        """Show other bars, the widest first."""
        self.bars, self._base, self._caption = bars, base_usd, caption
        words = [
            f"{bar.name}, {bar.range}: {usd_signed(bar.low_usd)} to {usd_signed(bar.high_usd)}"
            for bar in bars
        ]
        self.setAccessibleDescription(". ".join(words))
        self.setMinimumHeight(max(4, len(bars)) * _ROW_PX + _AXIS_PX)
        self.update()

    def set_faint(self, *, is_faint: bool) -> None:
        """Dim what is no longer true."""
        self._is_faint = is_faint
        self.update()

    def sizeHint(self) -> QSize:
        """Room for every bar."""
        return QSize(360, max(4, len(self.bars)) * _ROW_PX + _AXIS_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names at the left, bars around the middle line, the scale below."""
        if not self.bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(0.4 if self._is_faint else 1.0)
        names_px = min(140.0, self.width() * 0.34)
        area = QRectF(
            names_px + _VALUE_PX, 0, self.width() - names_px - 2 * _VALUE_PX, self.height() - _AXIS_PX
        )
        row_px = min(_ROW_PX, area.height() / len(self.bars))
        area.setHeight(row_px * len(self.bars))
        self._paint_scale(painter, area)
        for at, bar in enumerate(self.bars):
            top = area.top() + at * row_px
            name = QRectF(0, top, names_px, row_px / 2)
            draw_text(painter, self._theme, name.adjusted(0, 1, 0, 1), bar.name, _NAME)
            draw_text(painter, self._theme, name.translated(0, row_px / 2 - 1), bar.range, _RANGE)
            self._paint_bar(painter, area, top + row_px / 2, bar)
        x = self._x(self._base, area)
        painter.setPen(QPen(self._theme.color("text"), 1.6))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _paint_bar(self, painter: QPainter, area: QRectF, middle: float, bar: TornadoBar) -> None:
        low, high = sorted((bar.low_usd, bar.high_usd))
        base = self._x(self._base, area)
        left, right = self._x(low, area), self._x(high, area)
        painter.setPen(Qt.PenStyle.NoPen)
        for start, end, tone in ((left, min(base, right), "bad"), (max(base, left), right, "good")):
            if end - start > 0:
                color = self._theme.color(tone)
                color.setAlpha(205)
                painter.setBrush(color)
                painter.drawRect(QRectF(start, middle - _BAR_PX / 2, end - start, _BAR_PX))
        height = 18
        before = QRectF(left - _VALUE_PX - 5, middle - height / 2, _VALUE_PX, height)
        after = QRectF(right + 5, middle - height / 2, _VALUE_PX, height)
        draw_text(painter, self._theme, before, usd_signed(low), _VALUE, Qt.AlignmentFlag.AlignRight)
        draw_text(painter, self._theme, after, usd_signed(high), _VALUE)

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        theme = self._theme
        low, high = self._range()
        if low < 0 < high:
            x = self._x(0, area)
            painter.setPen(QPen(theme.color("ctl"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() + 4))
            zero = QRectF(x - 40, area.bottom() + 3, 80, 16)
            draw_text(painter, theme, zero, "$0", _RANGE, Qt.AlignmentFlag.AlignHCenter)
        below = QRectF(0, area.bottom() + 19, self.width(), 16)
        draw_text(painter, theme, below, self._caption, _RANGE, Qt.AlignmentFlag.AlignRight)

    def _range(self) -> tuple[float, float]:
        values = [self._base, *(value for bar in self.bars for value in (bar.low_usd, bar.high_usd))]
        low, high = min(values), max(values)
        return (low, high) if high > low else (low - 1, high + 1)

    def _x(self, value: float, area: QRectF) -> float:
        low, high = self._range()
        return area.left() + (value - low) / (high - low) * area.width()
