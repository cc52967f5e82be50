"""The verdict on a steelyard: how much stays local, what is not allowed, and where the weight hangs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.decide_words import percent
from steelyard.ui.widgets.labels import plain_tooltip
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = 184
_SIDE_PX = 14
_SCALE_Y, _LIMIT_Y, _BAND_Y, _BAND_PX = 0, 22, 44, 46
_BEAM_Y, _BEAM_PX = 66, 5
_WEIGHT_Y, _WEIGHT_PX = 81, 34
_WEIGHT_TOP_PX, _WEIGHT_FOOT_PX = 36, 50
_ENDS_Y = 130
_SMALL = Ink(11, 400, "text3")
_LIMIT = Ink(12, 400, "text2")
_WORD = Ink(12, 600, "text", is_tabular=True)
_ON_WEIGHT = Ink(12, 600, "on_accent", is_tabular=True)
_NOTE = Ink(12, 400, "text3", is_tabular=True)
_RIGHT = Qt.AlignmentFlag.AlignRight
_CENTRE = Qt.AlignmentFlag.AlignHCenter


@dataclass(frozen=True)
class BeamEnd:
    """One end: everything there, what it costs, and why not."""

    name: str
    note: str


@dataclass(frozen=True)
class BeamState:
    """What is weighed. Shares of the tokens that stay local; None: not on this beam, or no limit."""

    api: BeamEnd
    own: BeamEnd
    share: float | None = None
    verdict: str = ""
    low: float | None = None
    high: float | None = None
    low_why: str = "privacy"
    high_why: str = "quality"
    cheaper: str = ""
    """`local`, `api` or empty."""

    @property
    def spoken(self) -> str:
        """The picture in words."""
        parts = [f"{self.verdict}, {percent(self.share)} local" if self.share is not None else self.verdict]
        if self.low:
            parts.append(f"{self.low_why}: at least {percent(self.low)} local")
        if self.high is not None and self.high < 1:
            parts.append(f"{self.high_why}: at most {percent(self.high)} local")
        parts += [f"{end.name}: {end.note}" for end in (self.api, self.own)]
        return ". ".join(part for part in parts if part)


class BalanceBeam(QWidget):
    """0 % local at the left, 100 % at the right; hatched is infeasible; the counterweight is the verdict."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.state = BeamState(BeamEnd("API only", ""), BeamEnd("Self-host only", ""))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Share of tokens kept local")
        theme.changed.connect(self.update)

    def show_state(self, state: BeamState) -> None:
        """Show another verdict."""
        self.state = state
        self.setAccessibleDescription(state.spoken)
        self.setToolTip(plain_tooltip(state.spoken.replace(". ", "\n")))
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(380, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(260, _HEIGHT_PX)

    def x_of(self, share: float) -> float:
        """Where a share stands."""
        return _SIDE_PX + min(1.0, max(0.0, share)) * (self.width() - 2 * _SIDE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Scale, limits, beam, weight, ends."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_scale(painter)
        self._paint_band(painter)
        self._paint_limits(painter)
        self._paint_beam(painter)
        self._paint_ends(painter)
        if self.state.share is not None:
            self._paint_weight(painter, self.state.share)
        elif self.state.verdict:
            area = QRectF(0, _WEIGHT_Y + 14, self.width(), 22)
            draw_text(painter, self._theme, area, self.state.verdict, _WORD, _CENTRE)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _paint_scale(self, painter: QPainter) -> None:
        row = QRectF(_SIDE_PX, _SCALE_Y, self.width() - 2 * _SIDE_PX, 18)
        draw_text(painter, self._theme, row, "0 % local", _SMALL)
        draw_text(painter, self._theme, row, "100 % local", _SMALL, _RIGHT)
        words = {"local": "cheaper →", "api": "← cheaper"}.get(self.state.cheaper, "")
        draw_text(painter, self._theme, row, words, _SMALL, _CENTRE)

    def _paint_band(self, painter: QPainter) -> None:
        low, high = self.state.low or 0.0, 1.0 if self.state.high is None else self.state.high
        if low < high or (low == high and 0 < low < 1):
            inside = QRectF(self.x_of(low), _BAND_Y, self.x_of(high) - self.x_of(low), _BAND_PX)
            painter.fillRect(inside, self._theme.color("good_soft"))
        self._hatch(painter, self.x_of(0), self.x_of(low))
        self._hatch(painter, self.x_of(max(low, high)), self.x_of(1))

    def _hatch(self, painter: QPainter, left: float, right: float) -> None:
        if right - left < 1:
            return
        area = QRectF(left, _BAND_Y, right - left, _BAND_PX)
        painter.save()
        painter.setClipRect(area)
        color = self._theme.color("bad")
        color.setAlphaF(0.45)
        painter.setPen(QPen(color, 1))
        x = left - _BAND_PX
        while x < right:
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x + _BAND_PX, area.top()))
            x += 6
        painter.restore()

    def _paint_limits(self, painter: QPainter) -> None:
        state = self.state
        texts: list[tuple[float, str]] = []
        if state.low:
            texts.append((self.x_of(state.low), f"{state.low_why}: at least {percent(state.low)}"))
        if state.high is not None and state.high < 1:
            texts.append((self.x_of(state.high), f"{state.high_why}: at most {percent(state.high)}"))
        painter.setPen(QPen(self._theme.color("bad"), 1.5))
        for x, _ in texts:
            painter.drawLine(QPointF(x, _BAND_Y - 6), QPointF(x, _BAND_Y + _BAND_PX))
        for area, text in zip(self._limit_places(texts), (text for _, text in texts), strict=True):
            draw_text(painter, self._theme, area, text, _LIMIT)

    def _limit_places(self, texts: list[tuple[float, str]]) -> list[QRectF]:
        """Around their lines, inside the widget, side by side where both stand close together."""
        most = self.width() - 4.0
        places: list[QRectF] = []
        for x, text in texts:
            width = min(width_of(text, _LIMIT) + 1, most)
            left = max(2.0, min(x - width / 2, most - width + 2))
            places.append(QRectF(left, _LIMIT_Y, width, 18))
        if len(places) == 2 and places[0].right() + 12 > places[1].left():
            over = places[0].right() + 12 - places[1].left()
            back = min(over, places[0].left() - 2)
            places[0].moveLeft(places[0].left() - back)
            ahead = min(over - back, max(0.0, most + 2 - places[1].right()))
            places[1].moveLeft(places[1].left() + ahead)
            places[0].setRight(min(places[0].right(), places[1].left() - 8))
        return places

    def _paint_beam(self, painter: QPainter) -> None:
        left, right = self.x_of(0), self.x_of(1)
        beam = QRectF(left - 3, _BEAM_Y - _BEAM_PX / 2, right - left + 6, _BEAM_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("text2"))
        painter.drawRoundedRect(beam, 2.5, 2.5)
        painter.setPen(QPen(self._theme.color("surface"), 1.5))
        for tenth in range(1, 10):
            x = self.x_of(tenth / 10)
            painter.drawLine(QPointF(x, beam.top() + 1), QPointF(x, beam.bottom() - 1))

    def _paint_weight(self, painter: QPainter, share: float) -> None:
        x = self.x_of(share)
        painter.setPen(QPen(self._theme.color("accent_fill"), 3))
        painter.drawLine(QPointF(x, _BEAM_Y - 7), QPointF(x, _WEIGHT_Y + 2))
        half = _WEIGHT_FOOT_PX / 2
        middle = max(half + 1, min(x, self.width() - half - 1))
        top, foot, end = _WEIGHT_TOP_PX / 2, half, _WEIGHT_Y + _WEIGHT_PX
        shape = QPolygonF(
            [
                QPointF(middle - top, _WEIGHT_Y),
                QPointF(middle + top, _WEIGHT_Y),
                QPointF(middle + foot, end - 2),
                QPointF(middle, end + 1),
                QPointF(middle - foot, end - 2),
            ]
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent_fill"))
        painter.drawPolygon(shape)
        area = QRectF(middle - half, _WEIGHT_Y, 2 * half, _WEIGHT_PX - 2)
        draw_text(painter, self._theme, area, percent(share), _ON_WEIGHT, _CENTRE)
        self._paint_verdict(painter, middle, half)

    def _paint_verdict(self, painter: QPainter, middle: float, half: float) -> None:
        """Beside the weight, at the side that has more room."""
        y, gap = _WEIGHT_Y + 8, 10
        room_left, room_right = middle - half - gap, self.width() - middle - half - gap
        if room_left >= room_right:
            draw_text(painter, self._theme, QRectF(0, y, room_left, 22), self.state.verdict, _WORD, _RIGHT)
        else:
            area = QRectF(middle + half + gap, y, room_right, 22)
            draw_text(painter, self._theme, area, self.state.verdict, _WORD)

    def _paint_ends(self, painter: QPainter) -> None:
        half = self.width() / 2 - _SIDE_PX - 8
        left = QRectF(_SIDE_PX, _ENDS_Y, half, 20)
        right = QRectF(self.width() - _SIDE_PX - half, _ENDS_Y, half, 20)
        draw_text(painter, self._theme, left, self.state.api.name, Ink(12, 600, "s4"))
        draw_text(painter, self._theme, right, self.state.own.name, Ink(12, 600, "s1"), _RIGHT)
        for area, end, align in (
            (left, self.state.api, Qt.AlignmentFlag.AlignLeft),
            (right, self.state.own, _RIGHT),
        ):
            draw_text(painter, self._theme, area.translated(0, 20), end.note, _NOTE, align)
