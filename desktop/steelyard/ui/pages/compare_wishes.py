"""What the user wants of one column: another answer, another question, a pin, a remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from steelyard.ui.pages.compare_loading import Loading
from steelyard.ui.pages.compare_remedies import cure_of
from steelyard.ui.pages.compare_state import Ask

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.pages.compare_turn import Turn


class ColumnWishes(QObject):
    """Owned by the page; connects itself to each column."""

    def __init__(self, bridge: Bridge, actions: Actions, page: ComparePage) -> None:
        super().__init__(page)
        self._page = page
        self._actions = actions
        self._loading = Loading(bridge, self)
        self._loading.failed.connect(self._on_load_failed)

    def listen(self, widget: TargetColumn) -> None:
        """Hear what is wanted of a column."""
        widget.remove_wanted.connect(self.remove)
        widget.rerun_wanted.connect(self.rerun)
        widget.edit_wanted.connect(self.edit)
        widget.pin_wanted.connect(self.pin)
        widget.remedy_wanted.connect(self.remedy)
        widget.settings_wanted.connect(self.open_settings)

    def load(self, target: str) -> None:
        """Have a server for these weights before the first prompt."""
        self._loading.load(target)

    @Slot(str, object)
    def _on_load_failed(self, target: str, error: object) -> None:
        for widget in self._page.columns.widgets:
            if widget.column.ref.target == target:
                widget.column.load_error = error  # type: ignore[assignment]
                widget.sync()

    @Slot(object)
    def remove(self, widget: TargetColumn) -> None:
        """Take a column away."""
        self._page.state.remove(widget.column)
        self._page.show_columns()
        self._page.focus_prompt()

    @Slot(object, object)
    def rerun(self, widget: TargetColumn, turn: Turn | None) -> None:
        """Answer a question of a column again; without a turn its last one, or load its weights again."""
        turn = turn or widget.column.turn
        if turn is None:
            widget.column.load_error = None
            widget.sync()
            self._loading.load(widget.column.ref.target)
        else:
            self._page.runs.regenerate(widget.column, turn, self._page.again(turn.sent))

    @Slot(object, object)
    def edit(self, widget: TargetColumn, turn: Turn) -> None:
        """Edit a question of a column."""
        self._page.editing.begin(widget.column, turn, is_for_all=False)

    @Slot(object, object)
    def pin(self, widget: TargetColumn, turn: Turn) -> None:
        """Pin an answer, or unpin it."""
        self._page.runs.pin(turn, is_pinned=not turn.is_pinned)
        widget.rebuild()
        self._page.on_branch_changed(widget)

    @Slot(object, object)
    def remedy(self, widget: TargetColumn, entry: NotComparable) -> None:
        """Do what would make a figure comparable."""
        turn = self._page.state.turn_of(entry.run_id) or widget.column.turn
        if turn is None or self._page.state.is_streaming:
            return
        cure = cure_of(entry, self._page.again(turn.sent), turn.run)
        self._page.toolbar.set_schedule(cure.sent.schedule)
        if cure.who == "column" or not self._page.state.is_stored:
            self._page.runs.regenerate(widget.column, turn, cure.sent)
            return
        self._page.composer.set_request(cure.sent.system, cure.sent.sampling)
        asks = [
            Ask(column, column.turn.parent) for column in self._page.state.columns if column.turn is not None
        ]
        if cure.who == "alone":
            self._page.runs.ask_in_turn(cure.sent, asks)
        else:
            self._page.runs.ask(cure.sent, asks)

    @Slot(str)
    def open_settings(self, section: str) -> None:
        """Show where something that is missing is set."""
        if section == "prices" and any(entry.id == "settings.targets" for entry in self._actions.all()):
            self._actions.trigger("settings.targets")
        else:
            self._page.settings_requested.emit("targets" if section == "prices" else section)
