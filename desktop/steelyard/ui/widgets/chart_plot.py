"""One chart on the shared time axis: grid, lines, flags of events, a line under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame

from steelyard.ui.widgets.chart_layers import Cursor, Drawing, Marks
from steelyard.ui.widgets.chart_ticks import tick_text, time_ticks
from steelyard.ui.widgets.labels import name_widget, plain_tooltip

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.chart_layers import Flag, Level
    from steelyard.ui.widgets.chart_shapes import Shape

_AXIS_PX = 34
_TIME_PX = 20
_NO_TIME_PX = 7
_TICK_PX = 50
_MOST_TICKS = 9


class TimePlot(pg.GraphicsView):
    """Times are epoch seconds outside and seconds since `origin` inside, where doubles are exact enough."""

    pointed = Signal(object)
    """The time under the pointer, or None when it left."""
    stepped = Signal(int)
    """An arrow key asks for the moment before (-1) or after (1)."""

    def __init__(
        self, theme: Theme, name: str, origin: float, *, has_times: bool = True, has_letters: bool = False
    ) -> None:
        super().__init__()
        self._theme = theme
        self._origin = origin
        self._has_times = has_times
        self._span = (origin - 60.0, origin)
        self._ticks: list[float] = [0.0, 1.0]
        self._shown_times: list[tuple[float, str]] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 30)
        self.setMouseTracking(True)
        name_widget(self, name)
        self.setToolTip("")
        # Not a PlotItem: that makes a context menu with dozens of controls, which nobody sees here.
        self._box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
        self._box.disableAutoRange()
        self._left, self._bottom = pg.AxisItem("left"), pg.AxisItem("bottom")
        self._set_up_axes()
        self._drawing = Drawing(theme)
        self._marks = Marks(theme, origin, has_letters=has_letters)
        self._cursor = Cursor(theme, origin)
        for item in (self._drawing, self._marks, self._cursor):
            self._box.addItem(item, ignoreBounds=True)
        theme.changed.connect(self._show_colors)
        self._show_colors()
        self.set_top([0.0, 1.0])

    @property
    def chart_px(self) -> int:
        """How wide the lines may be."""
        return max(40, self.width() - _AXIS_PX)

    @property
    def top(self) -> float:
        """The value at the upper end."""
        return self._ticks[-1]

    @property
    def span(self) -> tuple[float, float]:
        """The times at both ends."""
        return self._span

    def set_span(self, since: float, until: float) -> None:
        """Show these times."""
        self._span = (since, until)
        self._box.setXRange(since - self._origin, until - self._origin, padding=0)
        self._show_times()

    def set_top(self, ticks: list[float]) -> None:
        """Show values from 0 to the last of these, with a line at each."""
        if ticks == self._ticks and self._drawing.ticks == ticks:
            return
        self._ticks = self._drawing.ticks = ticks
        self._box.setYRange(ticks[0], ticks[-1], padding=0)
        self._left.setTicks([[(value, tick_text(value)) for value in ticks]])

    @property
    def note(self) -> str:
        """What is said in the place of lines."""
        return self._drawing.note

    @property
    def shapes(self) -> list[Shape]:
        """What is drawn."""
        return self._drawing.shapes

    @property
    def flags(self) -> list[Flag]:
        """The events that are marked."""
        return self._marks.events

    def show_shapes(self, shapes: list[Shape], levels: list[Level], note: str = "") -> None:
        """Show other lines; `note` says why there are none."""
        if note != self._drawing.note:
            self._marks.setVisible(not note)  # flags in an empty chart would only cross its words
            self.setToolTip(plain_tooltip(note))
        self._drawing.shapes, self._drawing.levels, self._drawing.note = shapes, levels, note
        self._drawing.update()

    def show_flags(self, flags: list[Flag]) -> None:
        """Show other events."""
        if flags != self._marks.events:
            self._marks.events = flags
            self._marks.update()

    def show_cursor(self, at: float | None, *, with_time: bool) -> None:
        """Show the line under the pointer, or none."""
        if (at, with_time) != (self._cursor.at, self._cursor.with_time):
            self._cursor.at, self._cursor.with_time = at, with_time
            self._cursor.update()

    def _set_up_axes(self) -> None:
        left, bottom = self._left, self._bottom
        holder = pg.GraphicsLayout()
        holder.setSpacing(0)
        holder.setContentsMargins(0, 4, 0, 0)
        holder.addItem(left, 0, 0)
        holder.addItem(self._box, 0, 1)
        holder.addItem(bottom, 1, 1)
        self.setCentralItem(holder)
        left.linkToView(self._box)
        bottom.linkToView(self._box)
        left.setWidth(_AXIS_PX)
        left.setStyle(tickLength=0, tickTextOffset=6, autoExpandTextSpace=False, tickAlpha=0)
        left.setStyle(tickFont=self._theme.font(11, tabular=True))
        bottom.setStyle(tickLength=0, tickTextOffset=4, autoExpandTextSpace=False, tickAlpha=0)
        bottom.setStyle(tickFont=self._theme.font(11, tabular=True), hideOverlappingLabels=True)
        bottom.setHeight(_TIME_PX if self._has_times else _NO_TIME_PX)
        bottom.setStyle(showValues=self._has_times)

    def _show_times(self) -> None:
        if not self._has_times:
            return
        since, until = self._span
        ticks = time_ticks(since, until, min(_MOST_TICKS, max(2, self.chart_px // _TICK_PX)))
        if ticks != self._shown_times:
            self._shown_times = ticks
            self._bottom.setTicks([[(at - self._origin, text) for at, text in ticks]])

    def _show_colors(self) -> None:
        self.setBackground(self._theme.color("surface"))
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(None))
            axis.setTextPen(self._theme.color("text3"))
        self.viewport().update()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def resizeEvent(self, ev: QResizeEvent) -> None:
        """Another width has room for other times."""
        super().resizeEvent(ev)
        if hasattr(self, "_cursor"):  # the base class resizes before it is made
            self._show_times()

    def wheelEvent(self, ev: QWheelEvent) -> None:
        """The wheel belongs to the page."""
        ev.ignore()

    def mousePressEvent(self, ev: QMouseEvent) -> None:
        """A click puts the keyboard here."""
        self.setFocus()

    def mouseMoveEvent(self, ev: QMouseEvent) -> None:
        """Say which time is under the pointer."""
        at = self._box.mapSceneToView(self.mapToScene(ev.position().toPoint())).x() + self._origin
        since, until = self._span
        self.pointed.emit(at if since <= at <= until else None)

    def leaveEvent(self, ev: QEvent) -> None:
        """Nothing is under the pointer."""
        self.pointed.emit(None)

    def keyPressEvent(self, ev: QKeyEvent) -> None:
        """Left and right walk through the moments, Escape ends that."""
        match ev.key():
            case Qt.Key.Key_Left:
                self.stepped.emit(-1)
            case Qt.Key.Key_Right:
                self.stepped.emit(1)
            case Qt.Key.Key_Escape if self._cursor.at is not None:
                self.pointed.emit(None)
            case _:
                ev.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring appears."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Ring and line disappear."""
        super().focusOutEvent(event)
        self.viewport().update()
        self.pointed.emit(None)

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """The ring of the focus."""
        if self.hasFocus():
            painter.save()
            painter.resetTransform()
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(1, 1, -1, -1), 4, 4)
            painter.restore()
