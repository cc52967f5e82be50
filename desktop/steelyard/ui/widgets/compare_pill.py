"""A small framed state with an icon: Warm, Cold start, Loading 34 %, Failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.models_flow import FlowRow

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
        room = self.width() - x - 6
        text = QFontMetricsF(self._font).elidedText(self._state.text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(x, 14.5), text)


class PillRow(QWidget):
    """Pills in a row that goes on in the next line; hidden while there are none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._states: list[PillState] = []
        self._pills: list[StatePill] = []
        self._flow = FlowRow(6, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 2, 12, 8)
        column.addWidget(self._flow)
        self.hide()

    @property
    def states(self) -> list[PillState]:
        """What is shown."""
        return self._states

    def show_states(self, states: list[PillState]) -> None:
        """Show these; pills that are there already are used again."""
        if states == self._states:
            return
        self._states = states
        while len(self._pills) < len(states):
            self._pills.append(StatePill(self._theme))
            self._flow.add(self._pills[-1])
        for at, pill in enumerate(self._pills):
            pill.show_state(states[at] if at < len(states) else PillState(""))
        self._flow.arrange()
        self.setVisible(bool(states))
