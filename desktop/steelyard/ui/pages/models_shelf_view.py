"""How the shelf is painted: one table for thousands of rows, no widget in any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
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

from steelyard.ui.pages.models_shelf import (
    CONTEXT,
    NAME,
    PARAMETERS,
    PROOF,
    QUANT,
    SHELF_ROLE,
    SIZE,
    SOURCE,
    ShelfLine,
    ShelfModel,
    cell_text,
    proof_chip,
)
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_row_frame, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from steelyard.ui.theme.theme import Theme

ROW_PX = 34
_WIDTHS = {QUANT: 84, PARAMETERS: 88, CONTEXT: 72, SIZE: 86, SOURCE: 140, PROOF: 140}
_NARROW_BELOW_PX = 760
_NARROWER_BELOW_PX = 620
_NAME = Ink(13, 500, "text")
_MONO = Ink(11, 400, "text2", is_mono=True)
_NUMBER = Ink(12, 400, "text2", is_tabular=True)
_MUTED = Ink(12, 400, "text3")
_HEADING = Ink(12, 600, "text3")


class ShelfView(QTableView):
    """Rows under headings; a column's title sorts."""

    line_chosen = Signal(object)
    """The `ShelfLine` that is the current one, or None."""
    entered = Signal()
    """Enter was pressed on a row."""
    removal_wanted = Signal()
    """Delete was pressed on a row."""
    sort_wanted = Signal(int)
    """A column's title was clicked."""

    def __init__(self, theme: Theme, model: ShelfModel) -> None:
        super().__init__()
        self._shelf = model
        self._key = ""
        self._scrolled_to = 0
        self.setModel(model)
        self.setItemDelegate(_Painter(theme, self))
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFixedHeight(28)
        name_widget(self, "Weights on this machine")
        self.setToolTip("")
        header.sectionClicked.connect(self.sort_wanted)
        model.modelAboutToBeReset.connect(self._on_resetting)
        model.modelReset.connect(self._on_reset)
        theme.changed.connect(self.viewport().update)

    @property
    def current_line(self) -> ShelfLine | None:
        """The row that is the current one."""
        index = self.currentIndex()
        return self._shelf.lines[index.row()] if index.isValid() else None

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tell which row it is."""
        super().currentChanged(current, previous)
        if current.isValid() and current.row() < len(self._shelf.lines):
            line = self._shelf.lines[current.row()]
            self._key = line.key
            self.line_chosen.emit(line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down pass over headings."""
        at = self.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Down:
                self.go(self._next(at, 1))
            case Qt.Key.Key_Up:
                self.go(self._next(at, -1))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.entered.emit()
            case Qt.Key.Key_Delete:
                self.removal_wanted.emit()
            case _:
                super().keyPressEvent(event)

    def go_first(self) -> None:
        """Make the first row the current one."""
        self.go(self._next(-1, 1))

    def go(self, at: int) -> None:
        """Make a row the current one."""
        if at >= 0:
            self.setCurrentIndex(self._shelf.index(at, NAME))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name takes what is left; a narrow table gives up what the details tell, too."""
        super().resizeEvent(event)
        hidden: set[int] = set()
        if self.width() < _NARROW_BELOW_PX:
            hidden |= {CONTEXT, PARAMETERS}
        if self.width() < _NARROWER_BELOW_PX:
            hidden |= {SOURCE}
        left = self.viewport().width()
        for column, width in _WIDTHS.items():
            self.setColumnHidden(column, column in hidden)
            if column not in hidden:
                self.setColumnWidth(column, width)
                left -= width
        self.setColumnWidth(NAME, max(140, left))

    def _next(self, at: int, step: int) -> int:
        at += step
        while 0 <= at < len(self._shelf.lines):
            if not self._shelf.lines[at].is_heading:
                return at
            at += step
        return -1

    @Slot()
    def _on_resetting(self) -> None:
        self._scrolled_to = self.verticalScrollBar().value()

    @Slot()
    def _on_reset(self) -> None:
        """Headings and unusable files have no columns; the same row stays chosen, the view where it was."""
        self.clearSpans()
        for at, line in enumerate(self._shelf.lines):
            if line.weights is None:
                self.setSpan(at, QUANT, 1, PROOF - QUANT + 1)
        at = self._shelf.row_of(self._key)
        if at >= 0:
            self.go(at)
            self.verticalScrollBar().setValue(self._scrolled_to)
        else:
            self._key = ""
            self.line_chosen.emit(None)


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(60, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        line: ShelfLine = index.data(SHELF_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        column = index.column()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        draw_row_frame(painter, self._theme, area, is_chosen=is_chosen, has_mark=column == NAME)
        inner = area.adjusted(12 if column == NAME else 8, 0, -8, 0)
        if line.is_heading:
            draw_text(painter, self._theme, inner, cell_text(line, column), _HEADING)
        elif line.unusable is not None:
            draw_text(
                painter, self._theme, inner, cell_text(line, column), _NAME if column == NAME else _MUTED
            )
        else:
            self._paint_weights(painter, inner, line, column)
        painter.restore()

    def _paint_weights(self, painter: QPainter, area: QRectF, line: ShelfLine, column: int) -> None:
        theme, text = self._theme, cell_text(line, column)
        if column == NAME:
            draw_text(painter, theme, area, text, _NAME)
        elif column == QUANT:
            draw_text(painter, theme, area, text, _MONO)
        elif column == SOURCE:
            draw_text(painter, theme, area, text, _MUTED)
        elif column == PROOF and line.weights is not None:
            draw_chip(painter, theme, area.left(), area.center().y(), proof_chip(line.weights), area.width())
        else:
            draw_text(painter, theme, area, text or "—", _NUMBER, Qt.AlignmentFlag.AlignRight)
