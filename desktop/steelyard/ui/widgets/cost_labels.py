"""Words on a chart that do not lie on each other: each takes the first free one of its places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt

from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPainter

    from steelyard.ui.theme.theme import Theme

LINE_PX = 17
_PAD_PX = 4
_EDGE_PX = 4
"""A line at the very edge of the chart still has its words."""
_BEHIND_ALPHA = 190
"""Words are read over lines, and the lines still followed below them."""


class Labels:
    """The places that are taken, for one painting."""

    def __init__(self, painter: QPainter, theme: Theme, area: QRectF) -> None:
        self._painter = painter
        self._theme = theme
        self._area = area
        self._taken: list[QRectF] = []
        self._avoided: list[QRectF] = []

    def avoid(self, rect: QRectF) -> None:
        """Let words stand here only if there is no other place."""
        self._avoided.append(rect)

    def beside(self, x: float, top: float, lines: Sequence[tuple[str, Ink]], *, at_right: bool) -> None:
        """Lines of words at one side of an upright line, at the other where there is no room."""
        if not self._area.left() - _EDGE_PX <= x <= self._area.right() + _EDGE_PX:
            return
        width = max(width_of(text, ink) for text, ink in lines)
        size = (width, LINE_PX * len(lines))
        sides = (at_right, not at_right)
        places = [(self._left(x, width, to_right=side), y, side) for y in self._rows(top) for side in sides]
        for avoided in (self._avoided, []):
            for left, y, side in places:
                rect = QRectF(left, y, *size)
                if self._is_free(rect, avoided):
                    align = Qt.AlignmentFlag.AlignLeft if side else Qt.AlignmentFlag.AlignRight
                    self._draw(rect, lines, align)
                    return

    def near(self, places: Sequence[tuple[float, float]], text: str, ink: Ink) -> None:
        """One line of words that begins at the first free place, given as left and middle."""
        width = width_of(text, ink)
        for avoided in (self._avoided, []):
            for left, middle in places:
                rect = QRectF(left, middle - LINE_PX / 2, width, LINE_PX)
                if self._is_free(rect, avoided):
                    self._draw(rect, [(text, ink)], Qt.AlignmentFlag.AlignLeft)
                    return

    def corner(self, lines: Sequence[tuple[str, Ink]], bottom: float) -> None:
        """Lines at the right end, the last one ending at `bottom`; cut where the chart is narrow."""
        width = min(max(width_of(text, ink) for text, ink in lines), self._area.width() - 16)
        height = LINE_PX * len(lines)
        rect = QRectF(self._area.right() - width - 10, bottom - height, width, height)
        self._draw(rect, lines, Qt.AlignmentFlag.AlignRight)

    def _rows(self, top: float) -> list[float]:
        return [top + at * LINE_PX for at in range(10)]

    @staticmethod
    def _left(x: float, width: float, *, to_right: bool) -> float:
        return x + 10 if to_right else x - 10 - width

    def _is_free(self, rect: QRectF, avoided: Sequence[QRectF]) -> bool:
        wide = rect.adjusted(-_PAD_PX, 0, _PAD_PX, 0)
        others = (*self._taken, *avoided)
        return self._area.contains(rect) and not any(wide.intersects(other) for other in others)

    def _draw(self, rect: QRectF, lines: Sequence[tuple[str, Ink]], align: Qt.AlignmentFlag) -> None:
        self._taken.append(rect)
        behind = self._theme.color("surface")
        behind.setAlpha(_BEHIND_ALPHA)
        self._painter.fillRect(rect.adjusted(-2, 1, 2, -1), behind)
        for at, (text, ink) in enumerate(lines):
            place = QRectF(rect.left() - 1, rect.top() + at * LINE_PX, rect.width() + 2, LINE_PX)
            draw_text(self._painter, self._theme, place, text, ink, align)
