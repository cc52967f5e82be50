"""Candidates of a tune: tokens per second against memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.facts_format import memory
from steelyard.ui.widgets.models_paint import Ink, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from steelyard.ui.theme.theme import Theme

_LABEL = Ink(11, 400, "text3", is_tabular=True)
_PAD = (44, 10, 10, 20)
_RADIUS = 4.5


@dataclass(frozen=True)
class Dot:
    """One candidate; `low` and `high` bound the mean. `tone` is a colour token."""

    x_bytes: float
    y_tps: float
    low: float | None
    high: float | None
    tone: str
    name: str


class ScatterView(QWidget):
    """Dots with their intervals; the one that is selected in the table has a ring."""

    picked = Signal(int)
    """The user clicked the dot with this index."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dots: tuple[Dot | None, ...] = ()
        self._selected = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Tokens per second against memory")
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def show_dots(self, dots: tuple[Dot | None, ...]) -> None:
        """Show these; None holds the place of a candidate that has no figures."""
        if dots != self._dots:
            self._dots = dots
            known = sum(dot is not None for dot in dots)
            self.setAccessibleDescription(f"{known} candidates")
            self.update()

    def select(self, at: int) -> None:
        """Put the ring around one."""
        if at != self._selected:
            self._selected = at
            self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(280, 170)

    def minimumSizeHint(self) -> QSize:
        """Smaller."""
        return QSize(160, 120)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick the dot under the pointer."""
        at = self._at(event.position())
        if at >= 0:
            self.picked.emit(at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which dot it is."""
        at = self._at(event.position())
        dot = self._dots[at] if at >= 0 else None
        self.setToolTip(dot.name if dot is not None else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Axes, intervals, dots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        painter.setPen(QPen(self._theme.color("line2"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.bottomLeft(), area.topLeft())
        if not any(self._dots):
            draw_text(
                painter, self._theme, area, "tok/s against memory", _LABEL, Qt.AlignmentFlag.AlignCenter
            )
            return
        self._paint_axes(painter, area)
        for at, dot in enumerate(self._dots):
            if dot is not None:
                self._paint_dot(painter, dot, is_selected=at == self._selected)

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        low_x, high_x, low_y, high_y = self._ranges()
        right = Qt.AlignmentFlag.AlignRight
        top = QRectF(0, area.top() - 6, _PAD[0] - 6, 16)
        bottom = QRectF(0, area.bottom() - 10, _PAD[0] - 6, 16)
        draw_text(painter, self._theme, top, f"{high_y:.0f}", _LABEL, right)
        draw_text(painter, self._theme, bottom, f"{low_y:.0f}", _LABEL, right)
        middle = QRectF(0, area.center().y() - 8, _PAD[0] - 6, 16)
        draw_text(painter, self._theme, middle, "tok/s", _LABEL, right)
        below = QRectF(area.left(), area.bottom() + 3, area.width(), 16)
        draw_text(painter, self._theme, below, memory(round(low_x)).text, _LABEL)
        draw_text(painter, self._theme, below, memory(round(high_x)).text, _LABEL, right)

    def _paint_dot(self, painter: QPainter, dot: Dot, *, is_selected: bool) -> None:
        place = self._place(dot)
        color = self._theme.color(dot.tone)
        if dot.low is not None and dot.high is not None:
            painter.setPen(QPen(color, 1.2))
            top, bottom = self._y(dot.high), self._y(dot.low)
            painter.drawLine(QPointF(place.x(), top), QPointF(place.x(), bottom))
        painter.setPen(QPen(self._theme.color("surface"), 1))
        painter.setBrush(color)
        painter.drawEllipse(place, _RADIUS, _RADIUS)
        if is_selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawEllipse(place, _RADIUS + 3, _RADIUS + 3)

    def _area(self) -> QRectF:
        left, top, right, bottom = _PAD
        return QRectF(self.rect()).adjusted(left, top, -right, -bottom)

    def _ranges(self) -> tuple[float, float, float, float]:
        dots = [dot for dot in self._dots if dot is not None]
        xs = [dot.x_bytes for dot in dots]
        ys = [value for dot in dots for value in (dot.y_tps, dot.low, dot.high) if value is not None]
        pad_x = max((max(xs) - min(xs)) * 0.08, max(xs) * 0.02, 1)
        pad_y = max((max(ys) - min(ys)) * 0.1, max(ys) * 0.02, 0.1)
        return max(0.0, min(xs) - pad_x), max(xs) + pad_x, max(0.0, min(ys) - pad_y), max(ys) + pad_y

    def _place(self, dot: Dot) -> QPointF:
        area = self._area()
        low_x, high_x, _, _ = self._ranges()
        x = area.left() + (dot.x_bytes - low_x) / (high_x - low_x) * area.width()
        return QPointF(x, self._y(dot.y_tps))

    def _y(self, tps: float) -> float:
        area = self._area()
        _, _, low_y, high_y = self._ranges()
        return area.bottom() - (tps - low_y) / (high_y - low_y) * area.height()

    def _at(self, point: QPointF) -> int:
        best, nearest = -1, 10.0
        for at, dot in enumerate(self._dots):
            if dot is not None:
                gap = self._place(dot) - point
                distance = (gap.x() ** 2 + gap.y() ** 2) ** 0.5
                if distance < nearest:
                    best, nearest = at, distance
        return best
