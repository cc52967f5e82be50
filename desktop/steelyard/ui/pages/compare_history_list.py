"""The list of stored comparisons: rows of two lines, painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from steelyard.ui.pages.compare_history_text import about, interrupted, title_of
from steelyard.ui.pages.compare_prompt_bar import local_time

if TYPE_CHECKING:
    from PySide6.QtCore import QAbstractItemModel

    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.ui.theme.theme import Theme

ROW_PX = 62
_STAR_PX = 30
_RESUME_PX = 80
_ROW_ROLE = Qt.ItemDataRole.UserRole


class HistoryList(QListView):
    """Arrows move, Enter opens; other keys are told by their word."""

    opened = Signal(str)
    """Id of a comparison that is to be shown."""
    key_wanted = Signal(str)
    """`rename`, `tags`, `star`, `resume` or `delete`, for the current row."""
    starred = Signal(str)
    """Id of the row whose star was clicked."""
    resumed = Signal(str)
    """Id of the row whose Resume was clicked."""
    end_reached = Signal()
    """The last rows came into view."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Stored comparisons")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self._items = QStandardItemModel(self)
        self.setModel(self._items)
        delegate = _RowDelegate(theme, self)
        delegate.starred.connect(self.starred)
        delegate.resumed.connect(self.resumed)
        self.setItemDelegate(delegate)
        self.activated.connect(self._on_activated)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    @property
    def rows(self) -> list[ComparisonRow]:
        """What is listed."""
        return [self._items.item(at).data(_ROW_ROLE) for at in range(self._items.rowCount())]

    @property
    def current(self) -> ComparisonRow | None:
        """The chosen row."""
        index = self.currentIndex()
        return index.data(_ROW_ROLE) if index.isValid() else None

    def set_rows(self, rows: list[ComparisonRow]) -> None:
        """Show other rows; the choice and the place stay where they can."""
        chosen = self.current
        at_px = self.verticalScrollBar().value()
        self._items.clear()
        self.add_rows(rows)
        ids = [row.id for row in rows]
        at = ids.index(chosen.id) if chosen is not None and chosen.id in ids else 0
        self.setCurrentIndex(self._items.index(at, 0))
        self.verticalScrollBar().setValue(at_px)

    def add_rows(self, rows: list[ComparisonRow]) -> None:
        """Show more rows below."""
        for row in rows:
            item = QStandardItem(title_of(row))
            item.setData(row, _ROW_ROLE)
            item.setEditable(False)
            item.setAccessibleText(title_of(row))
            star = "starred" if row.is_starred else ""
            parts = [about(row), local_time(row.started_at, with_day=True), interrupted(row), star, *row.tags]
            item.setAccessibleDescription(" · ".join(part for part in parts if part))
            self._items.appendRow(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens on every desktop; letters act instead of searching by first letter."""
        words = {
            Qt.Key.Key_F2: "rename",
            Qt.Key.Key_T: "tags",
            Qt.Key.Key_S: "star",
            Qt.Key.Key_R: "resume",
            Qt.Key.Key_Delete: "delete",
        }
        word = words.get(Qt.Key(event.key())) if not event.modifiers() else None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_activated(self.currentIndex())
        elif word is not None:
            self.key_wanted.emit(word)
        elif event.text().isprintable() and event.text() and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.opened.emit(index.data(_ROW_ROLE).id)

    def _on_scrolled(self) -> None:
        bar = self.verticalScrollBar()
        if bar.value() >= bar.maximum() - 4 * ROW_PX:
            self.end_reached.emit()


class _RowDelegate(QStyledItemDelegate):
    starred = Signal(str)
    resumed = Signal(str)

    def __init__(self, theme: Theme, parent: QListView) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(200, ROW_PX)

    def editorEvent(
        self,
        event: QEvent,
        model: QAbstractItemModel,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """A click on the star or on Resume."""
        rect: QRect = option.rect  # type: ignore[attr-defined]
        row: ComparisonRow = index.data(_ROW_ROLE)
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            at = event.position()
            if at.x() < rect.left() + _STAR_PX:
                self.starred.emit(row.id)
                return True
            if row.missing_runs and at.x() > rect.right() - _RESUME_PX and at.y() > rect.center().y():
                self.resumed.emit(row.id)
                return True
        return super().editorEvent(event, model, option, index)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Star, title, time; targets; what is missing, or the tags."""
        row: ComparisonRow = index.data(_ROW_ROLE)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(self._theme.color("accent_soft"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(self._theme.color("raised"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)
        is_pointed_at = bool(state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver))
        if row.is_starred or is_pointed_at:
            star = self._theme.pixmap("star", "accent" if row.is_starred else "ctl", 14)
            painter.drawPixmap(rect.left() + 9, rect.top() + 9, star)
        self._paint_lines(painter, rect.adjusted(_STAR_PX, 6, -10, -6), row)
        painter.restore()

    def _paint_lines(self, painter: QPainter, rect: QRect, row: ComparisonRow) -> None:
        line = QRect(rect.left(), rect.top(), rect.width(), 18)
        right = self._right(painter, line, local_time(row.started_at, with_day=True), "text3")
        self._text(painter, line.adjusted(0, 0, -right, 0), title_of(row), 13, 500, "text")
        line.translate(0, 18)
        self._text(painter, line, about(row), 11, 400, "text3")
        line.translate(0, 16)
        warning = interrupted(row)
        if warning:
            self._text(painter, line, warning, 11, 500, "warn")
            line.adjust(0, 0, -self._right(painter, line, "Resume", "accent"), 0)
            line.adjust(QFontMetrics(self._theme.font(11, 500)).horizontalAdvance(warning) + 12, 0, 0, 0)
        self._text(painter, line, " ".join(f"#{tag}" for tag in row.tags), 11, 400, "text2")

    def _right(self, painter: QPainter, rect: QRect, text: str, color: str) -> int:
        width = QFontMetrics(self._theme.font(11)).horizontalAdvance(text)
        self._text(painter, QRect(rect.right() - width, rect.top(), width + 2, 18), text, 11, 400, color)
        return width + 12

    def _text(self, painter: QPainter, rect: QRect, text: str, px: int, weight: int, color: str) -> None:
        font = self._theme.font(px, weight)
        shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.setFont(font)
        painter.setPen(self._theme.color(color))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
