"""From arrays to what is painted: as many points as there are pixels, nothing joined over a gap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QPainterPath

    from steelyard.ui.widgets.chart_columns import Array

_DOT_LIMIT = 400
HAIRLINE = 1.0
"""Where each pixel has a point of its own, a hairline looks as good and takes a twentieth of the time."""
_PIECE = 32
"""So many points are stroked at once; in one piece a line wider than a pixel takes ten times as long."""


@dataclass
class Shape:
    """Paths with their look; with `fill` they are areas. Dots are single values with a gap at both sides."""

    paths: list[QPainterPath]
    color: QColor
    width: float = 1.5
    is_dashed: bool = False
    fill: QColor | None = None
    dots: tuple[tuple[float, float], ...] = ()


def thin(values: Array, bucket: int, phase: int, *, peak: bool = False) -> Array:
    """Low and high of each `bucket` rows in turn, or with `peak` the high alone; unknown where all are.

    Buckets stay with their rows while the rows move: `phase` is the number of rows that went before.
    """
    if bucket < 2:
        return values
    lead = (-phase) % bucket
    count = max(0, (len(values) - lead) // bucket)
    body = values[lead : lead + count * bucket].reshape(count, bucket)
    with np.errstate(invalid="ignore"):
        high = np.fmax.reduce(body, axis=1)
        if peak:
            return np.concatenate([high, values[lead + count * bucket :]])
        low = np.fmin.reduce(body, axis=1)
    return np.concatenate([np.column_stack((low, high)).ravel(), values[lead + count * bucket :]])


def thin_times(times: Array, bucket: int, phase: int, *, peak: bool = False) -> Array:
    """The times that go with `thin`."""
    if bucket < 2:
        return times
    lead = (-phase) % bucket
    count = max(0, (len(times) - lead) // bucket)
    body = times[lead : lead + count * bucket].reshape(count, bucket)
    rest = times[lead + count * bucket :]
    first, last = body[:, 0], body[:, -1]
    if peak:
        return np.concatenate([(first + last) / 2, rest])
    return np.concatenate([np.column_stack((first, last)).ravel(), rest])


def line_shape(x: Array, y: Array, color: QColor, *, width: float = 1.5, is_dashed: bool = False) -> Shape:
    """A line that breaks where a value is unknown; a value alone becomes a dot."""
    known = np.isfinite(y)
    before = np.concatenate(([False], known[:-1]))
    after = np.concatenate((known[1:], [False]))
    alone = np.flatnonzero(known & ~before & ~after)[-_DOT_LIMIT:]
    dots = tuple((float(x[at]), float(y[at])) for at in alone)
    if width <= HAIRLINE and known.any():
        return Shape([pg.arrayToQPath(x, y, connect="finite")], color, HAIRLINE, is_dashed, dots=dots)
    return Shape(_pieces(x, y, known), color, width, is_dashed, dots=dots)


def area_shape(x: Array, low: Array, high: Array, fill: QColor) -> Shape:
    """The area between two lines, where the upper one is known."""
    paths: list[QPainterPath] = []
    known = np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.view(np.int8), [0]))))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        part_x = np.concatenate((x[first:end], x[first:end][::-1]))
        part_y = np.concatenate((high[first:end], low[first:end][::-1]))
        polygon = pg.arrayToQPath(part_x, part_y, connect="all", finiteCheck=False)
        polygon.closeSubpath()
        paths.append(polygon)
    return Shape(paths, fill, fill=fill)


def stacked(layers: list[Array]) -> list[tuple[Array, Array]]:
    """Lower and upper edge of each layer; where a layer is unknown it has no area and lifts none above."""
    edges: list[tuple[Array, Array]] = []
    below = np.zeros(len(layers[0])) if layers else np.empty(0)
    for layer in layers:
        edges.append((below, below + layer))
        below = below + np.nan_to_num(layer, nan=0.0)
    return edges


def _pieces(x: Array, y: Array, known: Array) -> list[QPainterPath]:
    return [
        pg.arrayToQPath(x[first : first + _PIECE + 1], y[first : first + _PIECE + 1], connect="finite")
        for first in range(0, len(x) - 1, _PIECE)
        if known[first : first + _PIECE + 1].any()
    ]
