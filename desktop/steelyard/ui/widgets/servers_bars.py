"""Bars of memory: thin ones of a card, and the pair of predicted and measured part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.models_paint import Ink, draw_text, mixed, width_of
from steelyard.ui.widgets.servers_slots import ColorDot
from steelyard.ui.widgets.vram_bar import Bar, paint_bar

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPaintEvent

    from steelyard.ui.theme.theme import Theme

TINTS = {"weights": 1.0, "kv": 0.72, "compute": 0.50, "overhead": 0.32}
_NAME = Ink(12, 400, "text2")
_VALUE = Ink(12, 600, "text", is_tabular=True)
_ROW_PX = 26
_BAR_PX = 14


class MemoryBar(QWidget):
    """One stacked bar with its tick."""

    def __init__(self, theme: Theme, height_px: int = 12) -> None:
        super().__init__()
        self._theme = theme
        self._bar = Bar((), 0)
        self.setFixedHeight(height_px)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Memory")
        theme.changed.connect(self.update)

    def show_bar(self, bar: Bar, spoken: str) -> None:
        """Show other figures."""
        if bar == self._bar:
            return
        self._bar = bar
        self.setAccessibleDescription(spoken)
        self.setToolTip(spoken)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, stretches, tick."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_bar(painter, self._theme, QRectF(self.rect()), self._bar)


@dataclass(frozen=True)
class PartRow:
    """One line of `PartsBars`; `parts` are kinds with bytes, `value` stands at the right."""

    name: str
    parts: tuple[tuple[str, int], ...]
    value: str


class PartsBars(QWidget):
    """Two bars on one scale: tints of one hue for weights, KV cache, compute and overhead."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._rows: tuple[PartRow, ...] = ()
        self._color = "s1"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Memory by part")
        theme.changed.connect(self.update)

    def show_rows(self, rows: tuple[PartRow, ...], color: str, spoken: str) -> None:
        """Show other figures."""
        if (rows, color) == (self._rows, self._color):
            return
        is_higher = len(rows) != len(self._rows)
        self._rows, self._color = rows, color
        self.setAccessibleDescription(spoken)
        self.setToolTip(spoken)
        if is_higher:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A line for each row."""
        return QSize(240, _ROW_PX * max(1, len(self._rows)) - 4)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, bars, sums."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = max((width_of(row.name, _NAME) for row in self._rows), default=0.0) + 12
        values = max((width_of(row.value, _VALUE) for row in self._rows), default=0.0) + 12
        most = max((sum(size for _, size in row.parts) for row in self._rows), default=0) or 1
        room = max(20.0, self.width() - names - values)
        for at, row in enumerate(self._rows):
            top = at * _ROW_PX
            draw_text(painter, self._theme, QRectF(0, top, names, 22), row.name, _NAME)
            right = QRectF(self.width() - values, top, values, 22)
            draw_text(painter, self._theme, right, row.value, _VALUE, Qt.AlignmentFlag.AlignRight)
            self._paint_parts(painter, QRectF(names, top + 4, room, _BAR_PX), row, most)

    def _paint_parts(self, painter: QPainter, area: QRectF, row: PartRow, most: int) -> None:
        track = QPainterPath()
        track.addRoundedRect(area, 3, 3)
        painter.fillPath(track, self._theme.color("line"))
        painter.save()
        painter.setClipPath(track)
        x = area.left()
        for kind, size in row.parts:
            length = area.width() * 0.92 * size / most
            stretch = QRectF(x, area.top(), max(0.0, length - 1), _BAR_PX)
            painter.fillRect(stretch, part_color(self._theme, self._color, kind))
            x += length
        painter.restore()


class Swatch(ColorDot):
    """The tint of a part, for a legend."""

    def __init__(self, theme: Theme, kind: str) -> None:
        super().__init__(theme)
        self._kind = kind
        self.setFixedSize(9, 9)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A square."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), part_color(self._theme, self._color, self._kind))


def part_color(theme: Theme, color: str, kind: str) -> QColor:
    """The tint of a part of one model."""
    return mixed(theme.color(color), theme.color("surface"), TINTS.get(kind, 0.32))
