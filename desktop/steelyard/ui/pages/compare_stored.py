"""Opens stored comparisons, and goes on with those that were interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from steelyard.core.values.commands import ReadComparison
from steelyard.ui.pages.compare_restore import restore

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonHistory
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare import ComparePage


class StoredComparisons(QObject):
    """Owned by the page."""

    def __init__(self, bridge: Bridge, page: ComparePage) -> None:
        super().__init__(page)
        self._bridge = bridge
        self._page = page
        self._resume_after = ""

    @Slot(str)
    def open(self, comparison_id: str) -> None:
        """Show a stored comparison."""
        self._bridge.run(ReadComparison(id=comparison_id), on_done=self._on_read)

    @Slot(str)
    def resume(self, comparison_id: str) -> None:
        """Open a comparison if need be, and run what it lacks."""
        if comparison_id == self._page.state.comparison_id:
            self._page.runs.resume()
        else:
            self._resume_after = comparison_id
            self.open(comparison_id)

    def _on_read(self, stored: ComparisonHistory) -> None:
        if self._page.state.is_streaming:
            self._page.runs.stop()
        is_resumed, self._resume_after = stored.id == self._resume_after, ""
        if any(opener(stored) for opener in self._page.openers):
            if is_resumed and self._page.forms.is_grid_shown:
                self._page.forms.grid.runs.resume()
            return
        self._page.show_view(None)
        restore(self._page.state, stored, self._page.lists.refs)
        self._page.set_title(stored.title)
        self._page.toolbar.set_schedule(stored.schedule)
        if self._page.state.sent is not None:
            self._page.composer.set_request(stored.system, self._page.state.sent.sampling)
        self._page.show_columns()
        self._page.comparison_opened.emit(stored)
        if is_resumed:
            self._page.runs.resume()
        else:
            self._page.rest.look(self._page.lists.comparisons)
