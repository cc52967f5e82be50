"""The head of the grid: each target with its medians, painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView

from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import Chip, Ink, chip_width, draw_chip, draw_text, width_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.pages.compare_grid_model import GridModel
    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 76
_TITLE = Ink(13, 600, "text")
_FIGURE = Ink(13, 600, "text", is_tabular=True)
_UNIT = Ink(11, 400, "text3")
_QUIET = Ink(11, 400, "text3", is_tabular=True)
_SQUARE_PX = 10


class GridHeader(QHeaderView):
    """Over the cases what the figures are, over the targets the figures."""

    def __init__(self, theme: Theme, model: GridModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._theme = theme
        self._grid = model
        self.setFixedHeight(_HEIGHT_PX)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        name_widget(self, "Targets and their medians")
        self.setToolTip("")
        theme.changed.connect(self.viewport().update)

    def sizeHint(self) -> QSize:
        """A fixed height, so that no row jumps."""
        return QSize(super().sizeHint().width(), _HEIGHT_PX)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - the name of the interface
        """One head."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(rect)
        painter.fillRect(area, self._theme.color("surface"))
        painter.fillRect(QRectF(area.left(), area.bottom() - 1, area.width(), 1), self._theme.color("line2"))
        inner = area.adjusted(12, 8, -10, -8)
        if logicalIndex == 0:
            self._paint_labels(painter, inner)
        else:
            self._paint_target(painter, inner, logicalIndex)
        painter.restore()

    def _paint_labels(self, painter: QPainter, area: QRectF) -> None:
        state = self._grid.state
        line = area.height() / 3
        if state is None:
            return
        count = f"{len(state.cases):,} cases"
        draw_text(painter, self._theme, QRectF(area.left(), area.top(), area.width(), line), count, _TITLE)
        names = ", ".join(f"{{{name}}}" for name in state.variables)
        draw_text(
            painter, self._theme, QRectF(area.left(), area.top() + line, area.width(), line), names, _QUIET
        )
        words = "Median TTFT, total, cost"
        below = QRectF(area.left(), area.top() + 2 * line, area.width(), line)
        draw_text(painter, self._theme, below, words, _UNIT)

    def _paint_target(self, painter: QPainter, area: QRectF, section: int) -> None:
        theme, ref, head = self._theme, self._grid.ref(section), self._grid.head(section)
        if ref is None or head is None:
            return
        line = area.height() / 3
        square = QRectF(area.left(), area.top() + (line - _SQUARE_PX) / 2, _SQUARE_PX, _SQUARE_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.series(section - 1))
        painter.drawRoundedRect(square, 2, 2)
        chip = Chip(ref.quant, is_mono=True) if ref.quant else None
        chip_px = chip_width(chip) + 8 if chip is not None else 0.0
        left = area.left() + _SQUARE_PX + 8
        has_room = area.right() - left - chip_px >= min(90.0, width_of(ref.title, _TITLE))
        room = area.right() - left - (chip_px if has_room else 0.0)
        used = draw_text(painter, theme, QRectF(left, area.top(), room, line), ref.title, _TITLE)
        if chip is not None and has_room:
            draw_chip(painter, theme, left + used + 8, area.top() + line / 2, chip)
        self._paint_figures(painter, QRectF(area.left(), area.top() + line, area.width(), line), section)
        below = QRectF(area.left(), area.top() + 2 * line, area.width(), line)
        draw_text(painter, theme, below, head.notes or f"over {head.n} comparable", _QUIET)

    def _paint_figures(self, painter: QPainter, area: QRectF, section: int) -> None:
        head = self._grid.head(section)
        if head is None:
            return
        x = area.left()
        for text in (head.ttft, head.total, head.usd):
            if x + width_of(text, _FIGURE) > area.right():
                break
            x += draw_text(
                painter, self._theme, QRectF(x, area.top(), area.right() - x, area.height()), text, _FIGURE
            )
            x += 14
