"""The grid of cases and targets: one table whose cells are painted, however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from steelyard.ui.pages.compare_grid_figures import CellLook, preview
from steelyard.ui.pages.compare_grid_header import GridHeader
from steelyard.ui.pages.compare_grid_model import LOOK_ROLE
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import (
    Chip,
    Ink,
    chip_width,
    draw_chip,
    draw_lines,
    draw_text,
    width_of,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.pages.compare_grid_model import GridModel
    from steelyard.ui.theme.theme import Theme

ROW_PX = 66
_CASE_PX = 250
_CASE_NARROW_PX = 180
_NARROW_BELOW_PX = 1100
_LEAST_PX = 150
_PAD_PX = 12
_ICON_PX = 14
_NUMBER = Ink(11, 500, "text3", is_mono=True)
_NAME = Ink(11, 400, "text3")
_VALUE = Ink(12, 500, "text")
_PROSE = Ink(12, 400, "text2")
_STATE = Ink(12, 400, "text3")
_BAD = Ink(12, 500, "bad")
_FIGURE = Ink(11, 500, "text3", is_tabular=True)
_OUT = Ink(11, 500, "warn", is_tabular=True)


class GridView(QTableView):
    """Arrows move, Enter opens the case, Ctrl+C copies the answer."""

    opened = Signal(int)
    """The case whose answers are to be shown in full."""
    left = Signal()
    """Esc."""

    def __init__(self, theme: Theme, model: GridModel) -> None:
        super().__init__()
        self._grid = model
        self._key = -1
        self.setModel(model)
        self.setHorizontalHeader(GridHeader(theme, model, self))
        self.setItemDelegate(CellDelegate(theme, self, model))
        self.setShowGrid(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        name_widget(self, "Answers, case by case")
        self.setToolTip("")
        self.doubleClicked.connect(self._on_double_clicked)
        model.modelAboutToBeReset.connect(self._on_resetting)
        model.modelReset.connect(self._on_reset)
        theme.changed.connect(self.viewport().update)

    @property
    def case(self) -> int:
        """The case of the current cell; -1 where there is none."""
        index = self.currentIndex()
        return self._grid.cases[index.row()] if index.isValid() else -1

    def go(self, case: int, column: int = 1) -> None:
        """Make a cell the current one."""
        row = self._grid.row_of(case)
        if row >= 0:
            self.setCurrentIndex(self._grid.index(row, column))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Esc leaves, Ctrl+C copies; the rest is the table's."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            if self.case >= 0:
                self.opened.emit(self.case)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The targets share what the cases leave."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Give the columns their widths."""
        targets = self._grid.columnCount() - 1
        if targets < 1:
            return
        width = self.viewport().width()
        case_px = _CASE_PX if width >= _NARROW_BELOW_PX else _CASE_NARROW_PX
        each = max(_LEAST_PX, (width - case_px) // targets)
        self.setColumnWidth(0, max(case_px, width - each * targets))
        for column in range(1, targets + 1):
            self.setColumnWidth(column, each)

    def _copy(self) -> None:
        index = self.currentIndex()
        cell = self._grid.cell(index)
        text = cell.turn.text if cell is not None else str(index.data() or "")
        QGuiApplication.clipboard().setText(text)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(self._grid.cases[index.row()])

    def _on_resetting(self) -> None:
        self._key = self.case
        self._column = max(1, self.currentIndex().column())
        self._scrolled_to = self.verticalScrollBar().value()

    def _on_reset(self) -> None:
        self.arrange()
        self.go(self._key, self._column)
        self.verticalScrollBar().setValue(self._scrolled_to)


class CellDelegate(QStyledItemDelegate):
    """Paints a case, or an answer with its figures."""

    def __init__(self, theme: Theme, parent: QWidget, model: GridModel) -> None:
        super().__init__(parent)
        self._theme = theme
        self._grid = model

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(_LEAST_PX, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """A case, or an answer."""
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        look: CellLook | None = index.data(LOOK_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if look is not None and look.tone == "bad":
            painter.fillRect(area, self._theme.color("bad_soft"))
        painter.fillRect(QRectF(area.left(), area.bottom() - 1, area.width(), 1), self._theme.color("line"))
        inner = area.adjusted(_PAD_PX, 7, -10, -8)
        if look is None:
            self._paint_case(painter, inner, index.row())
        else:
            self._paint_look(painter, inner, look)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -2), 4, 4)
        painter.restore()

    def _paint_case(self, painter: QPainter, area: QRectF, row: int) -> None:
        """Its number and the values of the first variables."""
        state = self._grid.state
        if state is None:
            return
        case = self._grid.cases[row]
        number = f"{case + 1}"
        left = area.left() + max(width_of("000", _NUMBER), width_of(number, _NUMBER)) + 10
        line = area.height() / 3
        draw_text(painter, self._theme, QRectF(area.left(), area.top(), left, line), number, _NUMBER)
        pairs = list(state.cases[case].items())
        lines = len(pairs[:3])
        for at, (name, value) in enumerate(pairs[:3]):
            if len(pairs) == 1:
                place = QRectF(left, area.top(), area.right() - left, area.height())
                draw_lines(painter, self._theme, place, preview(value), _VALUE, 3)
                return
            last = f"  +{len(pairs) - 3}" if at == lines - 1 and len(pairs) > 3 else ""
            place = QRectF(left, area.top() + at * line, area.right() - left, line)
            used = draw_text(painter, self._theme, place, f"{name}{last}", _NAME) + 6
            draw_text(painter, self._theme, place.adjusted(used, 0, 0, 0), preview(value), _VALUE)

    def _paint_look(self, painter: QPainter, area: QRectF, look: CellLook) -> None:
        """Two lines of the answer, and one of figures."""
        line = area.height() / 3
        text = QRectF(area.left(), area.top(), area.width(), 2 * line)
        ink = _BAD if look.tone == "bad" and not look.is_prose else _PROSE if look.is_prose else _STATE
        draw_lines(painter, self._theme, text, look.text, ink, 2)
        foot = QRectF(area.left(), area.top() + 2 * line + 1, area.width(), line)
        self._paint_foot(painter, foot, look)

    def _paint_foot(self, painter: QPainter, area: QRectF, look: CellLook) -> None:
        theme, middle = self._theme, area.center().y()
        theme_icon = theme.pixmap(look.icon, look.tone, _ICON_PX)
        painter.drawPixmap(
            QRectF(area.left(), middle - _ICON_PX / 2, _ICON_PX, _ICON_PX).toRect(), theme_icon
        )
        right = area.right()
        if look.mark:
            right -= _ICON_PX
            mark = theme.pixmap("triangle-alert", "warn", _ICON_PX)
            painter.drawPixmap(QRectF(right, middle - _ICON_PX / 2, _ICON_PX, _ICON_PX).toRect(), mark)
            right -= 6
        if look.verdict:
            chip = Chip(look.verdict, look.verdict_tone)
            right -= chip_width(chip)
            draw_chip(painter, theme, right, middle, chip)
            right -= 6
        x = area.left() + _ICON_PX + 8
        figures = [*look.figures]
        for at, figure in enumerate(figures):
            sign = " · " if at else ""
            if x + width_of(sign + figure.text, _FIGURE) > right:
                break
            place = QRectF(x, area.top(), right - x, area.height())
            x += draw_text(painter, theme, place, sign, _FIGURE)
            place = QRectF(x, area.top(), right - x, area.height())
            x += draw_text(painter, theme, place, figure.text, _OUT if figure.is_out else _FIGURE)
        if look.badge and x + width_of(look.badge, _FIGURE) + 8 <= right:
            draw_text(
                painter, theme, QRectF(x + 8, area.top(), right - x - 8, area.height()), look.badge, _NAME
            )
