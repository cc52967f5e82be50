"""A small line of the last values, without axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme


class Sparkline(QWidget):
    """Values from left to right; None leaves a gap. `zero_based` starts the scale at 0."""

    def __init__(self, theme: Theme, name: str, *, zero_based: bool = True) -> None:
        super().__init__()
        self._theme = theme
        self._values: tuple[float | None, ...] = ()
        self._color = "s1"
        self._zero_based = zero_based
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def show_values(self, values: tuple[float | None, ...], color: str) -> None:
        """Show other values."""
        if (values, color) != (self._values, self._color):
            self._values, self._color = values, color
            self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(80, 24)

    def minimumSizeHint(self) -> QSize:
        """Smaller."""
        return QSize(40, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line over its own shade."""
        known = [value for value in self._values if value is not None]
        if len(self._values) < 2 or not known:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        low = min(0.0, *known) if self._zero_based else min(known)
        scale = max(max(known) - low, 1e-9)
        area = QRectF(self.rect()).adjusted(1, 2, -1, -1)
        step = area.width() / (len(self._values) - 1)
        shade = self._theme.color(self._color)
        shade.setAlphaF(0.18)
        painter.setPen(QPen(self._theme.color(self._color), 1.4))
        for run in _runs(self._values):
            points = [
                QPointF(area.left() + at * step, area.bottom() - (value - low) / scale * area.height())
                for at, value in run
            ]
            line = QPainterPath(points[0])
            for point in points[1:]:
                line.lineTo(point)
            below = QPainterPath(line)
            below.lineTo(points[-1].x(), area.bottom())
            below.lineTo(points[0].x(), area.bottom())
            painter.fillPath(below, shade)
            painter.drawPath(line)


def _runs(values: tuple[float | None, ...]) -> list[list[tuple[int, float]]]:
    """The stretches without gaps."""
    runs: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]
