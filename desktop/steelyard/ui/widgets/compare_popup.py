"""A small popup that opens at a control: not modal, closed by Esc or a click beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent

    from steelyard.ui.theme.theme import Theme

_GAP_PX = 4


class Popup(QFrame):
    """A frame of its own window; `column` takes the content."""

    closed = Signal()
    """It went away, chosen or not."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        frame = QFrame()
        frame.setProperty("role", "popup")
        outer.addWidget(frame)
        self.column = QVBoxLayout(frame)
        self.column.setContentsMargins(12, 12, 12, 12)
        self.column.setSpacing(8)

    def open_at(self, anchor: QWidget, *, at_right: bool = False, above: bool = False) -> None:
        """Show it at a control, inside the screen."""
        self.adjustSize()
        left = anchor.width() - self.width() if at_right else 0
        top = -self.height() - _GAP_PX if above else anchor.height() + _GAP_PX
        self.open_near(anchor.mapToGlobal(QPoint(left, top)))

    def open_near(self, point: QPoint) -> None:
        """Show it with its corner at a point of the screen, moved inside if need be."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        x = max(screen.left(), min(point.x(), screen.right() - self.width()))
        y = max(screen.top(), min(point.y(), screen.bottom() - self.height()))
        self.move(x, y)
        self.show()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell the owner."""
        super().hideEvent(event)
        self.closed.emit()
