"""Many prompts: the sheet in which the table of variables is typed, pasted or opened from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.base.tables import parse_table
from steelyard.ui.pages.compare_form_files import FileReader
from steelyard.ui.pages.compare_table_data import MAX_CASES, VariableTable, has_header
from steelyard.ui.pages.compare_table_model import VariablesModel
from steelyard.ui.pages.compare_table_view import CellsView
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.form_sheet import Sheet
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_FILE_MAX_BYTES = 8 << 20
_ABOUT = "One row is one prompt: every row is asked of every target"


class TableSheet(Sheet):
    """Knows the prompt's variables, and names columns that are missing or not used."""

    changed = Signal()
    """Rows or columns are others."""

    def __init__(self, theme: Theme, host: QWidget, floor: QWidget) -> None:
        super().__init__(theme, host, floor, "Table of variables", _ABOUT)
        self.table = VariableTable()
        self.model = VariablesModel(self.table)
        self.view = CellsView(theme, self.model)
        self.problem = Note(theme, "warn")
        self._hint = make_label(theme, "", "muted", px=12)
        self._variables: list[str] = []
        self.reader = FileReader(self, "Open a table", "Tables (*.csv *.tsv *.txt);;All files (*)")
        self.open_button = make_button(
            theme, "Open CSV…", icon="folder-open", tooltip="Read a CSV or TSV file"
        )
        self.paste_button = make_button(
            theme, "Paste", icon="copy", tooltip="Paste from a spreadsheet (Ctrl+V)"
        )
        self.add_button = make_button(theme, "Add missing columns", "link")
        self.drop_button = make_button(theme, "Remove unused columns", "link")
        self.remove_button = make_button(
            theme, "Remove rows", "ghost", icon="trash-2", tooltip="Remove the marked rows (Ctrl+Delete)"
        )
        self.clear_button = make_button(theme, "Clear", "ghost")
        self._lay_out(theme)
        self._connect()
        self._show()

    @property
    def cases(self) -> list[dict[str, str]]:
        """The rows, by column."""
        return self.table.cases

    @property
    def missing(self) -> list[str]:
        """Variables without a column."""
        return self.table.missing(self._variables)

    @property
    def hint(self) -> str:
        """How many rows there are."""
        return self._hint.text()

    def set_variables(self, variables: list[str]) -> None:
        """The prompt has these now."""
        self._variables = variables
        self.model.set_variables(variables)
        self._show()

    def set_cases(self, cases: list[dict[str, str]]) -> None:
        """Take over the table of a stored comparison."""
        self.model.change(lambda: self.table.take_cases(cases))

    def take_text(self, text: str) -> None:
        """Replace the table by CSV or what a spreadsheet copied; says what is wrong with it."""
        try:
            cases = parse_table(text)
        except AppError as exc:
            self.problem.show_text(f"{exc.title}: {exc.detail}. {exc.hint}", "bad")
            return
        self.set_cases(cases)

    def start(self) -> None:
        """Into the first cell."""
        self.view.setFocus(Qt.FocusReason.PopupFocusReason)
        if not self.view.selectedIndexes():
            self.view.setCurrentIndex(self.model.index(0, 0))

    @Slot()
    def paste(self) -> None:
        """What a spreadsheet copied: with a header line it is the table, else it fills cells."""
        text = QGuiApplication.clipboard().text()
        if not text.strip():
            return
        if not self.table.columns or has_header(text, self._variables):
            self.take_text(text)
            return
        at = self.view.currentIndex()
        row, column = max(0, at.row()), max(0, at.column())
        left: list[int] = []
        self.model.change(lambda: left.append(self.table.paste_cells(row, column, text)))
        self.view.setCurrentIndex(self.model.index(row, column))
        if left[0]:
            self.problem.show_text(f"{left[0]:,} lines did not fit: a table has at most {MAX_CASES:,} rows.")

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self, theme: Theme) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(8)
        for button in (self.paste_button, self.open_button):
            tools.addWidget(button)
        tools.addWidget(self._hint)
        tools.addStretch(1)
        for button in (self.remove_button, self.clear_button):
            tools.addWidget(button)
        fixes = QHBoxLayout()
        fixes.setSpacing(8)
        fixes.addWidget(self.problem, 1)
        fixes.addWidget(self.add_button)
        fixes.addWidget(self.drop_button)
        body = QVBoxLayout()
        body.setSpacing(8)
        body.addLayout(tools)
        body.addLayout(fixes)
        body.addWidget(self.view, 1)
        self.column.addLayout(body)

    def _connect(self) -> None:
        self.paste_button.clicked.connect(self.paste)
        self.view.paste_wanted.connect(self.paste)
        self.view.remove_wanted.connect(self._on_remove)
        self.open_button.clicked.connect(self.reader.ask)
        self.reader.read.connect(self.take_text)
        self.reader.refused.connect(self._on_refused)
        self.add_button.clicked.connect(self._on_add_missing)
        self.drop_button.clicked.connect(self._on_drop_unused)
        self.remove_button.clicked.connect(self._on_remove)
        self.clear_button.clicked.connect(self._on_clear)
        self.model.edited.connect(self._on_edited)
        self.reader.limit_bytes = _FILE_MAX_BYTES

    @Slot()
    def _on_edited(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        missing, unused = self.missing, self.table.unused(self._variables)
        rows = len(self.cases)
        self._hint.setText(
            f"{rows:,} of at most {MAX_CASES:,} rows" if rows else "No rows yet: type, paste or open"
        )
        parts: list[str] = []
        if missing and not self.table.is_empty:
            parts.append(f"The prompt asks for {_braced(missing)}, the table has no such column.")
        if unused:
            parts.append(f"The prompt does not use {_braced(unused)}.")
        if not self.table.columns:
            parts.append("The prompt has no {variables} yet: write one in braces, or paste a table.")
        self.problem.show_text(" ".join(parts), "warn" if missing else "info")
        self.add_button.setVisible(bool(missing) and not self.table.is_empty)
        self.drop_button.setVisible(bool(unused))
        for button in (self.remove_button, self.clear_button):
            button.setEnabled(bool(self.table.rows))

    @Slot(str)
    def _on_refused(self, why: str) -> None:
        self.problem.show_text(why, "bad")

    @Slot()
    def _on_add_missing(self) -> None:
        self.model.change(lambda: self.table.add_columns(self.missing))

    @Slot()
    def _on_drop_unused(self) -> None:
        self.model.change(lambda: self.table.remove_columns(self.table.unused(self._variables)))

    @Slot()
    def _on_remove(self) -> None:
        rows = sorted({index.row() for index in self.view.selectedIndexes()})
        if rows:
            self.model.change(lambda: self.table.remove_rows(rows))
            self.view.setCurrentIndex(self.model.index(min(rows[0], self.model.rowCount() - 1), 0))

    @Slot()
    def _on_clear(self) -> None:
        self.model.change(self._clear)
        self.start()

    def _clear(self) -> None:
        self.table.rows = []
        self.table.columns = list(self._variables)


def _braced(names: list[str]) -> str:
    shown = ", ".join(f"{{{name}}}" for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
