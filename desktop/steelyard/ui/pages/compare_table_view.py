"""The table of variables as a spreadsheet's keys know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHeaderView, QTableView

from steelyard.ui.widgets.form_cell_edit import CellEditing
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.ui.pages.compare_table_model import VariablesModel
    from steelyard.ui.theme.theme import Theme

_COLUMN_PX = 220
_ROW_PX = 28


class CellsView(QTableView):
    """Enter begins to write, Ctrl+V pastes, Delete empties, Ctrl+Delete takes rows away."""

    paste_wanted = Signal()
    """What the clipboard has is to be put in."""
    remove_wanted = Signal()
    """The marked rows are to go."""

    def __init__(self, theme: Theme, model: VariablesModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setFont(theme.font(12, mono=True))
        self.horizontalHeader().setFont(theme.font(12, 500))
        self.horizontalHeader().setDefaultSectionSize(_COLUMN_PX)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setFont(theme.font(11, tabular=True))
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setItemDelegate(CellEditing(theme, self))
        name_widget(self, "Table of variables")
        self.setToolTip("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of a spreadsheet; Enter begins to write."""
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        elif event.key() == Qt.Key.Key_Delete and is_control:
            self.remove_wanted.emit()
        elif event.key() == Qt.Key.Key_Delete:
            for index in self.selectedIndexes():
                self.model().setData(index, "")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not is_control:
            self.edit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        rows: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda at: (at.row(), at.column())):
            text = str(index.data(Qt.ItemDataRole.EditRole))
            is_plain = not any(mark in text for mark in '\t\n"')
            rows.setdefault(index.row(), []).append(text if is_plain else '"' + text.replace('"', '""') + '"')
        QGuiApplication.clipboard().setText("\n".join("\t".join(cells) for cells in rows.values()))
