"""The table of variables as Qt sees it: every cell can be written, one empty row waits at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from steelyard.ui.pages.compare_table_data import MAX_CASES, VariableTable
from steelyard.ui.widgets.compare_plain import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class VariablesModel(QAbstractTableModel):
    """Wraps a `VariableTable`."""

    edited = Signal()
    """A cell, row or column is another."""

    def __init__(self, table: VariableTable) -> None:
        super().__init__()
        self.table = table
        self._variables: list[str] = []

    def set_variables(self, variables: list[str]) -> None:
        """What the prompt asks for: other columns are marked."""
        if variables != self._variables:
            self._variables = variables
            self.change(lambda: self.table.follow(variables))

    def change(self, work: Callable[[], object]) -> None:
        """Do something to the whole table."""
        self.beginResetModel()
        work()
        self.endResetModel()
        self.edited.emit()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """The rows, and an empty one to write into while there is room."""
        if parent.isValid() or not self.table.columns:
            return 0
        return min(len(self.table.rows) + 1, MAX_CASES)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """One for each variable that has a column."""
        return 0 if parent.isValid() else len(self.table.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every cell can be written."""
        return super().flags(index) | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The text of a cell, on one line where it is only shown."""
        row, column = index.row(), index.column()
        text = self.table.rows[row][column] if row < len(self.table.rows) else ""
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return " ⏎ ".join(text[:400].splitlines())
            case Qt.ItemDataRole.EditRole:
                return text
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(text)
            case _:
                return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Write a cell; the waiting row becomes one of the table's."""
        row, text = index.row(), str(value)
        is_new = row >= len(self.table.rows)
        if role != Qt.ItemDataRole.EditRole or (is_new and not text):
            return False
        grows = is_new and len(self.table.rows) + 1 < MAX_CASES
        if grows:
            self.beginInsertRows(_NO_PARENT, row + 1, row + 1)
        self.table.set_cell(row, index.column(), text)
        if grows:
            self.endInsertRows()
        self.dataChanged.emit(index, index)
        self.edited.emit()
        return True

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names over the columns, numbers beside the rows."""
        is_column = orientation == Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.DisplayRole:
            if not is_column:
                return "+" if section >= len(self.table.rows) else str(section + 1)
            name = self.table.columns[section]
            return name if name in self._variables else f"{name} (not used)"
        if role == Qt.ItemDataRole.TextAlignmentRole and is_column:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None
