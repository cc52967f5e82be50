"""A card with a chart: title, unit, legend and lines on the shared time axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout

from steelyard.ui.widgets.chart_plot import TimePlot
from steelyard.ui.widgets.chart_shapes import HAIRLINE, Shape, line_shape, thin, thin_times
from steelyard.ui.widgets.chart_ticks import kept_top, value_ticks
from steelyard.ui.widgets.labels import UNKNOWN, ElidedLabel, make_label
from steelyard.ui.widgets.monitor_legend import Entry, Legend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.chart_columns import Columns
    from steelyard.ui.widgets.chart_layers import Flag

_PARTS = 4
_LOW_PARTS = 3
_LOW_PX = 120


@dataclass(frozen=True)
class Scene:
    """What all charts share."""

    columns: Columns
    origin: float
    since: float
    until: float
    cursor: float | None = None
    """The time under the pointer; None shows what is newest."""
    flags: tuple[Flag, ...] = ()

    @property
    def rows(self) -> slice:
        """The rows in view, and one at either side."""
        first, end = self.columns.since(self.since), self.columns.since(self.until)
        return slice(max(0, first - 1), end + 1)

    @property
    def row(self) -> int | None:
        """The row under the pointer, else the newest in view."""
        return self.columns.nearest(self.until if self.cursor is None else self.cursor)


@dataclass(frozen=True)
class Line:
    """One line: its series, its word and its look; the stored value times `factor` is shown."""

    key: str
    label: str
    color: str
    is_dashed: bool = False
    factor: float = 1.0
    is_lasting: bool = False
    """Without a pointer the legend has the last value in view, however long ago."""
    width: float = 1.6


class ChartCard(QFrame):
    """What every chart card has. Subclasses paint and fill the legend."""

    pointed = Signal(object)
    """The time under the pointer, or None."""
    stepped = Signal(int)
    """An arrow key asks for the next moment."""

    def __init__(self, theme: Theme, title: str, unit: str) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self.plots: list[TimePlot] = []
        self.title = make_label(theme, title, weight=600)
        self.unit = ElidedLabel(theme, unit, "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.unit.setMinimumWidth(1)  # it gives way before any value does
        self.unit.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.legend = Legend(theme, title)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(6)
        head.addWidget(self.title)
        head.addWidget(self.unit)
        head.addWidget(self.legend, 1)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 9, 12, 6)
        self.column.setSpacing(2)
        self.column.addLayout(head)

    def add_plot(self, plot: TimePlot) -> None:
        """Listen to a plot of this card."""
        self.plots.append(plot)
        plot.pointed.connect(self._on_pointed)
        plot.stepped.connect(self.stepped)

    def draw(self, scene: Scene) -> None:
        """Show the lines of a scene."""
        for plot in self.plots:
            plot.set_span(scene.since, scene.until)
            plot.show_flags(list(scene.flags))
        self.point(scene)

    def point(self, scene: Scene) -> None:
        """Show the values under the pointer, or the newest."""
        for plot in self.plots:
            plot.show_cursor(scene.cursor, with_time=plot.underMouse() or plot.hasFocus())

    @Slot(object)
    def _on_pointed(self, at: float | None) -> None:
        self.pointed.emit(at)


class LineCard(ChartCard):
    """Lines over one axis."""

    def __init__(self, theme: Theme, title: str, unit: str, origin: float, digits: int = 0) -> None:
        super().__init__(theme, title, unit)
        self._digits = digits
        self._lines: list[Line] = []
        self._note = ""
        self._missing = UNKNOWN
        self.plot = TimePlot(theme, title, origin)
        self.add_plot(self.plot)
        self.column.addWidget(self.plot, 1)

    def show_lines(self, lines: Sequence[Line], note: str, missing: str = UNKNOWN) -> None:
        """Which series there are; `note` is said while none of them has a value, `missing` in the legend."""
        self._lines, self._note, self._missing = list(lines), note, missing

    def draw(self, scene: Scene) -> None:
        """Show the lines of a scene."""
        shapes, top = line_shapes(self._theme, scene, self._lines, self.plot.chart_px)
        wanted = value_ticks(top, _PARTS if self.plot.height() >= _LOW_PX else _LOW_PARTS)
        if kept_top(self.plot.top, wanted[-1]) != self.plot.top:
            self.plot.set_top(wanted)
        self.plot.show_shapes(shapes, [], "" if shapes else self._note)
        super().draw(scene)

    def point(self, scene: Scene) -> None:
        """Fill the legend."""
        super().point(scene)
        self.legend.show_entries(
            [Entry(line.label, self._value(scene, line), line.color) for line in self._lines]
        )

    def _value(self, scene: Scene, line: Line) -> str:
        value = shown_value(scene, line)
        return self._missing if value is None else f"{value:,.{self._digits}f}"


def shown_value(scene: Scene, line: Line) -> float | None:
    """The value under the pointer, or the newest."""
    value = scene.columns.value(line.key, scene.row)
    if value is None and line.is_lasting and scene.cursor is None:
        column = scene.columns.column(line.key)
        known = np.flatnonzero(np.isfinite(column[scene.rows])) if column is not None else []
        if column is not None and len(known):
            value = float(column[scene.rows][known[-1]])
    return None if value is None else value * line.factor


def bucket_of(rows: int, pixels: int) -> int:
    """How many rows share a stretch of two pixels; 1 leaves them as they are."""
    return max(1, -(-rows // max(1, pixels)))


def line_shapes(theme: Theme, scene: Scene, lines: Sequence[Line], pixels: int) -> tuple[list[Shape], float]:
    """The lines that have a value in view, and the highest of these values."""
    rows = scene.rows
    times = scene.columns.times[rows] - scene.origin
    bucket = bucket_of(len(times), pixels)
    phase = scene.columns.dropped + rows.start
    x = thin_times(times, bucket, phase)
    shapes: list[Shape] = []
    top = 0.0
    for line in lines:
        column = scene.columns.column(line.key)
        if column is None or not np.isfinite(column[rows]).any():
            continue
        y = thin(column[rows] * line.factor, bucket, phase)
        top = max(top, float(np.nanmax(y)))
        width = line.width if bucket == 1 else HAIRLINE
        shapes.append(line_shape(x, y, theme.color(line.color), width=width, is_dashed=line.is_dashed))
    return shapes, top
