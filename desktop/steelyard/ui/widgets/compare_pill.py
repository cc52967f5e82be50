"""A small framed state with an icon: Warm, Cold start, Loading 34 %, Failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.compare_plain import plain_tooltip

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 21
_ICON_PX = 12


@dataclass(frozen=True)
class PillState:
    """What a pill says; `tone` is good, info, warn, bad or neutral."""

    text: str
    tone: str = "neutral"
    icon: str = ""
    tooltip: str = ""


class StatePill(QWidget):
    """Painted in the colours of its tone; hidden without a text."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = PillState("")
        self._font = theme.font(11, 500)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.hide()

    @property
    def state(self) -> PillState:
        """What is shown."""
        return self._state

    def show_state(self, state: PillState) -> None:
        """Show another state."""
        if state == self._state:
            return
        self._state = state
        self.setToolTip(plain_tooltip(state.tooltip or state.text))
        self.setAccessibleName(f"State: {state.text}")
        self.setVisible(bool(state.text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the text."""
        width = QFontMetricsF(self._font).horizontalAdvance(self._state.text) + 14
        return QSize(round(width + (_ICON_PX + 4 if self._state.icon else 0)) + 1, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame, icon, text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone = self._state.tone
        color = "text3" if tone == "neutral" else tone
        painter.setPen(QPen(self._theme.color("line2" if tone == "neutral" else tone), 1))
        painter.setBrush(self._theme.color("raised" if tone == "neutral" else f"{tone}_soft"))
        painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 4, 4)
        x = 7.0
        if self._state.icon:
            painter.drawPixmap(QPointF(x, 4.5), self._theme.pixmap(self._state.icon, color, _ICON_PX))
            x += _ICON_PX + 4
        painter.setFont(self._font)
        painter.setPen(self._theme.color("text2" if tone == "neutral" else tone))
        painter.drawText(QPointF(x, 14.5), self._state.text)
