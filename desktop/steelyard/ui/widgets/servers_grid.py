"""Widgets of one width in as many columns as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class FieldGrid(QWidget):
    """Rows of equal columns, at most `most` of them, each at least `least_px` wide."""

    def __init__(self, widgets: list[QWidget], *, most: int = 4, least_px: int = 132) -> None:
        super().__init__()
        self._widgets = widgets
        self._most = most
        self._least_px = least_px
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(10)
        self._arrange(most)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other width, other number of columns."""
        super().resizeEvent(event)
        room = (self.width() + 12) // (self._least_px + 12)
        self._arrange(max(1, min(self._most, room)))

    def minimumSizeHint(self) -> QSize:
        """One column is enough: what is beside it must not keep it wide."""
        return QSize(self._least_px, super().minimumSizeHint().height())

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
            self._grid.setColumnMinimumWidth(column, 0)
        self._columns = columns
        for at, widget in enumerate(self._widgets):
            self._grid.addWidget(widget, at // columns, at % columns, Qt.AlignmentFlag.AlignTop)
