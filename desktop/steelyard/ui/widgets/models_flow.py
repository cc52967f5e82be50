"""Widgets in a row that goes on in the next line where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class FlowRow(QWidget):
    """Lines of widgets, each as wide as it wants to be."""

    def __init__(self, gap: int = 8, line_gap: int = 8) -> None:
        super().__init__()
        self._gap = gap
        self._line_gap = line_gap
        self._widgets: list[QWidget] = []
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def add(self, widget: QWidget) -> None:
        """One more at the end."""
        widget.setParent(self)
        self._widgets.append(widget)
        self.arrange()

    def remove(self, widget: QWidget) -> None:
        """One less; the widget itself is left to its owner."""
        self._widgets.remove(widget)
        self.arrange()

    def arrange(self) -> None:
        """Place everything for the present width."""
        top = 0
        for line in self._lines():
            height = max(widget.sizeHint().height() for widget in line)
            x = 0
            for widget in line:
                size = widget.sizeHint()
                width = self._width_of(widget)
                widget.setGeometry(x, top + (height - size.height()) // 2, width, size.height())
                x += width + self._gap
            top += height + self._line_gap
        if self.height() != max(0, top - self._line_gap):
            self.setFixedHeight(max(0, top - self._line_gap))

    def _lines(self) -> list[list[QWidget]]:
        lines: list[list[QWidget]] = []
        x = 0
        for widget in self._widgets:
            if widget.isHidden():
                continue
            width = self._width_of(widget)
            if not lines or x + width > self.width():
                lines.append([])
                x = 0
            lines[-1].append(widget)
            x += width + self._gap
        return lines

    def _width_of(self, widget: QWidget) -> int:
        return min(widget.sizeHint().width(), max(40, self.width()))

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(200, 28)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the new width."""
        super().resizeEvent(event)
        self.arrange()

    def event(self, event: QEvent) -> bool:
        """A widget became wider, or hidden."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.arrange()
        return super().event(event)
