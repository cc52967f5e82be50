"""Many prompts at once for a blind series: a chip at the question that opens the table of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.base.templates import find_variables
from steelyard.ui.pages.compare_table import TableSheet
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_blind_layout import BlindLayout
    from steelyard.ui.theme.theme import Theme

_ABOUT = "Write {variables} in the prompt: each row of the table fills them and makes a prompt of its own."


class BlindTable(QObject):
    """Knows the prompt's variables and the rows that fill them."""

    changed = Signal()
    """Rows or variables are others."""

    def __init__(self, theme: Theme, view: BlindLayout) -> None:
        super().__init__(view)
        self._ask = view.ask
        self._variables: list[str] = []
        self.sheet = TableSheet(theme, view, view.progress)
        self.button = make_button(theme, "From a table…", "chip", icon="table")
        view.ask.chips.addWidget(self.button)
        self.button.clicked.connect(self.sheet.open)
        self.sheet.changed.connect(self._show)
        self.sheet.closed.connect(self._on_closed)
        view.ask.edited.connect(self._on_edited)
        self._show()

    @property
    def cases(self) -> list[dict[str, str]]:
        """The rows for the prompt as it stands; empty for a prompt without variables."""
        return self.sheet.cases if self._variables else []

    @property
    def missing(self) -> list[str]:
        """Variables that rows are there for, but no column."""
        return self.sheet.missing if self.cases else []

    @Slot()
    def _on_edited(self) -> None:
        variables = find_variables(self._ask.text)
        if variables != self._variables:
            self._variables = variables
            self.sheet.set_variables(variables)
            self._show()

    @Slot()
    def _on_closed(self) -> None:
        self._ask.prompt.setFocus()

    @Slot()
    def _show(self) -> None:
        rows, count = len(self.cases), len(self._variables)
        text = "From a table…"
        if count:
            text = "1 variable" if count == 1 else f"{count} variables"
            text += f", {rows:,} {'row' if rows == 1 else 'rows'}" if rows else ", no rows yet"
        self.button.setText(text)
        name_widget(self.button, text, _ABOUT)
        self.changed.emit()
