"""The fit bar: what weights take of the memory, part by part, with the range of the estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.facts_format import GIB
from steelyard.ui.widgets.models_paint import Ink, draw_text, mixed, width_of
from steelyard.ui.widgets.models_text import gib

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPaintEvent

    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 74
_WHISKER_Y = 6
_BAR_TOP = 14
_BAR_PX = 18
_AXIS_TOP = 36
_LEGEND_TOP = 56
_TINTS = (1.0, 0.72, 0.50, 0.32)
_AXIS = Ink(11, 400, "text3", is_tabular=True)
_NAME = Ink(11, 400, "text2")
_VALUE = Ink(11, 600, "text", is_tabular=True)
_ENTRY_PX = 12 + 5 + 14
_SHORT = {"Weights": "Wts", "KV cache": "KV", "Compute": "Comp", "Overhead": "Ovh", "In use": "Used"}
_STEPS_GIB = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class FitBarData:
    """Bytes of the four parts and what they are held against; `other_bytes` is used by others already."""

    weights_bytes: int
    kv_bytes: int
    compute_bytes: int
    overhead_bytes: int
    low_bytes: int
    high_bytes: int
    capacity_bytes: int
    other_bytes: int
    margin_bytes: int
    capacity_name: str

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The parts by name, in their order."""
        return (
            ("Weights", self.weights_bytes),
            ("KV cache", self.kv_bytes),
            ("Compute", self.compute_bytes),
            ("Overhead", self.overhead_bytes),
        )

    @property
    def end_bytes(self) -> int:
        """Where the axis ends."""
        need = max(self.high_bytes, sum(size for _, size in self.parts)) + self.other_bytes
        return max(self.capacity_bytes, round(need * 1.04), 1)


class FitBar(QWidget):
    """Parts as tints of one hue, others in grey, the margin hatched, the capacity as a tick."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._data: FitBarData | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Memory that is needed")
        theme.changed.connect(self.update)

    @property
    def data(self) -> FitBarData | None:
        """What is shown."""
        return self._data

    def show_data(self, data: FitBarData | None) -> None:
        """Show other figures; None empties the bar."""
        self._data = data
        self.setAccessibleDescription(self._spoken())
        self.setToolTip(self._spoken())
        self.update()

    def sizeHint(self) -> QSize:
        """Whisker, bar, axis, legend."""
        return QSize(360, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(160, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """All of it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QPainterPath()
        track.addRoundedRect(QRectF(0, _BAR_TOP, self.width(), _BAR_PX), 3, 3)
        painter.fillPath(track, self._theme.color("line"))
        if self._data is None:
            return
        painter.save()
        painter.setClipPath(track)
        self._paint_parts(painter, self._data)
        painter.restore()
        self._paint_capacity(painter, self._data)
        self._paint_whisker(painter, self._data)
        self._paint_axis(painter, self._data)
        self._paint_legend(painter, self._data)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _x(self, size_bytes: float, data: FitBarData) -> float:
        return self.width() * size_bytes / data.end_bytes

    def _colors(self) -> list[QColor]:
        base, ground = self._theme.color("s1"), self._theme.color("raised")
        return [mixed(base, ground, tint) for tint in _TINTS]

    def _paint_parts(self, painter: QPainter, data: FitBarData) -> None:
        at = 0
        stretches = [*zip(self._colors(), (size for _, size in data.parts), strict=True)]
        for color, size in [*stretches, (self._theme.color("s5"), data.other_bytes)]:
            length = self._x(size, data)
            painter.fillRect(QRectF(self._x(at, data), _BAR_TOP, max(0.0, length - 1), _BAR_PX), color)
            at += size
        if data.margin_bytes > 0:
            left = self._x(data.capacity_bytes - data.margin_bytes, data)
            area = QRectF(left, _BAR_TOP, self._x(data.margin_bytes, data), _BAR_PX)
            hatch = QBrush(self._theme.color("warn"), Qt.BrushStyle.BDiagPattern)
            painter.fillRect(area, hatch)

    def _paint_capacity(self, painter: QPainter, data: FitBarData) -> None:
        if data.end_bytes > data.capacity_bytes > 0:
            x = self._x(data.capacity_bytes, data)
            painter.fillRect(QRectF(x - 1, _BAR_TOP - 4, 2, _BAR_PX + 8), self._theme.color("text"))

    def _paint_whisker(self, painter: QPainter, data: FitBarData) -> None:
        if data.high_bytes <= data.low_bytes:
            return
        low = self._x(data.low_bytes, data)
        high = max(low + 3, self._x(data.high_bytes, data))
        painter.setPen(QPen(self._theme.color("text"), 1.5))
        painter.drawLine(round(low), _WHISKER_Y, round(high), _WHISKER_Y)
        for x in (round(low), round(high)):
            painter.drawLine(x, _WHISKER_Y - 4, x, _WHISKER_Y + 4)

    def _paint_axis(self, painter: QPainter, data: FitBarData) -> None:
        end = data.end_bytes / GIB
        step = next((step for step in _STEPS_GIB if end / step <= 7), _STEPS_GIB[-1])
        value = step
        draw_text(painter, self._theme, QRectF(0, _AXIS_TOP, 60, 16), "0 GiB", _AXIS)
        while value <= end:
            text = f"{value:g}" if value + step <= end else f"{value:g} GiB"
            width = width_of(text, _AXIS)
            x = min(self._x(value * GIB, data) - width / 2, self.width() - width)
            draw_text(painter, self._theme, QRectF(x, _AXIS_TOP, width + 2, 16), text, _AXIS)
            painter.fillRect(
                QRectF(self._x(value * GIB, data) - 0.5, _BAR_TOP + _BAR_PX + 1, 1, 3),
                self._theme.color("line2"),
            )
            value += step

    def _paint_legend(self, painter: QPainter, data: FitBarData) -> None:
        x = 0.0
        entries = [*zip(self._colors(), data.parts, strict=True)]
        if data.other_bytes:
            entries.append((self._theme.color("s5"), ("In use", data.other_bytes)))
        is_narrow = self._legend_px([part for _, part in entries]) > self.width()
        for color, (full_name, size) in entries:
            name, value = _SHORT[full_name] if is_narrow else full_name, gib(size)
            painter.fillRect(QRectF(x, _LEGEND_TOP + 4, 8, 8), color)
            x += 12
            x += draw_text(painter, self._theme, QRectF(x, _LEGEND_TOP, 200, 16), name, _NAME) + 5
            x += draw_text(painter, self._theme, QRectF(x, _LEGEND_TOP, 80, 16), value, _VALUE)
            x += 7 if is_narrow else 14
        note = f"hatched: {gib(data.margin_bytes)} GiB margin"
        width = width_of(note, _AXIS)
        if data.margin_bytes and x + width <= self.width():
            area = QRectF(self.width() - width - 1, _LEGEND_TOP, width + 2, 16)
            draw_text(painter, self._theme, area, note, _AXIS)

    def _legend_px(self, parts: list[tuple[str, int]]) -> float:
        widths = [width_of(name, _NAME) + width_of(gib(size), _VALUE) for name, size in parts]
        return sum(widths) + _ENTRY_PX * len(parts)

    def _spoken(self) -> str:
        data = self._data
        if data is None:
            return ""
        parts = ", ".join(f"{name} {gib(size)} GiB" for name, size in data.parts)
        return f"{parts}; {data.capacity_name} has {gib(data.capacity_bytes)} GiB"
