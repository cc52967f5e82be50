"""Bars of money by day: what was paid, and beside it what local runs cost; never on top of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from steelyard.ui.widgets.cost_format import usd, usd_short
from steelyard.ui.widgets.models_paint import Ink, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

PAID_COLOR, LOCAL_COLOR = "s3", "s1"
_AXIS = Ink(11, 400, "text3", is_tabular=True)
_LEFT_PX, _BOTTOM_PX, _TOP_PX = 66, 20, 8
_WIDEST_PX = 14.0
_LINES = 2


@dataclass(frozen=True)
class DayBar:
    """Money of one day in USD; None is unknown."""

    day: str
    paid: float | None
    local: float | None


class DayBars(QWidget):
    """Days from left to right; the pointer reads one."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._bars: list[DayBar] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Money by day")
        theme.changed.connect(self.update)

    @property
    def bars(self) -> list[DayBar]:
        """What is shown."""
        return self._bars

    def show_bars(self, bars: list[DayBar]) -> None:
        """Show other days."""
        self._bars = bars
        self.setAccessibleDescription("; ".join(_spoken(bar) for bar in bars[-7:]))
        self.update()

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(400, 130)

    def minimumSizeHint(self) -> QSize:
        """As low as its two lines of figures allow."""
        return QSize(200, 96)

    def event(self, event: QEvent) -> bool:
        """The tooltip names the day under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            bar = self.bar_at(event.pos().x())
            if bar is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), _spoken(bar), self)
            return True
        return super().event(event)

    def bar_at(self, x: float) -> DayBar | None:
        """The day at a place."""
        area = self._area()
        if not self._bars or not area.left() <= x < area.right():
            return None
        return self._bars[int((x - area.left()) / (area.width() / len(self._bars)))]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lines, bars, the first and the last day."""
        if not self._bars:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        top = max((max(bar.paid or 0.0, bar.local or 0.0) for bar in self._bars), default=0.0)
        self._draw_lines(painter, area, top)
        painter.setPen(Qt.PenStyle.NoPen)
        step = area.width() / len(self._bars)
        width = min(_WIDEST_PX, max(1.0, step * 0.38))
        for at, bar in enumerate(self._bars):
            middle = area.left() + (at + 0.5) * step
            self._draw_bar(painter, area, middle - width, width, bar.paid, top, PAID_COLOR)
            self._draw_bar(painter, area, middle, width, bar.local, top, LOCAL_COLOR)
        below = QRectF(area.left(), area.bottom() + 3, area.width(), _BOTTOM_PX - 3)
        draw_text(painter, self._theme, below, self._bars[0].day, _AXIS)
        if len(self._bars) > 1:
            draw_text(painter, self._theme, below, self._bars[-1].day, _AXIS, Qt.AlignmentFlag.AlignRight)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT_PX, _TOP_PX, -4, -_BOTTOM_PX)

    def _draw_lines(self, painter: QPainter, area: QRectF, top: float) -> None:
        painter.setPen(self._theme.color("line"))
        for at in range(_LINES + 1):
            y = area.bottom() - area.height() * at / _LINES
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        for at in range(_LINES + 1):
            y = area.bottom() - area.height() * at / _LINES
            if top > 0 or at == 0:
                place = QRectF(0, y - 8, _LEFT_PX - 6, 16)
                text = usd_short(top * at / _LINES)
                draw_text(painter, self._theme, place, text, _AXIS, Qt.AlignmentFlag.AlignRight)
            painter.setPen(self._theme.color("line"))

    def _draw_bar(
        self,
        painter: QPainter,
        area: QRectF,
        left: float,
        width: float,
        value: float | None,
        top: float,
        color: str,
    ) -> None:
        if not value or top <= 0:
            return
        height = max(1.0, area.height() * value / top)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(color))
        painter.drawRoundedRect(QRectF(left, area.bottom() - height, width - 0.5, height), 1, 1)


def _spoken(bar: DayBar) -> str:
    return f"{bar.day}: paid {usd(bar.paid)}, here {usd(bar.local)}"
