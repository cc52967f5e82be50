"""How the list of repositories is painted, and how keys and scrolling move through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from steelyard.ui.pages.models_results import ROW_ROLE, ResultRow, ResultsModel
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_paint import (
    Ink,
    chip_width,
    draw_chip,
    draw_lines,
    draw_row_frame,
    draw_text,
    width_of,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent

    from steelyard.ui.theme.theme import Theme

_HEIGHTS = {"heading": 32, "result": 82, "catalog": 96, "skeleton": 82, "more": 36}
_PROSE_LINES = 2
_PAD = 16
_NEAR_END_PX = 240
_TITLE = Ink(13, 600, "text")
_MUTED = Ink(12, 400, "text3")
_PROSE = Ink(12, 400, "text2")
_HEADING = Ink(11, 600, "text3")


class ResultsView(QListView):
    """One list; Enter, Space or a click opens a repository."""

    opened = Signal(str)
    """The repository that the user chose."""
    end_neared = Signal()
    """The end of the list comes into sight."""
    left_upwards = Signal()
    """Up was pressed on the first row: the search box is above."""

    def __init__(self, theme: Theme, model: ResultsModel) -> None:
        super().__init__()
        self._model = model
        self.setModel(model)
        self.setItemDelegate(_Painter(theme, self))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.verticalScrollBar().setSingleStep(24)
        name_widget(self, "Repositories", "")
        self.clicked.connect(self._on_clicked)
        # Queued: what follows may fill the model, which must not happen while the view lays it out.
        queued = Qt.ConnectionType.QueuedConnection
        self.verticalScrollBar().valueChanged.connect(self.check_end, queued)
        self.verticalScrollBar().rangeChanged.connect(self.check_end, queued)
        theme.changed.connect(self.viewport().update)

    def select_repo(self, repo: str) -> None:
        """Mark a repository as the one that is open, wherever it stands."""
        at = self._model.row_of(repo)
        if at >= 0:
            self.setCurrentIndex(self._model.index(at))
        else:
            self.clearSelection()

    def enter(self) -> None:
        """The keyboard comes from the search box: the first row is next."""
        self.setFocus(Qt.FocusReason.TabFocusReason)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Where the keyboard is, is seen: Qt alone makes a row the current one without marking it."""
        super().focusInEvent(event)
        if self.selectionModel().hasSelection() or event.reason() == Qt.FocusReason.MouseFocusReason:
            return
        self._go(max(self.currentIndex().row(), self._next(-1, 1)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pass over headings; Enter and Space open."""
        at = self.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Down:
                self._go(self._next(at, 1))
            case Qt.Key.Key_Up:
                above = self._next(at, -1)
                if above < 0:
                    self.left_upwards.emit()
                self._go(above)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._on_clicked(self.currentIndex())
            case _:
                super().keyPressEvent(event)

    def _next(self, at: int, step: int) -> int:
        at += step
        while 0 <= at < len(self._model.rows):
            if self._model.rows[at].repo:
                return at
            at += step
        return -1

    def _go(self, at: int) -> None:
        if at >= 0:
            self.setCurrentIndex(self._model.index(at))
            self.scrollTo(self._model.index(at))

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE) if index.isValid() else None
        if isinstance(row, ResultRow) and row.repo:
            self.opened.emit(row.repo)

    @Slot()
    def check_end(self) -> None:
        """Ask for more if the end is in sight."""
        bar = self.verticalScrollBar()
        self.executeDelayedItemsLayout()
        if not self.isVisible():
            return
        if bar.value() >= bar.maximum() - _NEAR_END_PX and self._model.rows:
            self.end_neared.emit()


class _Painter(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """By the kind of the row."""
        row: ResultRow = index.data(ROW_ROLE)
        return QSize(100, _HEIGHTS[row.kind])

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        row: ResultRow = index.data(ROW_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match row.kind:
            case "heading":
                self._paint_heading(painter, area, row)
            case "skeleton":
                self._paint_skeleton(painter, area)
            case "more":
                draw_text(painter, self._theme, area, row.title, _MUTED, Qt.AlignmentFlag.AlignHCenter)
            case _:
                is_chosen = bool(state & QStyle.StateFlag.State_Selected)
                is_hovered = bool(state & QStyle.StateFlag.State_MouseOver)
                draw_row_frame(painter, self._theme, area, is_chosen=is_chosen, is_hovered=is_hovered)
                self._paint_row(painter, area.adjusted(_PAD, 0, -_PAD + 4, 0), row)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRectF, row: ResultRow) -> None:
        inner = area.adjusted(_PAD, 6, -_PAD + 4, 0)
        draw_text(painter, self._theme, inner, row.title, _HEADING)
        draw_text(painter, self._theme, inner, row.right, _MUTED, Qt.AlignmentFlag.AlignRight)
        draw_row_frame(painter, self._theme, area, is_chosen=False)

    def _paint_skeleton(self, painter: QPainter, area: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("raised"))
        widths = (0.62, 0.4, 0.5)
        for at, share in enumerate(widths):
            line = QRectF(
                area.left() + _PAD, area.top() + 12 + at * 22, (area.width() - 2 * _PAD) * share, 12
            )
            painter.drawRoundedRect(line, 4, 4)
        draw_row_frame(painter, self._theme, area, is_chosen=False)

    def _paint_row(self, painter: QPainter, area: QRectF, row: ResultRow) -> None:
        theme = self._theme
        title = QRectF(area.left(), area.top() + 9, area.width(), 20)
        if row.state is not None:
            width = chip_width(row.state)
            draw_chip(painter, theme, title.right() - width, title.center().y(), row.state)
            title.setRight(title.right() - width - 8)
        draw_text(painter, theme, title, row.title, _TITLE)
        middle = QRectF(area.left(), area.top() + 31, area.width(), 18)
        right_px = width_of(row.right, _MUTED)
        draw_text(painter, theme, middle, row.right, _MUTED, Qt.AlignmentFlag.AlignRight)
        draw_text(painter, theme, middle.adjusted(0, 0, -right_px - 8, 0), row.left, _MUTED)
        below = QRectF(area.left(), area.top() + 52, area.width(), 20)
        if row.fit is not None:
            draw_chip(painter, theme, below.left(), below.center().y(), row.fit, below.width())
        prose = QRectF(area.left(), area.top() + 51, area.width(), 36)
        draw_lines(painter, theme, prose, row.prose, _PROSE, _PROSE_LINES)
