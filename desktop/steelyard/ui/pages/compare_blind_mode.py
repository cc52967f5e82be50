"""Ties the blind view to the Compare page: the way in, the way out, and what may be opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.ui.pages.compare_blind import BlindView
from steelyard.ui.pages.compare_blind_series import BlindSetup
from steelyard.ui.widgets.response_links import LinkDialog

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonHistory
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage
    from steelyard.ui.theme.theme import Theme

ACTION = "compare.blind"


class BlindMode(QObject):
    """Opens and leaves the blind view; keeps comparisons closed whose pairs still wait for a vote."""

    changed = Signal(bool)
    """Whether a blind series is open: names and live figures are hidden elsewhere, too."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, page: ComparePage) -> None:
        super().__init__(page)
        self._theme = theme
        self._page = page
        self._dialog: LinkDialog | None = None
        self._action = actions.add(
            ACTION, "Blind vote", self.toggle, icon="eye-off", shortcut="Ctrl+B", page="compare"
        )
        self.view = BlindView(theme, bridge, actions)
        self._unveiled: set[str] = set()
        """Comparisons whose pairs were all voted on in this session."""
        page.add_view(self.view, is_whole=True)
        page.toolbar.add_tool(ACTION, "Blind vote")
        page.openers.insert(0, self._takes)
        self.view.left.connect(self._on_left)
        self.view.comparison_wanted.connect(self._on_comparison_wanted)
        self.view.link_clicked.connect(self._on_link_clicked)
        page.view_changed.connect(self._on_view_changed)
        page.answers_changed.connect(self._show_action)
        page.runs.sent.connect(self._show_action)
        page.runs.finished.connect(self._show_action)
        self._show_action()

    @property
    def is_open(self) -> bool:
        """Whether a series is open."""
        return self.view.is_open

    @Slot()
    def toggle(self) -> None:
        """Open a series over the targets of the page, or leave the one that is open."""
        if self.is_open:
            self.view.close_series()
            return
        setup = self._setup()
        if len(set(setup.targets)) < 2 or self._page.state.is_streaming:
            return
        if not self.view.ask.text:
            self.view.ask.prompt.setPlainText(self._page.composer.prompt_text)
        self._enter()
        self.view.open(setup)

    def _setup(self) -> BlindSetup:
        asked = self._page.request("")
        return BlindSetup(self._page.state.targets, asked.system, asked.sampling, asked.schedule)

    def _enter(self) -> None:
        self._page.show_view(self.view)
        self.changed.emit(True)

    def _takes(self, stored: ComparisonHistory) -> bool:
        """Whether a stored comparison is not to be shown with names yet."""
        if stored.ballot_id is None or stored.id in self._unveiled or self._is_voted(stored):
            return False
        self._enter()
        self.view.open_ballot(stored.ballot_id, self._setup(), wanted=stored)
        return True

    def _is_voted(self, stored: ComparisonHistory) -> bool:
        """Whether each of its prompts has its vote: answers that were revealed are asked in no other pair."""
        row = next((row for row in self._page.lists.comparisons if row.id == stored.id), None)
        if row is None or stored.missing_runs:
            return False
        return row.votes >= max(1, row.cases)

    @Slot()
    def _on_left(self) -> None:
        self._page.show_view(None)
        self.changed.emit(False)
        self._page.show_columns()
        self._page.focus_prompt()

    @Slot(str)
    def _on_comparison_wanted(self, comparison_id: str) -> None:
        self._unveiled.add(comparison_id)
        self._page.open_comparison(comparison_id)

    @Slot()
    def _on_view_changed(self) -> None:
        """Something else took the place, such as a new comparison: the series is left."""
        if self.is_open and self._page.view is not self.view:
            self.view.close_series()

    @Slot(str)
    def _on_link_clicked(self, address: str) -> None:
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = LinkDialog(self._theme, address, self.view)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.show()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None

    @Slot()
    def _show_action(self) -> None:
        state = self._page.state
        can_open = len(set(state.targets)) > 1 and not state.is_streaming
        self._action.setEnabled(self.is_open or can_open)
