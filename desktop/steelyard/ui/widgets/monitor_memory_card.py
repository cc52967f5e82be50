"""Memory by process: stacked, with the measured total, the device's limit and what was predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steelyard.ui.widgets.chart_layers import Level
from steelyard.ui.widgets.chart_plot import TimePlot
from steelyard.ui.widgets.chart_shapes import HAIRLINE, area_shape, line_shape, stacked, thin, thin_times
from steelyard.ui.widgets.chart_ticks import kept_top, value_ticks
from steelyard.ui.widgets.facts_format import GIB
from steelyard.ui.widgets.labels import UNKNOWN
from steelyard.ui.widgets.models_paint import mixed
from steelyard.ui.widgets.monitor_chart_card import ChartCard, bucket_of
from steelyard.ui.widgets.monitor_legend import Entry

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.chart_columns import Array
    from steelyard.ui.widgets.chart_shapes import Shape
    from steelyard.ui.widgets.monitor_chart_card import Scene

_PARTS = 4
_FILL_SHARE = 0.45
_LIMIT_SHARE = 0.35
"""A limit that is far above all that is in use would flatten the chart: then it is only said."""


@dataclass(frozen=True)
class Layer:
    """One process: its series and its look."""

    key: str
    label: str
    color: str


@dataclass(frozen=True)
class MemoryPlan:
    """What the chart is made of; sizes in bytes. `totals` are series that are added up."""

    layers: tuple[Layer, ...]
    totals: tuple[str, ...]
    other: Layer | None = None
    """What is left of the total, where no series tells it."""
    limit_bytes: int | None = None
    limit_text: str = ""
    predicted_bytes: int | None = None
    note: str = ""


class MemoryCard(ChartCard):
    """The main chart; its flags have letters."""

    def __init__(self, theme: Theme, origin: float) -> None:
        super().__init__(theme, "VRAM by process", "GiB")
        self._plan = MemoryPlan((), ())
        self.plot = TimePlot(theme, "VRAM by process", origin, has_letters=True)
        self.add_plot(self.plot)
        self.column.addWidget(self.plot, 1)

    def show_plan(self, title: str, plan: MemoryPlan) -> None:
        """Say what there is to chart."""
        self.title.setText(title)
        self.setAccessibleName(title)
        self.plot.setAccessibleName(title)
        self._plan = plan

    def draw(self, scene: Scene) -> None:
        """Areas from below, then the total over all of them."""
        x, columns = self._in_view(scene)
        layers = [layer for layer in self._layers if np.isfinite(columns[layer.key]).any()]
        shapes: list[Shape] = []
        surface = self._theme.color("surface")
        edges = stacked([columns[layer.key] for layer in layers])
        for layer, (low, high) in zip(layers, edges, strict=True):
            color = self._theme.color(layer.color)
            shapes.append(area_shape(x, low, high, mixed(color, surface, _FILL_SHARE)))
            shapes.append(line_shape(x, high, color, width=HAIRLINE))
        total = columns["total"]
        shapes.append(line_shape(x, total, self._theme.color("text"), width=2.0))
        tops = [total, *(high for _, high in edges)]
        self._show(shapes, max((float(np.nanmax(t)) for t in tops if np.isfinite(t).any()), default=0.0))
        super().draw(scene)

    def point(self, scene: Scene) -> None:
        """Fill the legend; a process that has ended says so."""
        super().point(scene)
        entries = [
            Entry(layer.label, self._value(scene, layer), layer.color)
            for layer in self._layers
            if self._is_in_view(scene, layer)
        ]
        total = self._total_at(scene)
        entries.append(Entry("total", UNKNOWN if total is None else f"{total:.2f}", "text"))
        self.legend.show_entries(entries)

    # ---- figures -------------------------------------------------------------------------------------------

    @property
    def _layers(self) -> list[Layer]:
        """From below: other programs are the ground on which ours stand."""
        plan = self._plan
        return [*plan.layers] if plan.other is None else [plan.other, *plan.layers]

    def _in_view(self, scene: Scene) -> tuple[Array, dict[str, Array]]:
        rows = scene.rows
        times = scene.columns.times[rows] - scene.origin
        bucket = bucket_of(len(times), self.plot.chart_px)
        phase = scene.columns.dropped + rows.start
        values: dict[str, Array] = {}
        for layer in self._plan.layers:
            values[layer.key] = _gib(scene, layer.key)
        values["total"] = sum((_gib(scene, key) for key in self._plan.totals), np.zeros(len(times)))
        if not self._plan.totals:
            values["total"] = np.full(len(times), np.nan)
        other = self._plan.other
        if other is not None and other.key not in scene.columns.keys:
            ours = sum(
                (np.nan_to_num(values[layer.key]) for layer in self._plan.layers), np.zeros(len(times))
            )
            values[other.key] = np.maximum(0.0, values["total"] - ours)
        elif other is not None:
            values[other.key] = _gib(scene, other.key)
        thinned = {key: thin(column, bucket, phase, peak=True) for key, column in values.items()}
        return thin_times(times, bucket, phase, peak=True), thinned

    def _show(self, shapes: list[Shape], top: float) -> None:
        plan, levels = self._plan, []
        predicted = plan.predicted_bytes / GIB if plan.predicted_bytes is not None else None
        limit = plan.limit_bytes / GIB if plan.limit_bytes is not None else None
        wanted_top = max(top, predicted or 0.0)
        if limit is not None and wanted_top >= _LIMIT_SHARE * limit:
            wanted_top = max(limit, wanted_top)
            levels.append(Level(limit, plan.limit_text, "bad"))
        wanted = value_ticks(wanted_top, _PARTS)
        if kept_top(self.plot.top, wanted[-1]) != self.plot.top:
            self.plot.set_top(wanted)
        if predicted is not None:
            levels.append(Level(predicted, f"predicted {predicted:.2f}", "text2", is_fine=True))
        has_any = any(shape.paths or shape.dots for shape in shapes)
        self.plot.show_shapes(shapes, levels, "" if has_any else plan.note)

    def _value(self, scene: Scene, layer: Layer) -> str:
        value = scene.columns.value(layer.key, scene.row)
        if value is None and layer.key not in scene.columns.keys:
            total = self._total_at(scene)
            ours = [scene.columns.value(known.key, scene.row) or 0.0 for known in self._plan.layers]
            return UNKNOWN if total is None else f"{max(0.0, total - sum(ours) / GIB):.2f}"
        if value is not None:
            return f"{value / GIB:.2f}"
        is_process = layer in self._plan.layers
        return "ended" if is_process and scene.cursor is None else UNKNOWN

    def _is_in_view(self, scene: Scene, layer: Layer) -> bool:
        column = scene.columns.column(layer.key)
        return column is None or bool(np.isfinite(column[scene.rows]).any())

    def _total_at(self, scene: Scene) -> float | None:
        parts = [scene.columns.value(key, scene.row) for key in self._plan.totals]
        if not parts or any(part is None for part in parts):
            return None
        return sum(part for part in parts if part is not None) / GIB


def _gib(scene: Scene, key: str) -> Array:
    column = scene.columns.column(key)
    rows = scene.rows
    return np.full(len(scene.columns.times[rows]), np.nan) if column is None else column[rows] / GIB
