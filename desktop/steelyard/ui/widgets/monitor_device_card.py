"""Three small charts of a device below each other: load, power, temperature, each with its figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.chart_layers import Level
from steelyard.ui.widgets.chart_plot import TimePlot
from steelyard.ui.widgets.chart_shapes import area_shape
from steelyard.ui.widgets.chart_ticks import value_ticks
from steelyard.ui.widgets.labels import UNKNOWN, make_label, plain_tooltip
from steelyard.ui.widgets.models_paint import mixed
from steelyard.ui.widgets.monitor_chart_card import ChartCard, Line, line_shapes, shown_value

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.chart_shapes import Shape
    from steelyard.ui.widgets.monitor_chart_card import Scene

_FIGURE_PX = 94
_HEADROOM = 1.15


@dataclass(frozen=True)
class Gauge:
    """One of the three: `top` None follows the values; above `limit` the figure turns red."""

    title: str
    unit: str
    lines: tuple[Line, ...]
    top: float | None = None
    bottom: float = 0.0
    limit: float | None = None
    reason: str = ""
    """Why there is no value."""


class DeviceCard(ChartCard):
    """A GPU, or without one the machine itself."""

    def __init__(self, theme: Theme, origin: float) -> None:
        super().__init__(theme, "GPU", "")
        self.rows = [_GaugeRow(theme, origin, has_times=at == 2) for at in range(3)]
        for at, row in enumerate(self.rows):
            self.add_plot(row.plot)
            self.column.addWidget(row, 12 if at == 2 else 10)
        self.column.setSpacing(4)

    def show_gauges(self, title: str, unit: str, gauges: list[Gauge]) -> None:
        """Say what there is to chart."""
        self.title.setText(title)
        self.unit.setText(unit)
        self.setAccessibleName(title)
        for row, gauge in zip(self.rows, gauges, strict=True):
            row.show_gauge(f"{title}: {gauge.title}", gauge)

    def draw(self, scene: Scene) -> None:
        """Show the lines of a scene."""
        for row in self.rows:
            row.draw(scene)
        super().draw(scene)

    def point(self, scene: Scene) -> None:
        """Show the figures."""
        super().point(scene)
        for row in self.rows:
            row.point(scene)


class _GaugeRow(QWidget):
    def __init__(self, theme: Theme, origin: float, *, has_times: bool) -> None:
        super().__init__()
        self._theme = theme
        self._gauge = Gauge("", "", ())
        self.title = make_label(theme, "", "muted", px=12)
        self.value = make_label(theme, px=15, weight=600, tabular=True)
        self.unit = make_label(theme, "", "muted", px=12)
        self.plot = TimePlot(theme, "", origin, has_times=has_times)
        figure = QHBoxLayout()
        figure.setSpacing(4)
        figure.addWidget(self.value)
        figure.addWidget(self.unit)
        figure.addStretch(1)
        side = QVBoxLayout()
        side.setSpacing(0)
        side.addWidget(self.title)
        side.addLayout(figure)
        side.addStretch(1)
        holder = QWidget()
        holder.setFixedWidth(_FIGURE_PX)
        holder.setLayout(side)
        side.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(holder)
        row.addWidget(self.plot, 1)

    def show_gauge(self, name: str, gauge: Gauge) -> None:
        """Say what it is."""
        self._gauge = gauge
        self.title.setText(gauge.title)
        self.unit.setText(gauge.unit)
        self.plot.setAccessibleName(name)

    def draw(self, scene: Scene) -> None:
        """The first line has its area filled."""
        gauge = self._gauge
        shapes, highest = line_shapes(self._theme, scene, gauge.lines, self.plot.chart_px)
        top = gauge.top if gauge.top is not None else value_ticks(highest * _HEADROOM, 2)[-1]
        if gauge.limit is not None:
            top = max(top, gauge.limit)
        self.plot.set_top([gauge.bottom, max(top, gauge.bottom + 1)])
        levels = [Level(gauge.limit, "", "bad")] if gauge.limit is not None else []
        if len(gauge.lines) == 1 and shapes:
            shapes.insert(0, self._area(scene, gauge.lines[0]))
        self.plot.show_shapes(shapes, levels, "" if shapes else gauge.reason)

    def point(self, scene: Scene) -> None:
        """The figure, or a dash and why."""
        gauge = self._gauge
        values = [shown_value(scene, line) for line in gauge.lines]
        known = [value for value in values if value is not None]
        text = "  ".join(UNKNOWN if value is None else f"{value:,.0f}" for value in values) or UNKNOWN
        self.value.setText(text)
        is_over = gauge.limit is not None and any(value >= gauge.limit for value in known)
        set_role(self.value, "bad" if is_over else "")
        self.setToolTip(plain_tooltip("" if known else gauge.reason))
        self.plot.setAccessibleDescription(f"{text} {gauge.unit}" if known else gauge.reason)

    def _area(self, scene: Scene, line: Line) -> Shape:
        rows = scene.rows
        column = scene.columns.column(line.key)
        values = np.empty(0) if column is None else column[rows] * line.factor
        fill = mixed(self._theme.color("text3"), self._theme.color("surface"), 0.22)
        low = np.full(len(values), self._gauge.bottom)
        return area_shape(scene.columns.times[rows] - scene.origin, low, values, fill)
