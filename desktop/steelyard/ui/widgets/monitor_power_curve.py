"""Power during one request: a line over the time since it was sent, broken where nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.chart_ticks import value_ticks
from steelyard.ui.widgets.facts_format import duration
from steelyard.ui.widgets.models_paint import Ink, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.core.values.telemetry import PowerPoint
    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 110
_LEFT_PX = 40
_FOOT_PX = 18
_AXIS = Ink(11, 400, "text3", is_tabular=True)


class PowerCurve(QWidget):
    """Watts from 0; the first token is marked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._points: list[PowerPoint] = []
        self._first_ms: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_points(self, points: list[PowerPoint], first_ms: float | None) -> None:
        """Show another request; `first_ms` is the time to its first token."""
        self._points, self._first_ms = points, first_ms
        known = [point.power_w for point in points if point.power_w is not None]
        peak = f"peak {max(known):,.0f} W, lowest {min(known):,.0f} W" if known else "nothing was measured"
        self.setAccessibleName(f"Power during the request: {peak}")
        self.update()

    def sizeHint(self) -> QSize:
        """As high as a small chart."""
        return QSize(320, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Grid, line, first token."""
        known = [point.power_w for point in self._points if point.power_w is not None]
        if not known:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ticks = value_ticks(max(known), 3)
        end_ms = max(1.0, *(point.at_ms for point in self._points))
        area = QRectF(_LEFT_PX, 6, self.width() - _LEFT_PX - 4, _HEIGHT_PX - _FOOT_PX - 8)
        for tick in ticks:
            y = area.bottom() - area.height() * tick / ticks[-1]
            painter.setPen(QPen(self._theme.color("line"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            place = QRectF(0, y - 8, _LEFT_PX - 8, 16)
            draw_text(painter, self._theme, place, f"{tick:,.0f}", _AXIS, Qt.AlignmentFlag.AlignRight)
        foot = QRectF(area.left(), area.bottom() + 2, area.width(), _FOOT_PX)
        draw_text(painter, self._theme, foot, "sent", _AXIS)
        draw_text(painter, self._theme, foot, duration(end_ms).text, _AXIS, Qt.AlignmentFlag.AlignRight)
        self._paint_first(painter, area, end_ms)
        painter.setPen(QPen(self._theme.color("text"), 1.6))
        for line in self._lines(area, end_ms, ticks[-1]):
            painter.drawPolyline(line)

    def _paint_first(self, painter: QPainter, area: QRectF, end_ms: float) -> None:
        if self._first_ms is None or not 0 <= self._first_ms <= end_ms:
            return
        x = area.left() + area.width() * self._first_ms / end_ms
        pen = QPen(self._theme.color("info"), 1)
        pen.setDashPattern([2, 3])
        painter.setPen(pen)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        place = QRectF(x + 4, area.top(), 90, 14)
        draw_text(painter, self._theme, place, "first token", Ink(11, 400, "info"))

    def _lines(self, area: QRectF, end_ms: float, top_w: float) -> list[QPolygonF]:
        lines = [QPolygonF()]
        for point in self._points:
            if point.power_w is None:
                lines.append(QPolygonF())
                continue
            x = area.left() + area.width() * point.at_ms / end_ms
            lines[-1].append(QPointF(x, area.bottom() - area.height() * point.power_w / top_w))
        return [line for line in lines if line.size() > 1]
