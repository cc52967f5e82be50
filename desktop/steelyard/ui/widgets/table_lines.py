"""What stands behind a painted table: one line for each row, replaced together, titles over the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from steelyard.ui.widgets.compare_plain import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QFont

Line = TypeVar("Line")
Index = QModelIndex | QPersistentModelIndex
LINE_ROLE = Qt.ItemDataRole.UserRole
"""The line itself, for whoever paints it."""


@dataclass(frozen=True)
class Column:
    """The head of a column; without a tip its title is the tip."""

    title: str
    tip: str = ""
    is_number: bool = False


class LinesModel(QAbstractTableModel, Generic[Line]):
    """Lines as they were given last."""

    def __init__(
        self,
        header_font: QFont,
        columns: Sequence[Column],
        key_of: Callable[[Line], str],
        cell_text: Callable[[Line, int], str],
        cell_tip: Callable[[Line, int], str],
    ) -> None:
        """`key_of` names what stays the same when a line is given with other figures."""
        super().__init__()
        self._header_font = header_font
        self._columns = columns
        self._cell_text = cell_text
        self._cell_tip = cell_tip
        self._lines: list[Line] = []
        self.key_of = key_of

    @property
    def lines(self) -> list[Line]:
        """What is listed."""
        return self._lines

    def show_lines(self, lines: list[Line]) -> None:
        """List other lines; unchanged ones keep view and selection."""
        if lines != self._lines:
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()

    def row_of(self, key: str) -> int:
        """Where a line stands; -1 if it is not listed."""
        return next((at for at, line in enumerate(self._lines) if self.key_of(line) == key), -1)

    def title_of(self, column: int) -> str:
        """What stands over a column."""
        return self._columns[column].title

    def tip_of(self, column: int) -> str:
        """What the title of a column says on hover."""
        return self._columns[column].tip or self._columns[column].title

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """One row for each line."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """As many as there are titles."""
        return len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The line for the painter, words for readers, and why for the pointer."""
        line = self._lines[index.row()]
        match role:
            case Qt.ItemDataRole.UserRole:
                return line
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._cell_text(line, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(self._cell_tip(line, index.column()))
            case _:
                return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles over the columns, those of numbers at the right."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.title_of(section)
            case Qt.ItemDataRole.ToolTipRole:
                return self.tip_of(section)
            case Qt.ItemDataRole.FontRole:
                return self._header_font
            case Qt.ItemDataRole.TextAlignmentRole:
                is_number = self._columns[section].is_number
                side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
                return side | Qt.AlignmentFlag.AlignVCenter
            case _:
                return None
