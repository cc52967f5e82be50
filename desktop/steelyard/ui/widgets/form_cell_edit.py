"""How a cell of a table is written: plain text in a monospaced type, more than one line if need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtWidgets import QPlainTextEdit, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_EDIT_PX = 76
Index = QModelIndex | QPersistentModelIndex


class CellEditing(QStyledItemDelegate):
    """Enter keeps the text and goes down, Shift+Enter begins a new line, Tab goes on, Esc gives up."""

    def __init__(self, theme: Theme, view: QTableView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A text field over the cell."""
        edit = QPlainTextEdit(parent)
        edit.setProperty("role", "code")
        edit.setFont(self._theme.font(12, mono=True))
        edit.setTabChangesFocus(False)
        edit.setAccessibleName(f"Cell {index.row() + 1}, {index.column() + 1}")
        return edit

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """What stands in the cell."""
        assert isinstance(editor, QPlainTextEdit)
        editor.setPlainText(str(index.data(Qt.ItemDataRole.EditRole)))
        editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        """What was written."""
        assert isinstance(editor, QPlainTextEdit)
        model.setData(index, editor.toPlainText())  # type: ignore[arg-type]

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """As wide as the cell and a few lines high."""
        rect = QRect(option.rect)  # type: ignore[attr-defined]
        bottom = self._view.viewport().height()
        rect.setHeight(_EDIT_PX)
        if rect.bottom() > bottom:
            rect.moveBottom(max(bottom, _EDIT_PX))
        editor.setGeometry(rect)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the field."""
        if event.type() == QEvent.Type.KeyPress and isinstance(watched, QPlainTextEdit):
            key: int = event.key()  # type: ignore[attr-defined]
            modifiers: Qt.KeyboardModifier = event.modifiers()  # type: ignore[attr-defined]
            if (
                key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
                and not modifiers & Qt.KeyboardModifier.ShiftModifier
            ):
                self._keep(watched)
                return True
        return super().eventFilter(watched, event)

    def _keep(self, editor: QPlainTextEdit) -> None:
        at = self._view.currentIndex()
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
        below = self._view.model().index(at.row() + 1, at.column())
        if below.isValid():
            self._view.setCurrentIndex(below)
