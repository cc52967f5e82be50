"""A stacked bar of memory with a tick for what was predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from steelyard.ui.theme.theme import Theme


@dataclass(frozen=True)
class BarPart:
    """One stretch of the bar, in the colour of a token."""

    color: str
    size_bytes: int


@dataclass(frozen=True)
class Bar:
    """A whole bar; a tick beyond the end stays at the end."""

    parts: tuple[BarPart, ...]
    total_bytes: int
    tick_bytes: int | None = None


def paint_bar(painter: QPainter, theme: Theme, area: QRectF, bar: Bar) -> None:
    """Track, stretches and tick; the tick stands out above and below the track."""
    body = area.adjusted(0, 3, 0, -3)
    track = QPainterPath()
    track.addRoundedRect(body, 2, 2)
    painter.fillPath(track, theme.color("line"))
    if bar.total_bytes <= 0:
        return
    painter.save()
    painter.setClipPath(track)
    x = body.left()
    for part in bar.parts:
        length = body.width() * part.size_bytes / bar.total_bytes
        painter.fillRect(QRectF(x, body.top(), max(0.0, length - 1), body.height()), theme.color(part.color))
        x += length
    painter.restore()
    if bar.tick_bytes is not None:
        at = min(area.width() - 2.0, area.width() * bar.tick_bytes / bar.total_bytes)
        painter.fillRect(QRectF(area.left() + at, area.top(), 2, area.height()), theme.color("text"))
