"""Ties the table of variables and the grid of its answers to the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.base.templates import fill, find_variables
from steelyard.ui.pages.compare_grid import GridPanel
from steelyard.ui.pages.compare_remedies import cure_of
from steelyard.ui.pages.compare_state import MAX_COLUMNS
from steelyard.ui.pages.compare_table import TableSheet
from steelyard.ui.pages.compare_table_chip import TableChip
from steelyard.ui.pages.compare_tree import Column

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonHistory, NotComparable
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage
    from steelyard.ui.pages.compare_turn import Sent, Turn
    from steelyard.ui.theme.theme import Theme


class TableDesk(QObject):
    """Takes prompts that a table fills, and shows the grid in the columns' place."""

    changed = Signal()
    """What can be done is other now."""

    def __init__(self, theme: Theme, bridge: Bridge, page: ComparePage) -> None:
        super().__init__(page)
        self._page = page
        self.table = TableSheet(theme, page, page.composer)
        self.table_chip = TableChip(theme)
        self.grid = GridPanel(theme, bridge)
        page.composer.add_foot(self.table_chip)
        page.composer.times.append(self._times)
        page.composer.prompt.textChanged.connect(self._show_table)
        page.add_view(self.grid)
        page.takers.append(self.take)
        page.openers.append(self.open)
        self.table.changed.connect(self._on_table)
        self.grid.left.connect(self.switch_view)
        self.grid.changed.connect(self._on_grid)
        self.grid.link_clicked.connect(page.show_link)
        self.grid.ask_wanted.connect(self._on_ask_wanted)
        self._show_table()

    # ---- what is on the screen -----------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a table is being asked."""
        return self.grid.runs.is_running

    @property
    def is_grid_shown(self) -> bool:
        """Whether the grid stands in the columns' place."""
        return self._page.view is self.grid

    @property
    def sent(self) -> Sent | None:
        """What the grid on the screen was asked."""
        state = self.grid.runs.state
        return state.sent if state is not None and self.is_grid_shown else None

    @property
    def title(self) -> str:
        """Of the grid on the screen."""
        state = self.grid.runs.state
        return state.title if state is not None and self.is_grid_shown else ""

    @property
    def lacks_column(self) -> bool:
        """Whether the prompt asks for a column that the table does not have."""
        return bool(self._variables() and self.table.cases and self.table.missing)

    # ---- what can be done ----------------------------------------------------------------------------------

    def written(self, prompt: str) -> str:
        """The prompt as it is asked: a table of one row fills it."""
        cases = self._cases(prompt)
        return fill(prompt, cases[0]) if len(cases) == 1 else prompt

    def take(self, sent: Sent) -> bool:
        """Ask a table of more than one row; False leaves the prompt to the columns."""
        cases = self._cases(sent.prompt)
        if len(cases) < 2 or self._page.editing.is_on:
            return False
        refs = [column.ref for column in self._page.state.columns]
        self.grid.runs.start(replace(sent, cache_prompt=None), refs, cases)
        return True

    def stop(self) -> bool:
        """Stop a table; False where none runs."""
        is_running = self.is_running
        self.grid.runs.stop()
        return is_running

    def rerun(self) -> bool:
        """Ask the table on the screen again; False where there is none."""
        if self.is_grid_shown and not self.is_running:
            self.grid.runs.rerun()
        return self.is_grid_shown

    def edit(self) -> bool:
        """Put the prompt of the grid on the screen back into the composer; False where there is none."""
        state = self.grid.runs.state
        if state is None or not self.is_grid_shown:
            return False
        self.table.set_cases(state.cases)
        self._page.composer.set_attachments(state.sent.attachments)
        self._page.composer.set_prompt(state.sent.prompt)
        return True

    def start_new(self) -> None:
        """A new comparison begins."""
        self.grid.runs.clear()

    @Slot()
    def switch_view(self) -> None:
        """From the columns to the last grid, and back."""
        if self.is_grid_shown:
            self._page.show_view(None)
            self._page.focus_prompt()
        elif self.grid.runs.state is not None:
            self._page.show_view(self.grid)
            self.grid.focus_first()
        self.changed.emit()

    def open(self, stored: ComparisonHistory) -> bool:
        """Show a stored table; False leaves a comparison to the columns."""
        if stored.plan is None or not stored.plan.cases or stored.ballot_id is not None:
            return False
        page = self._page
        self.grid.runs.restore(stored, page.lists.refs)
        state = self.grid.runs.state
        assert state is not None
        page.state.clear()
        page.state.columns = [Column(ref) for ref in state.refs[:MAX_COLUMNS]]
        page.toolbar.set_schedule(stored.schedule)
        page.composer.set_request(stored.system, state.sent.sampling)
        self.table.set_cases(state.cases)
        page.show_view(self.grid)
        page.show_columns()
        page.comparison_opened.emit(stored)
        self.grid.focus_first()
        return True

    # ---- inside --------------------------------------------------------------------------------------------

    def _variables(self) -> list[str]:
        return find_variables(self._page.composer.prompt.text)

    def _cases(self, prompt: str) -> list[dict[str, str]]:
        """The rows that fill this prompt; none where it asks for nothing."""
        return self.table.cases if find_variables(prompt) else []

    def _times(self) -> int:
        return max(1, len(self.table.cases)) if self._variables() else 1

    @Slot()
    def _show_table(self) -> None:
        names = self._variables()
        self.table.set_variables(names)
        self.table_chip.show_table(names, len(self.table.cases), has_gap=bool(self.table.missing))

    @Slot()
    def _on_table(self) -> None:
        self._show_table()
        self._page.composer.edited.emit()

    @Slot()
    def _on_grid(self) -> None:
        if self.is_running:
            self._page.show_view(self.grid)
        else:
            self._page.lists.load_comparisons()
        self.changed.emit()

    @Slot(object, object, object)
    def _on_ask_wanted(self, sent: Sent, turn: Turn, entry: NotComparable | None) -> None:
        """One case alone, in columns, without what made it hard to compare."""
        if entry is not None:
            sent = cure_of(entry, sent, turn.run).sent
        self._page.ask_alone(sent)
        self.changed.emit()
