"""Tables that are painted cell by cell: no widget in any row, no grid, one row chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Slot
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

from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import draw_row_frame
from steelyard.ui.widgets.table_lines import LINE_ROLE, Line, LinesModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from steelyard.ui.theme.theme import Theme

_HEADER_PX = 28


def make_quiet(table: QTableView, row_px: int) -> None:
    """Rows without a grid, one of which is chosen; Tab leaves the table, and columns never scroll."""
    table.setShowGrid(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.setCornerButtonEnabled(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.verticalHeader().setDefaultSectionSize(row_px)
    table.horizontalHeader().setHighlightSections(False)


class LinesView(QTableView, Generic[Line]):
    """The lines of a model, painted by its delegate."""

    def __init__(self, theme: Theme, model: LinesModel[Line], name: str, row_px: int) -> None:
        super().__init__()
        self._model = model
        self.setModel(model)
        make_quiet(self, row_px)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setFixedHeight(_HEADER_PX)
        name_widget(self, name)
        self.setToolTip("")
        theme.changed.connect(self.viewport().update)

    @property
    def current_line(self) -> Line | None:
        """The line that is the current one."""
        return self.line_at(self.currentIndex())

    def line_at(self, index: QModelIndex | QPersistentModelIndex) -> Line | None:
        """The line of a place in the table; None where there is none."""
        lines = self._model.lines
        return lines[index.row()] if index.isValid() and index.row() < len(lines) else None

    def give_widths(self, widths: Mapping[int, int], rest: int, least_px: int) -> None:
        """Columns by their widths, px; one takes what is left, the others are hidden."""
        left = self.viewport().width()
        for column in range(self._model.columnCount()):
            if column == rest:
                continue
            self.setColumnHidden(column, column not in widths)
            if column in widths:
                self.setColumnWidth(column, widths[column])
                left -= widths[column]
        self.setColumnWidth(rest, max(least_px, left))


class KeepingView(LinesView[Line]):
    """Scrolls; the same line stays chosen and the view where it was when other lines come."""

    def __init__(self, theme: Theme, model: LinesModel[Line], name: str, row_px: int) -> None:
        super().__init__(theme, model, name, row_px)
        self._key = ""
        self._scrolled_to = 0
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        model.modelAboutToBeReset.connect(self._on_resetting)
        model.modelReset.connect(self._on_reset)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Keep which line it is: rows move as others come and go."""
        super().currentChanged(current, previous)
        line = self.line_at(current)
        if line is not None:
            self._key = self._model.key_of(line)

    @Slot()
    def _on_resetting(self) -> None:
        self._scrolled_to = self.verticalScrollBar().value()

    @Slot()
    def _on_reset(self) -> None:
        at = self._model.row_of(self._key)
        if at >= 0:
            self.setCurrentIndex(self._model.index(at, 0))
            self.verticalScrollBar().setValue(self._scrolled_to)


class LinePainter(QStyledItemDelegate, Generic[Line]):
    """Background, lower line and mark of a row; `draw_cell` adds what stands in a cell of it."""

    def __init__(
        self,
        theme: Theme,
        parent: QWidget,
        row_px: int,
        draw_cell: Callable[[QPainter, QRectF, Line, int], None],
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._row_px = row_px
        self._draw_cell = draw_cell

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(60, self._row_px)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        column = index.column()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        draw_row_frame(painter, self._theme, area, is_chosen=is_chosen, has_mark=column == 0)
        self._draw_cell(painter, area, index.data(LINE_ROLE), column)
        painter.restore()
