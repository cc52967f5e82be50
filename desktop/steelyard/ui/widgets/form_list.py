"""A searchable list beside an editor: a title and one quiet line for each entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.models_paint import Ink, draw_text, width_of

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_ROW_PX = 44
_ROLE = Qt.ItemDataRole.UserRole
_TITLE = Ink(13, 500, "text")
_LINE = Ink(11, 400, "text3")


@dataclass(frozen=True)
class Entry:
    """One line; `badge` stands at its right."""

    key: str
    title: str
    line: str = ""
    badge: str = ""
    words: str = ""
    """What is searched besides the title."""

    def matches(self, wanted: list[str]) -> bool:
        """Whether all of these are found in it."""
        text = f"{self.title} {self.words or self.line}".casefold()
        return all(word in text for word in wanted)


class EntryList(QWidget):
    """Type to search, arrows to move, Enter to take."""

    chosen = Signal(str)
    """The entry with this key is the current one."""
    taken = Signal(str)
    """Enter or a double click on it."""

    def __init__(self, theme: Theme, name: str, placeholder: str) -> None:
        super().__init__()
        self._entries: list[Entry] = []
        self.search = _Search()
        self.search.setPlaceholderText(placeholder)
        self.search.setFont(theme.font(13))
        name_widget(self.search, f"{name}: search")
        self._model = QStandardItemModel(self)
        self.view = QListView()
        self.view.setModel(self._model)
        self.view.setItemDelegate(_EntryDelegate(theme, self.view))
        self.view.setUniformItemSizes(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name_widget(self.view, name)
        self.view.setToolTip("")
        self._nothing = make_label(theme, "", "muted", px=12, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self._nothing)
        column.addWidget(self.view, 1)
        self.search.textChanged.connect(self._fill)
        self.search.moved.connect(self._on_moved)
        self.search.accepted.connect(self._on_accepted)
        self.view.selectionModel().currentChanged.connect(self._on_current_changed)
        self.view.activated.connect(self._on_activated)

    @property
    def shown(self) -> list[Entry]:
        """What the search leaves."""
        return [self._model.item(at).data(_ROLE) for at in range(self._model.rowCount())]

    @property
    def key(self) -> str:
        """The current entry's; empty where there is none."""
        index = self.view.currentIndex()
        return str(index.data(_ROLE).key) if index.isValid() else ""

    def show_entries(self, entries: list[Entry], nothing: str) -> None:
        """List these; the same one stays current. `nothing` is said where there are none."""
        self._entries = entries
        self._nothing.setText(nothing)
        self._fill()

    def choose(self, key: str) -> None:
        """Make an entry the current one; an empty key makes none."""
        rows = [at for at, entry in enumerate(self.shown) if entry.key == key]
        self.view.setCurrentIndex(self._model.index(rows[0], 0) if rows else QModelIndex())

    @Slot()
    def _fill(self) -> None:
        key = self.key
        words = self.search.text().casefold().split()
        self.view.selectionModel().blockSignals(True)
        self._model.clear()
        for entry in self._entries:
            if entry.matches(words):
                item = QStandardItem(entry.title)
                item.setData(entry, _ROLE)
                item.setEditable(False)
                item.setAccessibleDescription(" · ".join(part for part in (entry.badge, entry.line) if part))
                self._model.appendRow(item)
        self.choose(key)
        self.view.selectionModel().blockSignals(False)
        self._nothing.setVisible(not self._entries)

    @Slot(int)
    def _on_moved(self, step: int) -> None:
        at = self.view.currentIndex().row() + step if self.view.currentIndex().isValid() else 0
        if 0 <= at < self._model.rowCount():
            self.view.setCurrentIndex(self._model.index(at, 0))

    @Slot()
    def _on_accepted(self) -> None:
        if self.key:
            self.taken.emit(self.key)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.data(_ROLE).key)

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.taken.emit(index.data(_ROLE).key)


class _Search(QLineEdit):
    moved = Signal(int)
    accepted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that belong to the list."""
        match event.key():
            case Qt.Key.Key_Down:
                self.moved.emit(1)
            case Qt.Key.Key_Up:
                self.moved.emit(-1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.accepted.emit()
            case _:
                super().keyPressEvent(event)


class _EntryDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(120, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Title, badge, and the beginning of the text below."""
        entry: Entry = index.data(_ROLE)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            is_chosen = bool(state & QStyle.StateFlag.State_Selected)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent_soft" if is_chosen else "raised"))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 4, 4)
        badge_px = width_of(entry.badge, _LINE) + 8 if entry.badge else 0.0
        inner = area.adjusted(10, 4, -10, -4)
        top = QRectF(inner.left(), inner.top(), inner.width() - badge_px, inner.height() / 2)
        draw_text(painter, self._theme, top, entry.title, _TITLE)
        right = QRectF(inner.right() - badge_px, inner.top(), badge_px, inner.height() / 2)
        draw_text(painter, self._theme, right, entry.badge, _LINE, Qt.AlignmentFlag.AlignRight)
        below = QRectF(inner.left(), inner.center().y(), inner.width(), inner.height() / 2)
        draw_text(painter, self._theme, below, entry.line, _LINE)
        painter.restore()
