"""How the chart of costs is painted: grid, band, lines, marks, words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from steelyard.ui.widgets.cost_format import tokens, usd_short
from steelyard.ui.widgets.cost_labels import LINE_PX, Labels
from steelyard.ui.widgets.cost_picture import value_at
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.cost_axis import LogAxis
    from steelyard.ui.widgets.cost_picture import CostPicture, Point

_AXIS = Ink(11, 400, "text3", is_tabular=True)
_NAME = 12
SELF, HYBRID, API, OTHER = "s1", "s2", "s4", "s3"
_DOT_PX, _SMALL_DOT_PX = 6.0, 4.0
_MOST_NAMED = 3
"""With more crossings only the last one is named; each has its dot."""


@dataclass(frozen=True)
class Frame:
    """Where the chart's values are."""

    area: QRectF
    x: LogAxis
    y: LogAxis

    def point(self, point: Point) -> QPointF:
        """The pixel of a pair of values."""
        return QPointF(self.x.at(point[0]), self.y.at(point[1]))


class ChartPainter:
    """Paints one picture; made anew for each painting."""

    def __init__(
        self, painter: QPainter, theme: Theme, frame: Frame, picture: CostPicture, name: str
    ) -> None:
        self._painter = painter
        self._theme = theme
        self._frame = frame
        self._picture = picture
        self._self_name = name
        self._labels = Labels(painter, theme, frame.area.adjusted(2, 2, -2, -2))

    def paint(self) -> None:
        """All of it, from the back to the front."""
        self._paint_grid()
        self._painter.save()
        self._painter.setClipRect(self._frame.area)
        self._paint_spans()
        self._paint_lines()
        self._paint_marks()
        self._painter.restore()
        self._paint_words()

    # ---- behind --------------------------------------------------------------------------------------------

    def _paint_grid(self) -> None:
        painter, theme, area = self._painter, self._theme, self._frame.area
        right, middle = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignHCenter
        for value in self._frame.y.decades():
            y = round(self._frame.y.at(value)) + 0.5
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            draw_text(painter, theme, QRectF(14, y - 9, area.left() - 22, 18), _usd_tick(value), _AXIS, right)
        for value in self._frame.x.decades():
            x = round(self._frame.x.at(value)) + 0.5
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            room = QRectF(max(0.0, x - 36), area.bottom() + 4, 72, 18)
            draw_text(painter, theme, room, tokens(value), _AXIS, middle)
        painter.setPen(QPen(theme.color("line2"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        below = QRectF(area.left(), area.bottom() + 22, area.width(), 18)
        draw_text(painter, theme, below, "Tokens per month (log scale)", _AXIS, middle)
        painter.save()
        painter.translate(8, area.center().y())
        painter.rotate(-90)
        beside = QRectF(-area.height() / 2, -9, area.height(), 18)
        draw_text(painter, theme, beside, "Cost per month, US$ (log scale)", _AXIS, middle)
        painter.restore()

    def _paint_spans(self) -> None:
        mark = self._picture.break_even
        if mark is not None and mark.low is not None and mark.high is not None:
            left, right = self._frame.x.at(mark.low), self._frame.x.at(mark.high)
            area = QRectF(left, self._frame.area.top(), max(2.0, right - left), self._frame.area.height())
            self._painter.fillRect(area, _faint(self._theme.color("accent_fill"), 40))
        if len(self._picture.band) > 1:
            upper = [self._frame.point((x, high)) for x, _, high in self._picture.band]
            lower = [self._frame.point((x, low)) for x, low, _ in reversed(self._picture.band)]
            self._painter.setPen(Qt.PenStyle.NoPen)
            self._painter.setBrush(_faint(self._theme.color(SELF), 56))
            self._painter.drawPolygon(QPolygonF([*upper, *lower]))

    # ---- lines ---------------------------------------------------------------------------------------------

    def _paint_lines(self) -> None:
        for line in self._picture.apis:
            if not line.is_chosen:
                self._line(line.points, OTHER, 2)
        dashed = Qt.PenStyle.DashLine
        self._line(self._picture.hybrid, HYBRID, 2, dashed)
        self._line(self._picture.self_points, SELF, 2.4)
        for line in self._picture.apis:
            if line.is_chosen:
                self._line(line.points, API, 2.2)

    def _line(
        self, points: Iterable[Point], tone: str, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine
    ) -> None:
        pen = QPen(self._theme.color(tone), width, style)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self._painter.setPen(pen)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawPolyline(QPolygonF([self._frame.point(point) for point in points]))

    def _upright(self, at: float, tone: str, style: Qt.PenStyle, top: float | None = None) -> None:
        x = self._frame.x.at(at)
        area = self._frame.area
        self._painter.setPen(QPen(self._theme.color(tone), 1.4, style))
        self._painter.drawLine(QPointF(x, area.top() if top is None else top), QPointF(x, area.bottom()))

    # ---- marks ---------------------------------------------------------------------------------------------

    def _paint_marks(self) -> None:
        picture = self._picture
        if picture.full is not None:
            height = value_at(picture.self_points, picture.full.at)
            top = self._frame.y.at(height) if height else None
            self._upright(picture.full.at, SELF, Qt.PenStyle.DotLine, top)
        if picture.break_even is not None:
            self._upright(picture.break_even.at, "accent", Qt.PenStyle.DashLine)
        if picture.volume is not None:
            if picture.volume.self_usd is not None:  # else it lies beside the chart, and only words tell it
                self._upright(picture.volume.at, "text", Qt.PenStyle.DashLine)
            self._dot(picture.volume.at, picture.volume.api_usd, API)
            self._dot(picture.volume.at, picture.volume.self_usd, SELF)
        for mark in picture.crossings:
            self._dot(mark.at, mark.usd, "accent_fill", _DOT_PX if mark.is_stable else _SMALL_DOT_PX)
        if picture.break_even is not None and not picture.crossings:
            self._dot(
                picture.break_even.at, value_at(picture.self_points, picture.break_even.at), "accent_fill"
            )

    def _dot(self, x: float, y: float | None, tone: str, radius_px: float = _DOT_PX) -> None:
        if y is None:
            return
        self._painter.setPen(QPen(self._theme.color("surface"), 2))
        self._painter.setBrush(self._theme.color(tone))
        self._painter.drawEllipse(self._frame.point((x, y)), radius_px, radius_px)

    # ---- words ---------------------------------------------------------------------------------------------

    def _paint_words(self) -> None:
        self._avoid_uprights()
        self._name_marks()
        self._name_lines()

    def _avoid_uprights(self) -> None:
        """Words stand beside the marks, not on them, where there is room."""
        area = self._frame.area
        for mark in (self._picture.break_even, self._picture.volume, self._picture.full):
            if mark is not None:
                self._labels.avoid(QRectF(self._frame.x.at(mark.at) - 1, area.top(), 2, area.height()))

        for mark in self._picture.crossings:
            at = self._frame.point((mark.at, mark.usd))
            self._labels.avoid(QRectF(at.x() - 8, at.y() - 8, 16, 16))

    def _name_marks(self) -> None:
        picture, area = self._picture, self._frame.area
        self._name_crossings()
        top = area.top() + 10
        if picture.break_even is not None:
            mark = picture.break_even
            lines = [(f"Break-even {tokens(mark.at)} tokens a month", Ink(_NAME, 600, "accent"))]
            if mark.low is not None and mark.high is not None:
                span = f"P10 to P90: {tokens(mark.low)} to {tokens(mark.high)}"
                lines.append((span, Ink(11, 400, "text2")))
            self._labels.beside(self._frame.x.at(mark.at), top, lines, at_right=False)
        if picture.volume is not None:
            lines = [(picture.volume.title, Ink(_NAME, 600, "text"))]
            small = (picture.volume.words, picture.volume.payback)
            lines += [(words, Ink(11, 400, "text2")) for words in small if words]
            self._labels.beside(self._frame.x.at(picture.volume.at), top, lines, at_right=True)
        bottom = area.bottom() - 8
        if picture.full is not None:
            self._name_full(picture.full.at, bottom)
        if picture.never is not None:
            tone = API if picture.never.is_chosen else OTHER
            lines = [(picture.never.title, Ink(_NAME, 600, tone)), (picture.never.why, Ink(11, 400, "text2"))]
            self._labels.corner(lines, bottom - LINE_PX - 6)

    def _name_crossings(self) -> None:
        """The one above which self-hosting stays cheaper first: it has the best place."""
        marks = sorted(self._picture.crossings, key=lambda mark: not mark.is_stable)
        ink = Ink(11, 500, "accent")
        for mark in marks if len(marks) <= _MOST_NAMED else marks[:1]:
            if mark.words:
                at, width = self._frame.point((mark.at, mark.usd)), width_of(mark.words, ink)
                rights = [(at.x() + 10, at.y() + below) for below in (16, -16, 34)]
                lefts = [(at.x() - 12 - width, at.y() + below) for below in (-14, -30, 16)]
                self._labels.near([*rights, *lefts], mark.words, ink)

    def _name_full(self, at: float, bottom: float) -> None:
        words = f"{tokens(at)}: {'one machine is' if self._is_one else 'the machines are'} full"
        x = self._frame.x.at(at)
        self._labels.beside(x, bottom - LINE_PX, [(words, Ink(11, 400, SELF))], at_right=True)

    @property
    def _is_one(self) -> bool:
        return not self._picture.rows or min(row.machines for row in self._picture.rows) == 1

    def _name_lines(self) -> None:
        self._name_line(self._self_name, self._picture.self_points, SELF, (0.02, 0.3), is_above=True)
        for line in self._picture.apis:
            tone = API if line.is_chosen else OTHER
            self._name_line(f"{line.name} API", line.points, tone, (0.1, 0.2, 0.3, 0.45, 0.6, 0.75))
        self._name_line("Hybrid", self._picture.hybrid, HYBRID, (0.62, 0.72, 0.82, 0.5), is_above=True)

    def _name_line(
        self,
        name: str,
        points: tuple[Point, ...],
        tone: str,
        shares: tuple[float, ...],
        *,
        is_above: bool = False,
    ) -> None:
        """At the first of these places along the axis where the line is in view and nothing else stands."""
        area = self._frame.area
        places: list[tuple[float, float]] = []
        for share in shares:
            x = area.left() + share * area.width()
            height = value_at(points, self._frame.x.value(x))
            if height is None or height <= 0:
                continue
            y = self._frame.y.at(height)
            places.append((x + 6, y - 16 if is_above else y + 16))
        self._labels.near(places, name, Ink(_NAME, 600, tone))


def _usd_tick(value: float) -> str:
    if value >= 1000:
        return f"${tokens(value)}"
    return usd_short(value) if value < 1 else f"${value:.0f}"


def _faint(color: QColor, alpha: int) -> QColor:
    color.setAlpha(alpha)
    return color
