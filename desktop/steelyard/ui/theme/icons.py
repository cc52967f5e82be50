"""Lucide icons and our own logo, painted in the colours of the theme."""

from __future__ import annotations

import functools
import re

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from steelyard.ui.theme.tokens import resources_folder

STROKE_WIDTH = "1.75"
SCALES = (1.0, 2.0, 3.0)


@functools.cache
def _source(name: str) -> str:
    text = (resources_folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    return re.sub(r'stroke-width="[\d.]+"', f'stroke-width="{STROKE_WIDTH}"', text, count=1)


@functools.lru_cache(maxsize=512)
def render_icon(name: str, hex_color: str, size: int, scale: float) -> QPixmap:
    """An icon of `size` logical pixels for a screen of the given scale."""
    return _render(_source(name).replace("currentColor", hex_color), size, scale)


@functools.lru_cache(maxsize=16)
def render_logo(beam_hex: str, weight_hex: str, size: int, scale: float) -> QPixmap:
    """The steelyard: beam and hook in one colour, the counterweight in another."""
    text = (resources_folder() / "icons" / "logo.svg").read_text(encoding="utf-8")
    return _render(text.replace("currentColor", beam_hex).replace("currentWeight", weight_hex), size, scale)


def widened(pixmap: QPixmap, gap: int) -> QPixmap:
    """The pixmap with empty pixels at its right: styles leave too little room between icon and text."""
    if gap == 0:
        return pixmap
    scale = pixmap.devicePixelRatio()
    wide = QPixmap(pixmap.width() + round(gap * scale), pixmap.height())
    wide.setDevicePixelRatio(scale)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    painter.drawPixmap(0, 0, pixmap)
    painter.end()
    return wide


def _render(svg: str, size: int, scale: float) -> QPixmap:
    side = round(size * scale)
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap
