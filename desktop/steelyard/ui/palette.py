"""The command palette: every action by a few letters, with the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex

    from steelyard.ui.actions import Actions, Entry
    from steelyard.ui.theme.theme import Theme

_WIDTH = 600
_ROW_PX = 36
_MAX_ROWS = 11
_TOP_PX = 72
_ID = Qt.ItemDataRole.UserRole
_ICON = Qt.ItemDataRole.UserRole + 1
_SHORTCUT = Qt.ItemDataRole.UserRole + 2
_MOVES = {
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _MAX_ROWS,
    Qt.Key.Key_PageUp: -_MAX_ROWS,
}


class Palette(QWidget):
    """Lies over the window; closes on Esc, on a click beside it, and before it runs what was chosen."""

    closed = Signal()
    """The palette was left; the focus may go back."""

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions = actions
        self._only_shortcuts = False
        self.setProperty("role", "scrim")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._card = QFrame(self)
        self._card.setProperty("role", "popup")
        self.field = QLineEdit()
        self.field.setAccessibleName("Command")
        self.field.setToolTip("Type a few letters, Enter runs, Esc closes")
        self.list = QListView()
        self.list.setProperty("role", "quiet")
        self.list.setAccessibleName("Commands")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_RowPainter(theme, self.list))
        self.list.setMouseTracking(True)
        self._model = QStandardItemModel(self)
        self.list.setModel(self._model)
        self._nothing = make_label(theme, "No command has these letters", "muted")
        self._nothing.setContentsMargins(10, 10, 10, 10)
        column = self._column = QVBoxLayout(self._card)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self._nothing)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.installEventFilter(self)
        self.list.clicked.connect(self._on_clicked)
        theme.changed.connect(self.list.viewport().update)
        self.hide()

    def open(self, *, only_shortcuts: bool = False) -> None:
        """Show all commands, or the list of shortcuts."""
        self._only_shortcuts = only_shortcuts
        self.field.setPlaceholderText("Find a shortcut" if only_shortcuts else "Search or run a command")
        self.field.clear()
        self._on_text_changed("")
        self.raise_()
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_palette(self) -> None:
        """Hide it again."""
        if self.isVisible():
            self.hide()
            self.closed.emit()

    def shown_texts(self) -> list[str]:
        """The commands that are listed."""
        return [self._model.item(row).text() for row in range(self._model.rowCount())]

    def cover(self, size: QSize) -> None:
        """Cover a window of this size."""
        self.setGeometry(0, 0, size.width(), size.height())
        self._place_card()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the field: move, run, close; Esc and Enter must not reach the page's shortcuts."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride and event.key() in {
                Qt.Key.Key_Escape,
                Qt.Key.Key_Return,
                Qt.Key.Key_Enter,
            }:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                return self._take_key(event.key())
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card closes."""
        self.close_palette()

    def _take_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape:
            self.close_palette()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._run(self.list.currentIndex())
        elif key in _MOVES:
            row = self.list.currentIndex().row() + _MOVES[Qt.Key(key)]
            self._select(min(max(0, row), self._model.rowCount() - 1))
        else:
            return key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}
        return True

    @Slot(str)
    def _on_text_changed(self, text: str) -> None:
        self._model.clear()
        for entry in _found(self._actions.all(), text, only_shortcuts=self._only_shortcuts):
            item = QStandardItem(entry.action.text())
            item.setData(entry.id, _ID)
            item.setData(entry.icon, _ICON)
            item.setData(entry.shortcut_text, _SHORTCUT)
            item.setData(f"{entry.action.text()} {entry.shortcut_text}", Qt.ItemDataRole.AccessibleTextRole)
            item.setEditable(False)
            self._model.appendRow(item)
        self._nothing.setVisible(self._model.rowCount() == 0)
        self.list.setVisible(self._model.rowCount() > 0)
        self._select(0)
        self._place_card()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self._run(index)

    def _run(self, index: QModelIndex) -> None:
        if not index.isValid():
            return
        chosen: str = index.data(_ID)
        self.close_palette()
        self._actions.trigger(chosen)

    def _select(self, row: int) -> None:
        index = self._model.index(row, 0)
        self.list.setCurrentIndex(index)
        self.list.scrollTo(index)

    def _place_card(self) -> None:
        rows = min(_MAX_ROWS, self._model.rowCount())
        self.list.setFixedHeight(rows * _ROW_PX + 6)
        width = min(_WIDTH, self.width() - 32)
        height = self._column.totalSizeHint().height()
        self._card.setGeometry((self.width() - width) // 2, _TOP_PX, width, height)


def _found(entries: list[Entry], text: str, *, only_shortcuts: bool) -> list[Entry]:
    usable = [
        entry
        for entry in entries
        if entry.action.isEnabled() and (entry.shortcut or not only_shortcuts) and entry.id != "palette.open"
    ]
    scored = [(match_score(text, entry.action.text()), entry) for entry in usable]
    matching = [row for row in scored if row[0] > 0]
    return [entry for _, entry in sorted(matching, key=lambda row: -row[0])]


def match_score(letters: str, text: str) -> int:
    """0 where the letters do not stand in the text in this order; more for word starts and runs."""
    wanted = [letter for letter in letters.casefold() if not letter.isspace()]
    there = text.casefold()
    score, at, was_hit = 1, 0, False
    for letter in wanted:
        found = there.find(letter, at)
        if found < 0:
            return 0
        is_start = found == 0 or not there[found - 1].isalnum()
        is_next = was_hit and found == at
        score += 1 + 3 * is_next + 2 * is_start
        at, was_hit = found + 1, True
    # A whole word beats scattered letters, wherever they stand.
    return score + 10 * (bool(wanted) and letters.casefold().strip() in there)


class _RowPainter(QStyledItemDelegate):
    """Icon, text, and the shortcut at the right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(option.rect.width(), _ROW_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """One row."""
        theme, rect = self._theme, option.rect
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent_soft" if is_chosen else "raised"))
            painter.drawRoundedRect(rect, 6, 6)
        icon = index.data(_ICON)
        if icon:
            pixmap = theme.pixmap(icon, "accent" if is_chosen else "text3", 16)
            painter.drawPixmap(rect.left() + 10, rect.center().y() - 7, pixmap)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(13, 500 if is_chosen else 400))
        painter.setPen(theme.color("text" if is_chosen else "text2"))
        text = QRect(rect.left() + 38, rect.top(), rect.width() - 150, rect.height())
        painter.drawText(text, middle, index.data(Qt.ItemDataRole.DisplayRole))
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("text3"))
        keys = rect.adjusted(0, 0, -12, 0)
        painter.drawText(keys, middle | Qt.AlignmentFlag.AlignRight, index.data(_SHORTCUT))
        painter.restore()
