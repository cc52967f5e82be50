"""Buttons whose text has parts of different weight and colour, such as a label and its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.ui.theme.theme import Theme

_ICON_PX = 16
_GAP_PX = 7


@dataclass(frozen=True)
class Part:
    """A piece of a button's text; the colour is a token."""

    text: str
    color: str = "text"
    weight: int = 500
    px: int = 12


class PartsButton(QPushButton):
    """The style sheet paints the button, this paints icon and parts in it."""

    def __init__(self, theme: Theme, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = ""
        self._icon_color = "text2"
        self._parts: list[Part] = []
        self._pad = 12
        self.setProperty("role", role)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_parts(self, parts: list[Part], *, icon: str = "", icon_color: str = "text2") -> None:
        """Show other content."""
        if (parts, icon, icon_color) == (self._parts, self._icon_name, self._icon_color):
            return
        self._parts, self._icon_name, self._icon_color = parts, icon, icon_color
        self.updateGeometry()
        self.update()

    @property
    def shown_text(self) -> str:
        """What a reader sees."""
        return " ".join(part.text for part in self._parts)

    def sizeHint(self) -> QSize:
        """As wide as the parts."""
        width = sum(QFontMetricsF(self._font(part)).horizontalAdvance(part.text) for part in self._parts)
        width += _GAP_PX * max(0, len(self._parts) - 1) + 2 * self._pad
        width += _ICON_PX + _GAP_PX if self._icon_name else 0
        return QSize(round(width) + 2, 28 if str(self.property("role")).startswith("chip") else 32)

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Background by the style, content by hand."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""  # type: ignore[misc]
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter = QPainter(self)
        x = float(self._pad + 1)
        middle = self.height() / 2
        if self._icon_name:
            color = self._icon_color if self.isEnabled() else "ctl"
            pixmap = self._theme.pixmap(self._icon_name, color, _ICON_PX)
            painter.drawPixmap(QPointF(x, middle - _ICON_PX / 2), pixmap)
            x += _ICON_PX + _GAP_PX
        for part in self._parts:
            font = self._font(part)
            metrics = QFontMetricsF(font)
            painter.setFont(font)
            painter.setPen(self._theme.color(part.color if self.isEnabled() else "ctl"))
            baseline = middle + (metrics.capHeight() / 2)
            painter.drawText(QPointF(x, round(baseline)), part.text)
            x += metrics.horizontalAdvance(part.text) + _GAP_PX

    def _font(self, part: Part) -> QFont:
        return self._theme.font(part.px, part.weight)
