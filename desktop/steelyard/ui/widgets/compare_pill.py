"""A small framed state with an icon: Warm, Cold start, Loading 34 %, Failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from steelyard.ui.widgets.compare_plain import plain_tooltip

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 21
_ICON_PX = 12
_PILL_GAP_PX = 6


@dataclass(frozen=True)
class PillState:
    """What a pill says; `tone` is good, info, warn, bad or neutral."""

    text: str
    tone: str = "neutral"
    icon: str = ""
    tooltip: str = ""
    short: str = ""
    """Says it where there is less room; where there is none the icon stands alone."""


class StatePill(QWidget):
    """Painted in the colours of its tone; hidden without a text."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._state = PillState("")
        self._text = ""
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
        self._text = state.text
        self.setToolTip(plain_tooltip(state.tooltip or state.text))
        self.setAccessibleName(f"State: {state.text}")
        self.setVisible(bool(state.text))
        self.updateGeometry()
        self.update()

    @property
    def texts(self) -> list[str]:
        """What it can say, from long to short; the last leaves the icon alone."""
        return [text for text in (self._state.text, self._state.short) if text] + [""]

    def set_text(self, text: str) -> None:
        """Say one of `texts`."""
        if text != self._text:
            self._text = text
            self.updateGeometry()
            self.update()

    def width_of(self, text: str) -> int:
        """How wide it is with a text."""
        icon = _ICON_PX + (4 if text else 0) if self._state.icon else 0
        return round(QFontMetricsF(self._font).horizontalAdvance(text) + 14 + icon) + 1

    def sizeHint(self) -> QSize:
        """As wide as the text."""
        return QSize(self.width_of(self._text), _HEIGHT_PX)

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
        text = QFontMetricsF(self._font).elidedText(self._text, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(x, 14.5), text)


class PillRow(QWidget):
    """Pills in one line, as long as there is room for them; hidden while there are none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._states: list[PillState] = []
        self._pills: list[StatePill] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_PILL_GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()

    @property
    def states(self) -> list[PillState]:
        """What is shown."""
        return self._states

    def show_states(self, states: list[PillState]) -> None:
        """Show these; pills that are there already are used again. `fit` them then."""
        self._states = states
        while len(self._pills) < len(states):
            self._pills.append(StatePill(self._theme))
            self._row.addWidget(self._pills[-1])
        for at, pill in enumerate(self._pills):
            pill.show_state(states[at] if at < len(states) else PillState(""))
        self.setVisible(bool(states))

    def fit(self, room_px: int) -> None:
        """Shorten the later ones first, in two rounds: to the shorter words, then to the icon alone."""
        texts = {pill: pill.texts for pill in self._pills[: len(self._states)]}
        gaps_px = _PILL_GAP_PX * (len(texts) - 1)
        for least in (2, 1):
            for pill in reversed(texts):
                is_wide = gaps_px + sum(each.width_of(left[0]) for each, left in texts.items()) > room_px
                if is_wide and len(texts[pill]) > least:
                    del texts[pill][:-least]
        for pill, left in texts.items():
            pill.set_text(left[0])
