"""The legend of a chart: what each line is, and its value now or under the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.labels import plain_tooltip
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_MARK_PX = 8
_GAP_PX = 4
_BETWEEN_PX = 11
_SLACK_PX = 8
"""Figures change each second: the page is not laid out anew for a digit."""
_LABEL = Ink(11, 400, "text2")
_VALUE = Ink(11, 600, "text", is_tabular=True)


@dataclass(frozen=True)
class Entry:
    """One line of a chart: `color` is a token."""

    label: str
    value: str
    color: str
    tooltip: str = ""


class Legend(QWidget):
    """Entries at the right end; labels are cut where there is no room, values never."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._entries: list[Entry] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def text(self) -> str:
        """What a reader sees."""
        return ", ".join(f"{entry.label} {entry.value}" for entry in self._entries)

    def show_entries(self, entries: list[Entry]) -> None:
        """Show other values."""
        if entries == self._entries:
            return
        width = self.minimumSizeHint().width()
        self._entries = entries
        self.setAccessibleName(f"{self._name}: {self.text}")
        lines = [f"{entry.label}: {entry.value}  {entry.tooltip}".rstrip() for entry in entries]
        self.setToolTip(plain_tooltip("\n".join(lines)))
        if abs(self.minimumSizeHint().width() - width) > _SLACK_PX:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As much as there is."""
        return QSize(120, 18)

    def minimumSizeHint(self) -> QSize:
        """Values alone."""
        return QSize(int(self._values_px()) + _SLACK_PX, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """From the left of the first entry."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fixed = self._values_px()
        wanted = [width_of(entry.label, _LABEL) for entry in self._entries]
        given = _shares(wanted, self.width() - fixed)
        x = max(0.0, self.width() - fixed - sum(given))
        for entry, label_px in zip(self._entries, given, strict=True):
            x = self._paint_entry(painter, entry, x, label_px) + _BETWEEN_PX

    def _values_px(self) -> float:
        marks = sum(_MARK_PX + 2 * _GAP_PX + width_of(entry.value, _VALUE) for entry in self._entries)
        return marks + _BETWEEN_PX * max(0, len(self._entries) - 1)

    def _paint_entry(self, painter: QPainter, entry: Entry, x: float, label_px: float) -> float:
        middle = self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(entry.color))
        painter.drawRoundedRect(QRectF(x, middle - _MARK_PX / 2, _MARK_PX, _MARK_PX), 1.5, 1.5)
        x += _MARK_PX + _GAP_PX
        if label_px > 0:
            area = QRectF(x, 0, label_px + 0.5, self.height())
            draw_text(painter, self._theme, area, entry.label, _LABEL)
        x += label_px + _GAP_PX
        value_px = width_of(entry.value, _VALUE)
        draw_text(painter, self._theme, QRectF(x, 0, value_px + 1, self.height()), entry.value, _VALUE)
        return x + value_px


def _shares(wanted: list[float], room: float) -> list[float]:
    """How much each label gets: the longest give way first, so that short words stay whole."""
    given = [0.0] * len(wanted)
    left = max(0.0, room)
    for place, at in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        given[at] = min(wanted[at], left / (len(wanted) - place))
        left -= given[at]
    return given
