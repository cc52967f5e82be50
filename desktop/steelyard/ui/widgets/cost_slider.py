"""A slider for a share: track, filled part, knob; arrows move it by a hundredth, Page keys by a tenth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QSlider

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

_KNOB_PX = 7
_HEIGHT_PX = 22


class ShareSlider(QSlider):
    """0 to 100 %; Qt's own keys, painted by hand. `sliderMoved` and keys tell through `valueChanged`."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = theme
        self.is_known = False
        self.setRange(0, 100)
        self.setPageStep(10)
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        name_widget(self, name)
        theme.changed.connect(self.update)

    def show_share(self, share: float | None) -> None:
        """Show a share without telling anyone; None is unknown and has no knob."""
        self.blockSignals(True)
        self.is_known = share is not None
        self.setValue(0 if share is None else max(0, min(100, round(share * 100))))
        self.blockSignals(False)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(120, _HEIGHT_PX)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to where it was clicked, at once."""
        self._go_to(event.position().x())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go_to(event.position().x())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Not a way to change a value: the card scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, filled part, knob, focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle = self.height() / 2
        track = QRectF(0, middle - 2, self.width(), 4)
        painter.setBrush(self._theme.color("line2"))
        painter.drawRoundedRect(track, 2, 2)
        if not self.is_known:
            return
        x = self._x()
        painter.setBrush(self._theme.color("accent_fill"))
        painter.drawRoundedRect(QRectF(0, middle - 2, x, 4), 2, 2)
        painter.setPen(QPen(self._theme.color("surface"), 2))
        painter.drawEllipse(QPointF(x, middle), _KNOB_PX, _KNOB_PX)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawEllipse(QPointF(x, middle), _KNOB_PX + 2, _KNOB_PX + 2)

    def _x(self) -> float:
        room = self.width() - 2 * (_KNOB_PX + 3)
        return _KNOB_PX + 3 + room * self.value() / 100

    def _go_to(self, x: float) -> None:
        room = max(1, self.width() - 2 * (_KNOB_PX + 3))
        self.is_known = True
        self.setValue(max(0, min(100, round((x - _KNOB_PX - 3) / room * 100))))
        self.update()
