"""Squares for slots: filled while one is busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_SQUARE_PX = 9
_GAP_PX = 3
_MOST = 8


class SlotSquares(QWidget):
    """At most eight squares; with more slots each stands for its share of them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = (0, 0, "s1")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_slots(self, busy: int, slots: int, color: str) -> None:
        """Show how many are busy."""
        if (busy, slots, color) == self._state:
            return
        is_wider = slots != self._state[1]
        self._state = (busy, slots, color)
        self.setAccessibleName(f"{busy} of {slots} slots busy")
        self.setToolTip(f"{busy} of {slots} slots are busy")
        if is_wider:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the squares."""
        count = min(_MOST, self._state[1])
        return QSize(max(0, count * (_SQUARE_PX + _GAP_PX) - _GAP_PX), 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The squares."""
        busy, slots, color = self._state
        count = min(_MOST, slots)
        filled = busy if slots <= _MOST else -(-busy * count // slots)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at in range(count):
            area = QRectF(at * (_SQUARE_PX + _GAP_PX) + 0.5, 2.5, _SQUARE_PX - 1, _SQUARE_PX - 1)
            is_busy = at < filled
            painter.setPen(QPen(self._theme.color(color if is_busy else "ctl"), 1))
            painter.setBrush(self._theme.color(color if is_busy else "surface"))
            painter.drawRoundedRect(area, 2, 2)


class ColorDot(QWidget):
    """The square in the colour that a model has everywhere."""

    def __init__(self, theme: Theme, color: str = "s1") -> None:
        super().__init__()
        self._theme = theme
        self._color = color
        self.setFixedSize(10, 10)
        theme.changed.connect(self.update)

    def show_color(self, color: str) -> None:
        """Another token."""
        if color != self._color:
            self._color = color
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The square."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._theme.color(self._color))
        painter.setBrush(self._theme.color(self._color))
        painter.drawRoundedRect(QRectF(0.5, 0.5, 8, 8), 1.5, 1.5)
