"""The chart of costs over tokens: API, self-host and hybrid, with break-even, own volume and capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.cost_axis import LogAxis
from steelyard.ui.widgets.cost_chart_paint import ChartPainter, Frame
from steelyard.ui.widgets.cost_format import tokens, usd
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from steelyard.core.values.costs import CurveRow
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.cost_picture import CostPicture

_PAD = (64, 6, 14, 44)
_BOX = Ink(11, 400, "text2", is_tabular=True)
_BOX_HEAD = Ink(11, 600, "text")
_BOX_LINE_PX = 16
_WHY = "It needs what the machine costs, a mix and the price of an API."
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}


class CostChart(QWidget):
    """Logarithmic on both axes. Pointer or arrow keys read the figures of one volume."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.picture: CostPicture | None = None
        self._self_name = "Self-host"
        self._why = _WHY
        self._cursor = -1
        self._is_faint = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Cost per month over tokens per month")
        theme.changed.connect(self.update)

    def show_picture(self, picture: CostPicture | None, self_name: str, why: str = "") -> None:
        """Show other figures; `why` says why there are none."""
        self._why = why or _WHY
        self.picture = picture
        self._self_name = self_name
        self._cursor = min(self._cursor, len(picture.rows) - 1) if picture is not None else -1
        self.setAccessibleDescription(describe(picture) if picture is not None else "Nothing to show yet")
        self.update()

    def set_faint(self, *, is_faint: bool) -> None:
        """Dim what is no longer true."""
        if is_faint != self._is_faint:
            self._is_faint = is_faint
            self.update()

    @property
    def cursor_row(self) -> CurveRow | None:
        """The volume whose figures are shown in the box."""
        if self.picture is None or not 0 <= self._cursor < len(self.picture.rows):
            return None
        return self.picture.rows[self._cursor]

    def sizeHint(self) -> QSize:
        """Wide."""
        return QSize(720, 320)

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(360, 260)

    # ---- Qt ------------------------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the figures below the pointer."""
        frame = self._frame()
        if frame is None or self.picture is None or not frame.area.contains(event.position()):
            self._put_cursor(-1)
            return
        gaps = [abs(frame.x.at(row.tokens_month) - event.position().x()) for row in self.picture.rows]
        self._put_cursor(gaps.index(min(gaps)))

    def leaveEvent(self, event: QEvent) -> None:
        """No pointer, no box."""
        self._put_cursor(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move along the axis; Esc puts the box away."""
        key = Qt.Key(event.key())
        if self.picture is not None and key in _STEPS:
            last = len(self.picture.rows) - 1
            start = self._cursor if self._cursor >= 0 else last // 2
            self._put_cursor(max(0, min(last, start + _STEPS[key])))
        elif key == Qt.Key.Key_Escape and self._cursor >= 0:
            self._put_cursor(-1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that it is gone."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, the box of the cursor, the focus."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self._frame()
        if self.picture is None or frame is None:
            words = f"No chart yet. {self._why}"
            ink = Ink(12, 400, "text3")
            draw_text(painter, self._theme, QRectF(self.rect()), words, ink, Qt.AlignmentFlag.AlignHCenter)
            return
        painter.setOpacity(0.4 if self._is_faint else 1.0)
        ChartPainter(painter, self._theme, frame, self.picture, self._self_name).paint()
        row = self.cursor_row
        if row is not None:
            self._paint_cursor(painter, frame, row)
        if self.hasFocus():
            painter.setOpacity(1)
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 6, 6)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _frame(self) -> Frame | None:
        if self.picture is None:
            return None
        left, top, right, bottom = _PAD
        area = QRectF(self.rect()).adjusted(left, top, -right, -bottom)
        x = LogAxis(*self.picture.x_range, area.left(), area.right())
        return Frame(area, x, LogAxis(*self.picture.y_range, area.bottom(), area.top()))

    def _put_cursor(self, at: int) -> None:
        if at != self._cursor:
            self._cursor = at
            self.update()

    def _paint_cursor(self, painter: QPainter, frame: Frame, row: CurveRow) -> None:
        x = frame.x.at(row.tokens_month)
        painter.setPen(QPen(self._theme.color("text3"), 1))
        painter.drawLine(QPointF(x, frame.area.top()), QPointF(x, frame.area.bottom()))
        assert self.picture is not None
        head, *lines = cursor_lines(row, self.picture.api_name)
        inks = [(head, _BOX_HEAD), *((line, _BOX) for line in lines)]
        width = max(width_of(text, ink) for text, ink in inks) + 20
        left = x + 12 if x + 12 + width < frame.area.right() else x - 12 - width
        box = QRectF(left, frame.area.center().y() - 20, width, _BOX_LINE_PX * len(inks) + 12)
        painter.setPen(QPen(self._theme.color("line2"), 1))
        painter.setBrush(self._theme.color("raised"))
        painter.drawRoundedRect(box, 6, 6)
        for at, (text, ink) in enumerate(inks):
            place = QRectF(box.left() + 10, box.top() + 6 + at * _BOX_LINE_PX, width - 20, _BOX_LINE_PX)
            draw_text(painter, self._theme, place, text, ink)


def cursor_lines(row: CurveRow, api: str) -> list[str]:
    """The figures of one volume, line by line."""
    machines = "1 machine" if row.machines == 1 else f"{row.machines:,} machines"
    lines = [
        f"{tokens(row.tokens_month)} tokens a month",
        f"{api} {usd(row.api_usd)}",
        f"Self-host {usd(row.self_usd)}, {machines}",
    ]
    if row.hybrid_usd is not None:
        lines.append(f"Hybrid {usd(row.hybrid_usd)}")
    return lines


def describe(picture: CostPicture) -> str:
    """The chart in words."""
    parts: list[str] = []
    if picture.break_even is not None:
        parts.append(
            f"Break-even against {picture.api_name} at {tokens(picture.break_even.at)} tokens a month."
        )
    if picture.never is not None:
        parts.append(f"{picture.never.title}: {picture.never.why}.")
    if picture.volume is not None:
        parts.append(f"{picture.volume.title}: {picture.volume.words} {picture.volume.payback}.")
    if picture.full is not None:
        parts.append(f"Capacity {tokens(picture.full.at)} tokens a month.")
    parts += [f"Crossing at {mark.words}." for mark in picture.crossings if mark.words]
    parts.append("Arrow keys read single volumes.")
    return " ".join(parts)
