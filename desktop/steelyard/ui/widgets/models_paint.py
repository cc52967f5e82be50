"""What the lists of the Models page are painted with: texts that fit, chips, bars, the marks of a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QTextLayout, QTextOption

from steelyard.ui.theme.fonts import make_font

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

CHIP_PX = 20
_CHIP_PAD = 7
_CHIP_ICON = 12
_CHIP_GAP = 5
_STATUSES = ("good", "warn", "bad", "info", "accent")


@dataclass(frozen=True)
class Chip:
    """A small framed word; `tone` is a status token, or empty for a neutral one."""

    text: str
    tone: str = ""
    icon: str = ""
    is_mono: bool = False


@dataclass(frozen=True)
class Ink:
    """How a text is set: size, weight, colour token."""

    px: int = 12
    weight: int = 400
    color: str = "text2"
    is_mono: bool = False
    is_tabular: bool = False


@lru_cache(maxsize=64)
def _type_of(ink: Ink) -> tuple[QFont, QFontMetricsF]:
    """Font and metrics of an ink: a table of 150 cells spends half of its painting on making them anew."""
    font = make_font(ink.px, ink.weight, mono=ink.is_mono, tabular=ink.is_tabular)
    return font, QFontMetricsF(font)


@lru_cache(maxsize=16)
def _single_line(align: Qt.AlignmentFlag) -> int:
    """The flags of a text; kept because joining them takes longer than measuring the text."""
    return (align | Qt.AlignmentFlag.AlignVCenter).value | Qt.TextFlag.TextSingleLine.value


def width_of(text: str, ink: Ink) -> float:
    """How wide a text is."""
    return _type_of(ink)[1].horizontalAdvance(text)


def draw_text(
    painter: QPainter,
    theme: Theme,
    area: QRectF,
    text: str,
    ink: Ink,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> float:
    """One line, cut at its end where it does not fit; returns the width that was used."""
    if not text:
        return 0.0
    font, metrics = _type_of(ink)
    width = metrics.horizontalAdvance(text)
    if width > area.width():
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, area.width()))
        width = metrics.horizontalAdvance(text)
    painter.setFont(font)
    painter.setPen(theme.color(ink.color))
    painter.drawText(area, _single_line(align), text)
    return width


def draw_lines(painter: QPainter, theme: Theme, area: QRectF, text: str, ink: Ink, most: int) -> None:
    """A text that goes on in further lines, the last one cut at its end."""
    line_px = area.height() / most
    for at, line in enumerate(split_lines(text, ink, area.width(), most)):
        place = QRectF(area.left(), area.top() + at * line_px, area.width(), line_px)
        draw_text(painter, theme, place, line, ink)


@lru_cache(maxsize=256)
def split_lines(text: str, ink: Ink, width: float, most: int) -> tuple[str, ...]:
    """A text broken between words; the last line has all that is left, however long."""
    layout = QTextLayout(text, _type_of(ink)[0])
    layout.setTextOption(QTextOption())
    lines: list[str] = []
    start = 0
    layout.beginLayout()
    while len(lines) < most - 1 and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        start = line.textStart() + line.textLength()
        lines.append(text[line.textStart() : start].rstrip())
    layout.endLayout()
    return tuple(part for part in [*lines, text[start:]] if part)


def chip_width(chip: Chip) -> float:
    """How wide a chip is."""
    text = width_of(chip.text, _chip_ink(chip))
    return 2 * _CHIP_PAD + (_CHIP_ICON + _CHIP_GAP if chip.icon else 0) + text


def draw_chip(
    painter: QPainter, theme: Theme, left: float, middle: float, chip: Chip, room: float = 1e6
) -> float:
    """A chip at a place, its text cut where there is no room; returns its width."""
    width = min(chip_width(chip), room)
    area = QRectF(left, middle - CHIP_PX / 2, width, CHIP_PX)
    tone = chip.tone if chip.tone in _STATUSES else ""
    line = mixed(theme.color(tone), theme.color(f"{tone}_soft"), 0.55) if tone else theme.color("line2")
    painter.setPen(QPen(line, 1))
    painter.setBrush(theme.color(f"{tone}_soft" if tone else "raised"))
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
    x = left + _CHIP_PAD
    if chip.icon:
        pixmap = theme.pixmap(chip.icon, tone or "text3", _CHIP_ICON)
        painter.drawPixmap(QPointF(x, middle - _CHIP_ICON / 2), pixmap)
        x += _CHIP_ICON + _CHIP_GAP
    draw_text(painter, theme, QRectF(x, area.top(), area.right() - x, CHIP_PX), chip.text, _chip_ink(chip))
    return width


def draw_row_frame(
    painter: QPainter,
    theme: Theme,
    area: QRectF,
    *,
    is_chosen: bool,
    is_hovered: bool = False,
    has_mark: bool = True,
) -> None:
    """Background and lower line of a row, or of a cell of it; the chosen one has a bar at its left end."""
    if is_chosen:
        painter.fillRect(area, theme.color("accent_soft"))
    if is_chosen and has_mark:
        painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), theme.color("accent"))
    elif is_hovered and not is_chosen:
        painter.fillRect(area, theme.color("raised"))
    painter.fillRect(QRectF(area.left(), area.bottom() - 1, area.width(), 1), theme.color("line"))


def draw_meter(painter: QPainter, theme: Theme, area: QRectF, share: float, color: str) -> None:
    """A thin bar that is filled to a share."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("line"))
    radius = area.height() / 2
    painter.drawRoundedRect(area, radius, radius)
    filled = QRectF(area.left(), area.top(), area.width() * min(1.0, max(0.0, share)), area.height())
    if filled.width() > 0:
        painter.setBrush(theme.color(color))
        painter.drawRoundedRect(filled, radius, radius)


def mixed(first: QColor, second: QColor, share: float) -> QColor:
    """`share` of the first colour over the second."""
    return QColor.fromRgbF(
        first.redF() * share + second.redF() * (1 - share),
        first.greenF() * share + second.greenF() * (1 - share),
        first.blueF() * share + second.blueF() * (1 - share),
    )


def _chip_ink(chip: Chip) -> Ink:
    tone = chip.tone if chip.tone in _STATUSES else "text2"
    return Ink(11, 500, tone, chip.is_mono)
