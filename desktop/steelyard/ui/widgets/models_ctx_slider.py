"""The context slider: logarithmic, in steps of 256 tokens, its track coloured to where the verdict flips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QSlider

from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of
from steelyard.ui.widgets.models_text import context

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

STEP_TOKENS = 256
LEAST_TOKENS = 2048
_HEIGHT_PX = 58
_TRACK_Y = 32
_TRACK_PX = 4
_EDGE = 10
_KNOB = 8
_KEY_STEPS = 48
"""So many key presses lead from one end to the other, if each is at least one step."""
_TEXT = Ink(11, 400, "text3", is_tabular=True)


class CtxSlider(QSlider):
    """A slider whose value counts steps of 256 tokens; `tokens` is what the user reads."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._theme = theme
        self._flip: int | None = None
        self._left_text = ""
        self._right_text = ""
        self._left_color = "good"
        self._right_color = "warn"
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        name_widget(
            self, "Context length", "Context length: arrow keys move, Page Up and Down double and halve"
        )
        self.set_most(LEAST_TOKENS * 16)
        theme.changed.connect(self.update)

    @property
    def tokens(self) -> int:
        """The chosen context."""
        return self.value() * STEP_TOKENS

    @property
    def most_tokens(self) -> int:
        """The longest context that can be chosen."""
        return self.maximum() * STEP_TOKENS

    def set_most(self, tokens: int) -> None:
        """Set the longest context, that of the model."""
        most = max(2, tokens // STEP_TOKENS)
        self.setRange(min(LEAST_TOKENS // STEP_TOKENS, most - 1), most)
        self.update()

    def set_tokens(self, tokens: int) -> None:
        """Choose; whoever listens to `valueChanged` hears it."""
        self.setValue(round(tokens / STEP_TOKENS))

    def show_flip(
        self, tokens: int | None, left: tuple[str, str] = ("", "good"), right: tuple[str, str] = ("", "warn")
    ) -> None:
        """Colour the track: up to `tokens` one verdict, behind it another; each is a text and a colour."""
        self._flip = tokens
        self._left_text, self._left_color = left
        self._right_text, self._right_color = right
        self.setAccessibleDescription(", ".join(text for text in (left[0], right[0]) if text))
        self.update()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room for the texts above and below the track."""
        return QSize(360, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Still usable."""
        return QSize(160, _HEIGHT_PX)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys move by shares of the way, as the scale is logarithmic."""
        match event.key():
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self._step(1)
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self._step(-1)
            case Qt.Key.Key_PageUp:
                self.setValue(self.value() * 2)
            case Qt.Key.Key_PageDown:
                self.setValue(self.value() // 2)
            case _:
                super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where the user points."""
        self.setSliderDown(True)
        self._point(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._point(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls the page; it must not change what is priced."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, flip, knob, marks."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_track(painter)
        self._paint_marks(painter)
        at = QPointF(self._x_of(self.value()), _TRACK_Y)
        painter.setPen(QPen(self._theme.color("raised"), 3))
        painter.setBrush(self._theme.color("accent_fill"))
        painter.drawEllipse(at, _KNOB, _KNOB)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, _KNOB + 1.5, _KNOB + 1.5)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _step(self, sign: int) -> None:
        share = self._share(self.value()) + sign / _KEY_STEPS
        wanted = self._value_at(share)
        if wanted == self.value():
            wanted += sign
        self.setValue(wanted)

    def _point(self, x: float) -> None:
        self.setValue(self._value_at((x - _EDGE) / max(1, self.width() - 2 * _EDGE)))

    def _share(self, value: float) -> float:
        low, high = math.log(self.minimum() or 1), math.log(self.maximum())
        return (math.log(max(1, value)) - low) / (high - low)

    def _value_at(self, share: float) -> int:
        low, high = math.log(self.minimum() or 1), math.log(self.maximum())
        return round(math.exp(low + min(1.0, max(0.0, share)) * (high - low)))

    def _x_of(self, value: float) -> float:
        share = min(1.0, max(0.0, self._share(value)))
        return _EDGE + share * (self.width() - 2 * _EDGE)

    def _paint_track(self, painter: QPainter) -> None:
        theme = self._theme
        left, right = float(_EDGE), float(self.width() - _EDGE)
        flip = left if self._flip is None else self._x_of(self._flip / STEP_TOKENS)
        top = _TRACK_Y - _TRACK_PX / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._right_color))
        painter.drawRoundedRect(QRectF(left, top, right - left, _TRACK_PX), 2, 2)
        if flip > left:
            painter.setBrush(theme.color(self._left_color))
            painter.drawRoundedRect(QRectF(left, top, flip - left, _TRACK_PX), 2, 2)
        if left < flip < right:
            painter.fillRect(QRectF(flip - 1, _TRACK_Y - 8, 2, 16), theme.color("text"))
        self._paint_flip_texts(painter, flip)

    def _paint_flip_texts(self, painter: QPainter, flip: float) -> None:
        theme = self._theme
        left_ink = Ink(11, 500, self._left_color)
        right_ink = Ink(11, 500, self._right_color)
        left_px = width_of(self._left_text, left_ink)
        right_px = width_of(self._right_text, right_ink)
        # The two texts meet at the flip, unless an end is too near.
        start = max(0.0, flip - 6 - left_px)
        after = max(start + left_px + 12, flip + 6) if self._left_text else max(0.0, flip + 6)
        if after + right_px > self.width():
            after = self.width() - right_px
            start = max(0.0, min(start, after - 12 - left_px))
        draw_text(painter, theme, QRectF(start, 2, self.width() - start, 16), self._left_text, left_ink)
        if after >= start + left_px or not self._left_text:
            draw_text(painter, theme, QRectF(after, 2, self.width() - after, 16), self._right_text, right_ink)

    def _paint_marks(self, painter: QPainter) -> None:
        tokens = 1 << max(11, (self.minimum() * STEP_TOKENS).bit_length() - 1)
        marks = []
        while tokens < self.most_tokens:
            marks.append(tokens)
            tokens *= 2
        if marks and self._x_of(self.maximum()) - self._x_of(marks[-1] / STEP_TOKENS) < 34:
            marks.pop()
        for mark in [*marks, self.most_tokens]:
            text = context(mark)
            middle = self._x_of(mark / STEP_TOKENS)
            width = width_of(text, _TEXT)
            x = min(max(0.0, middle - width / 2), self.width() - width)
            draw_text(painter, self._theme, QRectF(x, 42, width + 2, 16), text, _TEXT)
