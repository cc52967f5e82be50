"""A popup list with search: targets to add, or stored comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from steelyard.ui.widgets.compare_popup import Popup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.ui.theme.theme import Theme

_ROW_PX = 46
_MAX_VISIBLE_ROWS = 8
_ROW_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class PickRow:
    """One line of the list; `is_pinned` keeps it in view whatever is searched for."""

    key: str
    title: str
    subtitle: str = ""
    right: str = ""
    chip: str = ""
    icon: str = ""
    is_enabled: bool = True
    is_pinned: bool = False

    def matches(self, words: Sequence[str]) -> bool:
        """Whether every word is found somewhere in it."""
        text = f"{self.title} {self.subtitle} {self.chip} {self.right}".casefold()
        return self.is_pinned or all(word in text for word in words)


class SearchPopup(Popup):
    """Type to search, arrows to move, Enter to choose, Esc to leave."""

    chosen = Signal(str)
    """Key of the chosen row."""

    def __init__(
        self, theme: Theme, parent: QWidget, name: str, placeholder: str, width_px: int = 420
    ) -> None:
        super().__init__(theme, parent)
        self._rows: list[PickRow] = []
        self.setFixedWidth(width_px)
        self.setAccessibleName(name)
        self.search = _SearchEdit()
        self.search.setPlaceholderText(placeholder)
        self.search.setAccessibleName(f"{name}: search")
        self.search.setFont(theme.font(13))
        self._model = QStandardItemModel(self)
        self.list = QListView()
        self.list.setProperty("role", "quiet")
        self.list.setAccessibleName(name)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_RowDelegate(theme, self.list))
        self.column.setContentsMargins(8, 8, 8, 8)
        self.column.addWidget(self.search)
        self.column.addWidget(self.list)
        self.search.textChanged.connect(self._on_text_changed)
        self.search.moved.connect(self._on_moved)
        self.search.accepted.connect(self._on_accepted)
        self.search.left.connect(self.close)
        self.list.clicked.connect(self._on_clicked)

    def set_rows(self, rows: list[PickRow]) -> None:
        """Fill the list; what is typed stays."""
        self._rows = rows
        self._fill()

    def start(self) -> None:
        """Empty the search and put the keyboard there; call it when the popup is shown."""
        self.search.clear()
        self._fill()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    @property
    def shown_rows(self) -> list[PickRow]:
        """The rows that the search leaves."""
        return [self._model.item(at).data(_ROW_ROLE) for at in range(self._model.rowCount())]

    def _fill(self) -> None:
        words = self.search.text().casefold().split()
        found = [row for row in self._rows if row.matches(words)]
        self._model.clear()
        for row in found:
            item = QStandardItem(row.title)
            item.setData(row, _ROW_ROLE)
            item.setEditable(False)
            item.setEnabled(row.is_enabled)
            item.setAccessibleDescription(" · ".join(p for p in (row.chip, row.subtitle, row.right) if p))
            self._model.appendRow(item)
        visible = max(1, min(len(found), _MAX_VISIBLE_ROWS))
        self.list.setFixedHeight(visible * _ROW_PX + 4)
        self._select(self._next_enabled(-1, 1))
        self.adjustSize()

    def _next_enabled(self, at: int, step: int) -> int:
        at += step
        while 0 <= at < self._model.rowCount():
            if self._model.item(at).isEnabled():
                return at
            at += step
        return -1

    def _select(self, at: int) -> None:
        if at >= 0:
            self.list.setCurrentIndex(self._model.index(at, 0))

    @Slot()
    def _on_text_changed(self) -> None:
        self._fill()

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        self._select(self._next_enabled(self.list.currentIndex().row(), step))

    @Slot()
    def _on_accepted(self) -> None:
        self._on_clicked(self.list.currentIndex())

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if not index.isValid() or not self._model.itemFromIndex(index).isEnabled():
            return
        row: PickRow = index.data(_ROW_ROLE)
        self.close()
        self.chosen.emit(row.key)


class _SearchEdit(QLineEdit):
    moved = Signal(int)
    accepted = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that belong to the list."""
        match event.key():
            case Qt.Key.Key_Down:
                self.moved.emit(1)
            case Qt.Key.Key_Up:
                self.moved.emit(-1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.accepted.emit()
            case Qt.Key.Key_Escape:
                self.left.emit()
            case _:
                super().keyPressEvent(event)


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(200, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Icon, title with chip, subtitle; at the right size, key or time."""
        row: PickRow = index.data(_ROW_ROLE)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected and row.is_enabled:
            painter.setBrush(self._theme.color("accent_soft"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)
        elif state & QStyle.StateFlag.State_MouseOver and row.is_enabled:
            painter.setBrush(self._theme.color("raised"))
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), 4, 4)
        self._paint_texts(painter, rect.adjusted(10, 0, -10, 0), row)
        painter.restore()

    def _paint_texts(self, painter: QPainter, rect: QRect, row: PickRow) -> None:
        theme = self._theme
        if row.icon:
            icon = theme.pixmap(row.icon, "text2" if row.is_enabled else "ctl", 16)
            painter.drawPixmap(rect.left(), rect.center().y() - 7, icon)
            rect = rect.adjusted(26, 0, 0, 0)
        right = self._paint_right(painter, rect, row)
        line = rect.adjusted(0, 6, -right, 0)
        line.setHeight(18 if row.subtitle else _ROW_PX - 12)
        title = QFontMetrics(theme.font(13, 500)).elidedText(
            row.title, Qt.TextElideMode.ElideMiddle, line.width() - self._chip_width(row)
        )
        self._draw(painter, line, title, 13, 500, "text" if row.is_enabled else "ctl")
        if row.chip:
            used = QFontMetrics(theme.font(13, 500)).horizontalAdvance(title) + 8
            self._draw(painter, line.adjusted(used, 0, 0, 0), row.chip, 11, 400, "text3", mono=True)
        if row.subtitle:
            below = QRect(line.left(), line.bottom() + 1, line.width(), 16)
            text = QFontMetrics(theme.font(11)).elidedText(
                row.subtitle, Qt.TextElideMode.ElideRight, below.width()
            )
            self._draw(painter, below, text, 11, 400, "text3")

    def _paint_right(self, painter: QPainter, rect: QRect, row: PickRow) -> int:
        if not row.right:
            return 0
        width = QFontMetrics(self._theme.font(11)).horizontalAdvance(row.right)
        place = QRect(rect.right() - width, rect.top(), width + 1, rect.height())
        self._draw(painter, place, row.right, 11, 400, "text3")
        return width + 12

    def _chip_width(self, row: PickRow) -> int:
        return (
            QFontMetrics(self._theme.font(11, mono=True)).horizontalAdvance(row.chip) + 10 if row.chip else 0
        )

    def _draw(
        self,
        painter: QPainter,
        rect: QRect,
        text: str,
        px: int,
        weight: int,
        color: str,
        *,
        mono: bool = False,
    ) -> None:
        painter.setFont(self._theme.font(px, weight, mono=mono))
        painter.setPen(self._theme.color(color))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
