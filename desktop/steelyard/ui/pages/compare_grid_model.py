"""The grid as Qt sees it: one row for each case that the filter lets through, one column for each target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from steelyard.ui.pages.compare_grid_figures import CellSum, HeadLook, case_line, head_of, look_of, sum_of
from steelyard.ui.widgets.compare_plain import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.ui.pages.compare_grid_cells import GridCell, GridFilter
    from steelyard.ui.pages.compare_grid_state import GridState, Place
    from steelyard.ui.pages.compare_targets import TargetRef

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
LOOK_ROLE = Qt.ItemDataRole.UserRole


class GridModel(QAbstractTableModel):
    """The first column names the case, the others hold the targets' answers."""

    def __init__(self) -> None:
        super().__init__()
        self.state: GridState | None = None
        self._filter: GridFilter = "all"
        self._cases: list[int] = []
        self._rows: dict[int, int] = {}
        self._heads: list[HeadLook] = []
        self._sums: list[list[CellSum | None]] = []
        """By column and case; None where the cell has changed since."""

    @property
    def filter(self) -> GridFilter:
        """Which cases are let through."""
        return self._filter

    @property
    def cases(self) -> list[int]:
        """The cases that are listed, by row."""
        return self._cases

    def set_state(self, state: GridState | None) -> None:
        """Show another comparison, all of it."""
        self.beginResetModel()
        self.state, self._filter = state, "all"
        self.forget()
        self._list()
        self.endResetModel()

    def set_filter(self, by: GridFilter) -> None:
        """Let only these cases through."""
        self.beginResetModel()
        self._filter = by
        self._list()
        self.endResetModel()

    def touch(self, places: Iterable[Place]) -> None:
        """These cells are others now."""
        for case, column in places:
            self._sums[column][case] = None
            row = self._rows.get(case)
            if row is not None:
                index = self.index(row, column + 1)
                self.dataChanged.emit(index, index)

    def forget(self) -> None:
        """All cells may be others."""
        state = self.state
        self._sums = [[None] * len(state.cases) for _ in state.refs] if state is not None else []

    def refresh(self) -> None:
        """Sum up anew, and list cases that a filter lets through by now."""
        state = self.state
        if state is None:
            return
        if self._filter != "all" and state.shown(self._filter) != self._cases:
            self.beginResetModel()
            self._list()
            self.endResetModel()
        self._sum_up()
        if state.refs:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(state.refs))

    def row_of(self, case: int) -> int:
        """Where a case is listed; -1 where it is not."""
        return self._rows.get(case, -1)

    def cell(self, index: Index) -> GridCell | None:
        """What stands at a place; None for the first column."""
        if self.state is None or not index.isValid() or index.column() == 0:
            return None
        return self.state.cells[self._cases[index.row()]][index.column() - 1]

    def head(self, section: int) -> HeadLook | None:
        """The medians over a column."""
        return self._heads[section - 1] if 0 < section <= len(self._heads) else None

    def ref(self, section: int) -> TargetRef | None:
        """The target of a column."""
        refs = self.state.refs if self.state is not None else []
        return refs[section - 1] if 0 < section <= len(refs) else None

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """The cases that are let through."""
        return 0 if parent.isValid() else len(self._cases)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """The cases' own, and the targets."""
        return 0 if parent.isValid() or self.state is None else len(self.state.refs) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The look for the painter, words for readers."""
        state = self.state
        if state is None:
            return None
        case, cell = self._cases[index.row()], self.cell(index)
        if role == LOOK_ROLE:
            waits = state.waiting.get(index.column() - 1, "") if state.is_running else ""
            return look_of(cell, waits) if cell is not None else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return look_of(cell).words if cell is not None else f"{case + 1}. {case_line(state.cases[case])}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(_tip(cell) if cell is not None else case_line(state.cases[case]))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Names over the columns; the header paints the rest itself."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        ref, head = self.ref(section), self.head(section)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ref.title if ref is not None else "Case"
        if role == Qt.ItemDataRole.ToolTipRole and head is not None:
            return plain_tooltip("\n".join(part for part in (head.tip, head.notes) if part))
        return None

    def _list(self) -> None:
        self._cases = self.state.shown(self._filter) if self.state is not None else []
        self._rows = {case: row for row, case in enumerate(self._cases)}
        self._sum_up()

    def _sum_up(self) -> None:
        """Heads from the cells' sums; only those of changed cells are made anew."""
        state = self.state
        if state is None:
            self._heads = []
            return
        for column, sums in enumerate(self._sums):
            for case, one in enumerate(sums):
                if one is None:
                    sums[case] = sum_of(state.cells[case][column])
        self._heads = [
            head_of([one for one in sums if one is not None], state.summary.get(ref.target))
            for ref, sums in zip(state.refs, self._sums, strict=True)
        ]


def _tip(cell: GridCell) -> str:
    look = look_of(cell)
    structured = cell.turn.run.structured if cell.turn.run is not None else None
    parts = [look.text, look.mark, f"{look.verdict}: {structured.detail}" if structured is not None else ""]
    error = cell.turn.error
    if error is not None:
        parts += [error.detail, error.hint]
    return "\n".join(part for part in parts if part)
