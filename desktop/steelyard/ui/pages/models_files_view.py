"""How the files of a repository are painted; as high as its rows, the page around it scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt, Signal, Slot

from steelyard.ui.pages.models_files import (
    BITS,
    FILE,
    FIT,
    NEED,
    NOTE,
    SIZE,
    TICK_SHARE,
    TOTAL,
    FileLine,
    FilesModel,
)
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_meter, draw_text
from steelyard.ui.widgets.table_view import LinePainter, LinesView

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

ROW_PX = 32
_HEADER_PX = 26
_FRAME_PX = 4
_WIDTHS = {FILE: 104, SIZE: 84, BITS: 92, FIT: 170, NEED: 124, TOTAL: 88}
_NARROW_BELOW_PX = 740
_NARROW_WIDTHS = {FILE: 96, SIZE: 80, FIT: 148, TOTAL: 80}
_NAME = Ink(12, 500, "text", is_mono=True)
_NUMBER = Ink(12, 400, "text2", is_tabular=True)
_MUTED = Ink(12, 400, "text3")


class FilesView(LinesView[FileLine]):
    """A table that never scrolls by itself."""

    row_chosen = Signal(str)
    """Another file is the current one; its name."""
    activated_by_key = Signal()
    """Enter was pressed on a file."""
    row_shown = Signal(QRect)
    """Where the current row is: the page around the table should show it."""

    def __init__(self, theme: Theme, model: FilesModel, name: str, *, has_fit: bool = True) -> None:
        super().__init__(theme, model, name, ROW_PX)
        self._has_fit = has_fit
        self._is_told = True
        self.setItemDelegate(LinePainter(theme, self, ROW_PX, _Cells(theme).draw))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.horizontalHeader()
        header.setSectionsClickable(False)
        header.setFixedHeight(_HEADER_PX)
        header.setVisible(has_fit)
        model.modelReset.connect(self._fit_height)
        self._fit_height()

    def choose(self, name: str) -> None:
        """Make a file the current one without telling anyone."""
        at = self._model.row_of(name)
        self._is_told = False
        self.setCurrentIndex(self._model.index(at, 0) if at >= 0 else QModelIndex())
        self._is_told = True

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tell which file it is."""
        super().currentChanged(current, previous)
        if current.isValid() and self._is_told and current.row() != previous.row():
            self.row_chosen.emit(self._model.lines[current.row()].file.name)
            self.row_shown.emit(self.visualRect(current).translated(0, _HEADER_PX))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter acts on the file; arrows move as in any table."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.activated_by_key.emit()
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The page scrolls."""
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The note takes what is left; a narrow table gives up what others tell, too."""
        super().resizeEvent(event)
        widths = _NARROW_WIDTHS if self.width() < _NARROW_BELOW_PX else _WIDTHS
        if not self._has_fit:
            widths = {FILE: max(160, self.width() // 2), SIZE: widths[SIZE]}
        self.give_widths(widths, rest=NOTE, least_px=60)

    @Slot()
    def _fit_height(self) -> None:
        header = _HEADER_PX if self._has_fit else 0
        self.setFixedHeight(header + ROW_PX * max(1, len(self._model.lines)) + _FRAME_PX)


class _Cells:
    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(self, painter: QPainter, area: QRectF, line: FileLine, column: int) -> None:
        """What stands in a cell."""
        area = area.adjusted(8, 0, -8, 0)
        theme = self._theme
        right = Qt.AlignmentFlag.AlignRight
        number = _MUTED if line.is_faint else _NUMBER
        match column:
            case 0:
                ink = Ink(12, 500, "text3", is_mono=True) if line.is_faint else _NAME
                draw_text(painter, theme, area.adjusted(4, 0, 0, 0), line.title, ink)
            case 1:
                draw_text(painter, theme, area, line.size, number, right)
            case 2:
                draw_text(painter, theme, area, line.bits, number, right)
            case 3 if line.fit is not None:
                draw_chip(painter, theme, area.left(), area.center().y(), line.fit, area.width())
            case 3:
                draw_text(painter, theme, area, DASH if line.is_priced else "reading…", _MUTED)
            case 4:
                self._draw_need(painter, area, line)
            case 5:
                draw_text(painter, theme, area, line.total, number, right)
            case 6 if line.chip is not None:
                draw_chip(painter, theme, area.left() + 4, area.center().y(), line.chip, area.width())
            case 6:
                draw_text(painter, theme, area.adjusted(4, 0, 0, 0), line.note, _MUTED)
            case _:
                return

    def _draw_need(self, painter: QPainter, area: QRectF, line: FileLine) -> None:
        if line.need_share is None:
            return
        bar = QRectF(area.left(), area.center().y() - 2, area.width(), 4)
        draw_meter(painter, self._theme, bar, line.need_share, line.need_tone)
        tick = QRectF(area.left() + area.width() * TICK_SHARE - 1, area.center().y() - 6, 2, 12)
        painter.fillRect(tick, self._theme.color("text"))
