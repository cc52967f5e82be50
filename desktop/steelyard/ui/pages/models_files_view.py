"""How the files of a repository are painted; as high as its rows, the page around it scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from steelyard.ui.pages.models_files import (
    BITS,
    FILE,
    FILE_ROLE,
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
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import (
    Ink,
    draw_chip,
    draw_meter,
    draw_row_frame,
    draw_text,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

ROW_PX = 32
_HEADER_PX = 26
_FRAME_PX = 4
_WIDTHS = {FILE: 104, SIZE: 84, BITS: 92, FIT: 170, NEED: 124, TOTAL: 88}
_NARROW_BELOW_PX = 740
_NARROW_HIDDEN = (BITS, NEED)
_NARROW_WIDTHS = {FILE: 96, SIZE: 80, FIT: 148, TOTAL: 80}
_NAME = Ink(12, 500, "text", is_mono=True)
_NUMBER = Ink(12, 400, "text2", is_tabular=True)
_MUTED = Ink(12, 400, "text3")


class FilesView(QTableView):
    """A table that never scrolls by itself."""

    row_chosen = Signal(str)
    """Another file is the current one; its name."""
    activated_by_key = Signal()
    """Enter was pressed on a file."""
    row_shown = Signal(QRect)
    """Where the current row is: the page around the table should show it."""

    def __init__(self, theme: Theme, model: FilesModel, name: str, *, has_fit: bool = True) -> None:
        super().__init__()
        self._theme = theme
        self._files = model
        self._has_fit = has_fit
        self._is_told = True
        self.setModel(model)
        self.setItemDelegate(_Painter(theme, self, has_fit=has_fit))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFixedHeight(_HEADER_PX)
        header.setVisible(has_fit)
        name_widget(self, name)
        self.setToolTip("")
        model.modelReset.connect(self._fit_height)
        theme.changed.connect(self.viewport().update)
        self._fit_height()

    def choose(self, name: str) -> None:
        """Make a file the current one without telling anyone."""
        at = self._files.row_of(name)
        self._is_told = False
        self.setCurrentIndex(self._files.index(at, 0) if at >= 0 else QModelIndex())
        self._is_told = True

    @property
    def current_line(self) -> FileLine | None:
        """The file that is the current one."""
        index = self.currentIndex()
        return self._files.lines[index.row()] if index.isValid() else None

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tell which file it is."""
        super().currentChanged(current, previous)
        if current.isValid() and self._is_told and current.row() != previous.row():
            self.row_chosen.emit(self._files.lines[current.row()].file.name)
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
        is_narrow = self.width() < _NARROW_BELOW_PX
        left = self.viewport().width()
        for column in range(NOTE):
            is_hidden = (is_narrow and column in _NARROW_HIDDEN) or not self._has_fit
            self.setColumnHidden(column, is_hidden and column not in {FILE, SIZE})
            if self.isColumnHidden(column):
                continue
            width = (_NARROW_WIDTHS if is_narrow else _WIDTHS).get(column, 0)
            if column == FILE and not self._has_fit:
                width = max(160, self.width() // 2)
            self.setColumnWidth(column, width)
            left -= width
        self.setColumnWidth(NOTE, max(60, left))

    @Slot()
    def _fit_height(self) -> None:
        header = _HEADER_PX if self._has_fit else 0
        self.setFixedHeight(header + ROW_PX * max(1, len(self._files.lines)) + _FRAME_PX)


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget, *, has_fit: bool) -> None:
        super().__init__(parent)
        self._theme = theme
        self._has_fit = has_fit

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(60, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        line: FileLine = index.data(FILE_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        has_mark = index.column() == FILE
        draw_row_frame(painter, self._theme, area, is_chosen=is_chosen, has_mark=has_mark)
        self._paint_cell(painter, area.adjusted(8, 0, -8, 0), line, index.column())
        painter.restore()

    def _paint_cell(self, painter: QPainter, area: QRectF, line: FileLine, column: int) -> None:
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
                self._paint_need(painter, area, line)
            case 5:
                draw_text(painter, theme, area, line.total, number, right)
            case 6 if line.chip is not None:
                draw_chip(painter, theme, area.left() + 4, area.center().y(), line.chip, area.width())
            case 6:
                draw_text(painter, theme, area.adjusted(4, 0, 0, 0), line.note, _MUTED)
            case _:
                return

    def _paint_need(self, painter: QPainter, area: QRectF, line: FileLine) -> None:
        if line.need_share is None:
            return
        bar = QRectF(area.left(), area.center().y() - 2, area.width(), 4)
        draw_meter(painter, self._theme, bar, line.need_share, line.need_tone)
        tick = QRectF(area.left() + area.width() * TICK_SHARE - 1, area.center().y() - 6, 2, 12)
        painter.fillRect(tick, self._theme.color("text"))
