"""One segment of the status strip: a mark, a label and a value, all painted, one click target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from steelyard.ui.widgets.labels import plain_tooltip
from steelyard.ui.widgets.vram_bar import paint_bar

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.vram_bar import Bar

_PAD = 6
_GAP = 6
_MODEL_GAP = 12
_MARK = 8
_BAR_PX = 120
_BAR_HEIGHT_PX = 14
_MAX_TEXT_PX = 190


@dataclass(frozen=True)
class Piece:
    """A part of a segment: `mark` is "dot", "square", "bar" or ""; text after it, colours are tokens."""

    text: str
    color: str = "text"
    mark: str = ""
    mark_color: str = ""
    weight: int = 400


class StripSegment(QAbstractButton):
    """Pieces in a row; a click opens the page that has more of it."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._pieces: list[Piece] = []
        self._bar: Bar | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def show_pieces(
        self, pieces: list[Piece], tooltip: str, *, spoken: str = "", bar: Bar | None = None
    ) -> None:
        """Show new content; the accessible name reads `spoken`, else the shown text, aloud."""
        self.setToolTip(plain_tooltip(tooltip))
        if pieces == self._pieces and bar == self._bar:
            return
        width = self.sizeHint().width()
        self._pieces, self._bar = pieces, bar
        self.setAccessibleName(f"{self._name}: {spoken or self.shown_text}")
        if (
            self.sizeHint().width() != width
        ):  # figures change each second: the window is not laid out for that
            self.updateGeometry()
        self.update()

    @property
    def shown_text(self) -> str:
        """What a reader sees."""
        return " ".join(piece.text for piece in self._pieces if piece.text)

    def sizeHint(self) -> QSize:
        """As wide as the pieces."""
        width = sum(self._gap_before(at) + self._width(piece) for at, piece in enumerate(self._pieces))
        return QSize(2 * _PAD + width, 24)

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Hover and focus, then piece by piece."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_frame(painter)
        x = _PAD
        for at, piece in enumerate(self._pieces):
            x += self._gap_before(at)
            self._paint_piece(painter, piece, x)
            x += self._width(piece)

    def _paint_frame(self, painter: QPainter) -> None:
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("raised"))
            painter.drawRoundedRect(self.rect(), 4, 4)
        if self.hasFocus():
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)

    def _paint_piece(self, painter: QPainter, piece: Piece, x: int) -> None:
        if piece.mark:
            self._paint_mark(painter, piece, x)
            x += self._mark_px(piece) + _GAP
        font = self._font(piece)
        painter.setFont(font)
        painter.setPen(self._theme.color(piece.color))
        text = QFontMetrics(font).elidedText(piece.text, Qt.TextElideMode.ElideMiddle, _MAX_TEXT_PX)
        painter.drawText(QRectF(x, 0, self.width() - x, self.height()), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_mark(self, painter: QPainter, piece: Piece, x: int) -> None:
        middle = self.height() / 2
        if piece.mark == "bar":
            if self._bar is not None:
                area = QRectF(x, middle - _BAR_HEIGHT_PX / 2, _BAR_PX, _BAR_HEIGHT_PX)
                paint_bar(painter, self._theme, area, self._bar)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(piece.mark_color))
        if piece.mark == "dot":
            painter.drawEllipse(QPointF(x + _MARK / 2, middle), _MARK / 2, _MARK / 2)
        else:
            painter.drawRoundedRect(QRectF(x, middle - _MARK / 2, _MARK, _MARK), 1.5, 1.5)

    def _font(self, piece: Piece) -> QFont:
        # Tabular digits spread the hyphens of names; only figures, which are heavier, need them.
        return self._theme.font(12, piece.weight, tabular=piece.weight >= 500)

    def _gap_before(self, at: int) -> int:
        if at == 0:
            return 0
        return _MODEL_GAP if self._pieces[at].mark == "square" and self._pieces[at].text else _GAP

    def _mark_px(self, piece: Piece) -> int:
        return _BAR_PX if piece.mark == "bar" else _MARK

    def _width(self, piece: Piece) -> int:
        text = min(_MAX_TEXT_PX, QFontMetrics(self._font(piece)).horizontalAdvance(piece.text))
        if not piece.mark:
            return text
        return self._mark_px(piece) + (_GAP + text if text else 0)
