"""What a chart is painted with, one layer over the other: grid and lines, flags of events, the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from steelyard.ui.widgets.chart_ticks import clock

if TYPE_CHECKING:
    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.chart_shapes import Shape

_FLAG_PX = 16
_DOT_PX = 2.0
_WORD_PX = 16
_WORD_GROUND = 0.7


@dataclass(frozen=True)
class Flag:
    """An event on the time axis: its letter and the token of its colour."""

    at: float
    letter: str
    color: str


@dataclass(frozen=True)
class Level:
    """A horizontal line with its word, such as the limit of a device."""

    value: float
    text: str
    color: str
    is_fine: bool = False


class _Layer(pg.GraphicsObject):
    """Something that covers the whole chart."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)

    def boundingRect(self) -> QRectF:
        """All that is in view."""
        view = self.viewRect()
        return QRectF() if view is None else QRectF(view)

    def viewRangeChanged(self) -> None:
        """The chart was moved."""
        self.prepareGeometryChange()

    def _to_screen(self, painter: QPainter, x: float, y: float) -> QPointF:
        return painter.worldTransform().map(QPointF(x, y))


class Drawing(_Layer):
    """Grid, areas, lines, levels."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.ticks: list[float] = []
        self.shapes: list[Shape] = []
        self.levels: list[Level] = []
        self.note = ""

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """From the back to the front."""
        area = self.boundingRect()
        painter.setPen(_pen(self._theme.color("line"), 1))
        for value in self.ticks:
            painter.drawLine(QPointF(area.left(), value), QPointF(area.right(), value))
        for shape in self.shapes:
            self._paint_shape(painter, shape)
        for level in self.levels:
            pen = _pen(self._theme.color(level.color), 1 if level.is_fine else 1.4)
            pen.setDashPattern([2, 3] if level.is_fine else [5, 3])
            painter.setPen(pen)
            painter.drawLine(QPointF(area.left(), level.value), QPointF(area.right(), level.value))
        self._paint_words(painter, area)
        if self.note:
            self._paint_note(painter, area)

    def _paint_shape(self, painter: QPainter, shape: Shape) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, shape.fill is None)
        if shape.fill is not None:
            for path in shape.paths:
                painter.fillPath(path, shape.fill)
            return
        pen = _pen(shape.color, shape.width)
        if shape.is_dashed:
            pen.setDashPattern([3, 2])
        for path in shape.paths:
            painter.strokePath(path, pen)
        if shape.dots:
            to_screen = painter.worldTransform()
            painter.save()
            painter.resetTransform()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shape.color)
            for x, y in shape.dots:
                painter.drawEllipse(to_screen.map(QPointF(x, y)), _DOT_PX, _DOT_PX)
            painter.restore()

    def _paint_words(self, painter: QPainter, area: QRectF) -> None:
        to_screen = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setFont(self._theme.font(11))
        metrics = painter.fontMetrics()
        for level in self.levels:
            if not level.text:
                continue
            begin = to_screen.map(QPointF(area.left(), level.value))
            end = to_screen.map(QPointF(area.right(), level.value))
            top = to_screen.map(QPointF(area.right(), area.bottom())).y()
            y = end.y() + (1 if end.y() - _WORD_PX < top else -_WORD_PX)
            width = metrics.horizontalAdvance(level.text) + 8
            # What is predicted stands at the left, where the lines are older and often lower.
            box = QRectF(begin.x() + 4 if level.is_fine else end.x() - width - 4, y, width, _WORD_PX - 1)
            ground = self._theme.color("surface")
            ground.setAlphaF(_WORD_GROUND)
            painter.fillRect(box, ground)
            painter.setPen(self._theme.color(level.color))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, level.text)
        painter.restore()

    def _paint_note(self, painter: QPainter, area: QRectF) -> None:
        place = painter.worldTransform().mapRect(area).adjusted(8, 2, -8, -2)
        painter.save()
        painter.resetTransform()
        painter.setFont(self._theme.font(12))
        painter.setPen(self._theme.color("text3"))
        painter.drawText(
            place, Qt.AlignmentFlag.AlignCenter.value | Qt.TextFlag.TextWordWrap.value, self.note
        )
        painter.restore()


class Marks(_Layer):
    """The events."""

    def __init__(self, theme: Theme, origin: float, *, has_letters: bool) -> None:
        super().__init__(theme)
        self.events: list[Flag] = []
        self._origin = origin
        self._has_letters = has_letters

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """A dotted line each; its letter at the foot of the main chart."""
        area = self.boundingRect()
        to_screen = painter.worldTransform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._theme.font(11, 600))
        for flag in self.events:
            x = flag.at - self._origin
            if area.left() <= x <= area.right():
                foot = to_screen.map(QPointF(x, area.top()))
                head = to_screen.map(QPointF(x, area.bottom()))
                self._paint_flag(painter, flag, head, foot)
        painter.restore()

    def _paint_flag(self, painter: QPainter, flag: Flag, head: QPointF, foot: QPointF) -> None:
        color = self._theme.color(flag.color)
        pen = QPen(color, 1)
        pen.setDashPattern([2, 3])
        painter.setPen(pen)
        painter.drawLine(head, foot)
        if self._has_letters:
            box = QRectF(foot.x() - _FLAG_PX / 2, foot.y() - _FLAG_PX - 4, _FLAG_PX, _FLAG_PX)
            painter.setPen(QPen(color, 1))
            painter.setBrush(self._theme.color("surface"))
            painter.drawRoundedRect(box, 3, 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, flag.letter)


class Cursor(_Layer):
    """The line under the pointer."""

    def __init__(self, theme: Theme, origin: float) -> None:
        super().__init__(theme)
        self.at: float | None = None
        self.with_time = False
        self._origin = origin

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Line and, where the pointer is, the time."""
        if self.at is None:
            return
        area = self.boundingRect()
        x = self.at - self._origin
        head = self._to_screen(painter, x, area.bottom())
        foot = self._to_screen(painter, x, area.top())
        left = self._to_screen(painter, area.left(), 0).x()
        right = self._to_screen(painter, area.right(), 0).x()
        painter.save()
        painter.resetTransform()
        painter.setPen(QPen(self._theme.color("text2"), 1))
        painter.drawLine(head, foot)
        if self.with_time:
            painter.setFont(self._theme.font(11, 500, tabular=True))
            box = QRectF(min(max(left, head.x() - 30), right - 60), head.y(), 60, 17)
            painter.setPen(QPen(self._theme.color("line2"), 1))
            painter.setBrush(self._theme.color("raised"))
            painter.drawRoundedRect(box, 3, 3)
            painter.setPen(self._theme.color("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, clock(self.at))
        painter.restore()


def _pen(color: QColor, width: float) -> QPen:
    pen = QPen(color, width)
    pen.setCosmetic(True)
    return pen
