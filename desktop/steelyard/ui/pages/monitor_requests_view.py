"""How the table of requests is painted: no widget in any row."""

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

from steelyard.ui.pages.monitor_requests import (
    CLASS,
    COST,
    ENERGY,
    ITL,
    MODEL,
    NUMBERS,
    RATE,
    REQUEST_ROLE,
    ROUTE,
    STATUS,
    TIME,
    TOKENS,
    TTFT,
    RequestsModel,
    cell_text,
    marks_of,
    status_chip,
)
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_row_frame, draw_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from steelyard.core.values.telemetry import RequestRow
    from steelyard.ui.theme.theme import Theme

ROW_PX = 31
_WIDTHS = {
    TIME: 68,
    CLASS: 72,
    ROUTE: 66,
    TOKENS: 94,
    TTFT: 64,
    RATE: 54,
    ITL: 62,
    ENERGY: 64,
    COST: 74,
    STATUS: 94,
}
_HIDDEN_BELOW_PX = ((812, CLASS), (740, ITL), (670, ROUTE), (580, COST), (520, RATE))
_MODEL_LEAST_PX = 96
_MARK_PX = 8
_NAME = Ink(12, 500, "text")
_TEXT = Ink(12, 400, "text2")
_MUTED = Ink(12, 400, "text3", is_tabular=True)
_NUMBER = Ink(12, 500, "text", is_tabular=True)
_SLOW = Ink(12, 500, "warn", is_tabular=True)
_LATE_MARKS = {"cold", "spilled", "throttled", "pressure"}


class RequestsView(QTableView):
    """A click or Enter opens the inspector."""

    opened = Signal(str)
    """The run of a row is to be inspected."""

    def __init__(self, theme: Theme, model: RequestsModel, color_of: Callable[[RequestRow], str]) -> None:
        super().__init__()
        self._requests = model
        self._run_id = ""
        self._scrolled_to = 0
        self.setModel(model)
        self.setItemDelegate(_Painter(theme, color_of, self))
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
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setFixedHeight(28)
        name_widget(self, "Requests")
        self.setToolTip("")
        self.clicked.connect(self._on_clicked)
        model.modelAboutToBeReset.connect(self._on_resetting)
        model.modelReset.connect(self._on_reset)
        theme.changed.connect(self.viewport().update)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Keep which request it is: rows move down as newer ones come."""
        super().currentChanged(current, previous)
        if current.isValid() and current.row() < len(self._requests.rows):
            self._run_id = self._requests.rows[current.row()].run_id

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.opened.emit(self._run_id)
        elif event.key() == Qt.Key.Key_Space:
            event.ignore()  # it pauses the page
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The model takes what is left; a narrow table gives up what the inspector tells, too."""
        super().resizeEvent(event)
        width = self.viewport().width()
        hidden = {column for limit, column in _HIDDEN_BELOW_PX if width < limit}
        left = width
        for column, column_px in _WIDTHS.items():
            self.setColumnHidden(column, column in hidden)
            if column not in hidden:
                self.setColumnWidth(column, column_px)
                left -= column_px
        self.setColumnWidth(MODEL, max(_MODEL_LEAST_PX, left))

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(self._requests.rows[index.row()].run_id)

    @Slot()
    def _on_resetting(self) -> None:
        self._scrolled_to = self.verticalScrollBar().value()

    @Slot()
    def _on_reset(self) -> None:
        at = self._requests.row_of(self._run_id)
        if at >= 0:
            self.setCurrentIndex(self._requests.index(at, TIME))
            self.verticalScrollBar().setValue(self._scrolled_to)


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, color_of: Callable[[RequestRow], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._color_of = color_of

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(60, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One cell."""
        row: RequestRow = index.data(REQUEST_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        column = index.column()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_chosen = bool(state & QStyle.StateFlag.State_Selected)
        draw_row_frame(painter, self._theme, area, is_chosen=is_chosen, has_mark=column == TIME)
        inner = area.adjusted(6, 0, -6, 0)
        if column == STATUS:
            draw_chip(painter, self._theme, inner.left(), area.center().y(), status_chip(row), inner.width())
        elif column == MODEL:
            self._paint_model(painter, inner, row)
        else:
            side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
            draw_text(painter, self._theme, inner, cell_text(row, column), _ink(row, column), side)
        painter.restore()

    def _paint_model(self, painter: QPainter, area: QRectF, row: RequestRow) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color(self._color_of(row)))
        box = QRectF(area.left(), area.center().y() - _MARK_PX / 2, _MARK_PX, _MARK_PX)
        painter.drawRoundedRect(box, 1.5, 1.5)
        draw_text(painter, self._theme, area.adjusted(_MARK_PX + 8, 0, 0, 0), cell_text(row, MODEL), _NAME)


def _ink(row: RequestRow, column: int) -> Ink:
    if column == TIME:
        return _MUTED
    if column == TTFT and _LATE_MARKS & set(marks_of(row)):
        return _SLOW
    return _NUMBER if column in NUMBERS else _TEXT
