"""An estimate with its interval on a scale that all rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Interval
    from steelyard.ui.theme.theme import Theme

_BAR_PX = 8
_DOT_PX = 5
_SIDE_PX = 8


class IntervalBar(QWidget):
    """A line from `low` to `high` with a mark where nothing would be won: half of the votes, or 0."""

    def __init__(self, theme: Theme, color: str, *, low: float, high: float, even: float) -> None:
        super().__init__()
        self._theme = theme
        self._color = color
        self._low, self._high, self._even = low, max(high, low + 1e-9), even
        self._interval: Interval | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_interval(self, interval: Interval | None, words: str) -> None:
        """Show an estimate; `words` say it to who does not see the bar."""
        self._interval = interval
        self.setAccessibleName(words)
        self.setToolTip(f"{words}, 95 % interval" if interval is not None else words)
        self.update()

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(160, 24)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(90, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Scale, even mark, interval, estimate."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.fillRect(
            QRectF(_SIDE_PX, middle - 0.5, self.width() - 2 * _SIDE_PX, 1), self._theme.color("line")
        )
        even = self._x(self._even)
        painter.setPen(QPen(self._theme.color("line2"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(even, 2), QPointF(even, self.height() - 2))
        if self._interval is None:
            return
        color = self._theme.color(self._color)
        painter.setPen(Qt.PenStyle.NoPen)
        left, right = self._x(self._interval.low), self._x(self._interval.high)
        soft = self._theme.color(self._color)
        soft.setAlphaF(0.38)
        painter.setBrush(soft)
        bar = QRectF(left, middle - _BAR_PX / 2, max(2.0, right - left), _BAR_PX)
        painter.drawRoundedRect(bar, _BAR_PX / 2, _BAR_PX / 2)
        painter.setBrush(color)
        painter.setPen(QPen(self._theme.color("surface"), 1.5))
        painter.drawEllipse(QPointF(self._x(self._interval.value), middle), _DOT_PX, _DOT_PX)

    def _x(self, value: float) -> float:
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return _SIDE_PX + share * (self.width() - 2 * _SIDE_PX)
