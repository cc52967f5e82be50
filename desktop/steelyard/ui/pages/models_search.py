"""Searching the hub: waits until the typing rests, pages in more, keeps the curated list beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values.commands import ReadCatalog, SearchHub
from steelyard.core.values.hub import HubFilters
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.hub import CatalogEntry, HubModelRow, HubPage, HubSort
    from steelyard.ui.bridge import Bridge

TYPING_MS = 300
SLOW_MS = 300
PAGE_ROWS = 20
_MOST_EMPTY_PAGES = 4


class Search(QObject):
    """What was asked for and what came back."""

    changed = Signal()
    """Results, catalogue or state are others."""
    settled = Signal()
    """The typing rests: look at the text."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self.query = ""
        self.sort: HubSort = "downloads"
        self.filters = HubFilters()
        self.results: list[HubModelRow] = []
        self.catalog: list[CatalogEntry] = []
        self.error: AppError | None = None
        self.is_slow = False
        """The first answer takes so long that it should be seen to be on its way."""
        self.has_answer = False
        self._cursor: str | None = None
        self._empty_pages = 0
        self._first = Latest(bridge, self)
        self._more = Latest(bridge, self)
        self._curated = Latest(bridge, self)
        self._typing = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._slow = QTimer(self, singleShot=True, interval=SLOW_MS)
        self._typing.timeout.connect(self.settled)
        self._slow.timeout.connect(self._on_slow)
        self._first.answered.connect(self._on_first)
        self._first.failed.connect(self._on_failed)
        self._more.answered.connect(self._on_more)
        self._more.failed.connect(self._on_more_failed)
        self._curated.answered.connect(self._on_catalog)
        self._curated.failed.connect(self._on_catalog_failed)

    @property
    def is_loading(self) -> bool:
        """Whether the first results are awaited."""
        return self._first.is_busy

    @property
    def is_loading_more(self) -> bool:
        """Whether further results are awaited."""
        return self._more.is_busy

    @property
    def has_more(self) -> bool:
        """Whether the hub has more results."""
        return self._cursor is not None

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the results."""
        return bool(self.query) or self.filters != HubFilters()

    def load_catalog(self) -> None:
        """Read the curated list; it needs no hub."""
        self._curated.ask(ReadCatalog())

    def good_for(self, repo: str) -> str:
        """What the curated list says a repository is good for; empty when it is not in it."""
        asked = repo.casefold()
        return next((entry.good_for for entry in self.catalog if entry.repo.casefold() == asked), "")

    def note_typing(self) -> None:
        """Somebody types: wait until it rests."""
        self._typing.start()

    def settle_now(self) -> None:
        """Enter was pressed: do not wait."""
        self._typing.stop()

    def run(self) -> None:
        """Ask the hub for the first results."""
        self._typing.stop()
        self._more.drop()
        self._cursor = None
        self._empty_pages = 0
        self.error = None
        self._first.ask(self._command(None))
        self._slow.start()
        self.changed.emit()

    @Slot()
    def run_more(self) -> None:
        """Ask for the next results, once."""
        if self._cursor is not None and not self.is_loading and not self.is_loading_more:
            self._more.ask(self._command(self._cursor))
            self.changed.emit()

    def _command(self, cursor: str | None) -> SearchHub:
        return SearchHub(
            query=self.query, sort=self.sort, filters=self.filters, limit=PAGE_ROWS, cursor=cursor
        )

    @Slot(object)
    def _on_first(self, page: HubPage) -> None:
        self._end_wait()
        self.has_answer = True
        self.results, self._cursor = list(page.results), page.cursor
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._end_wait()
        self.results, self.error = [], error
        self.changed.emit()

    @Slot(object)
    def _on_more(self, page: HubPage) -> None:
        known = {row.repo for row in self.results}
        new = [row for row in page.results if row.repo not in known]
        self.results.extend(new)
        self._empty_pages = 0 if new else self._empty_pages + 1
        # A narrow filter may leave nothing of many pages; the hub is not asked for all of them in a row.
        self._cursor = page.cursor if self._empty_pages < _MOST_EMPTY_PAGES else None
        self.changed.emit()

    @Slot(object)
    def _on_more_failed(self, error: AppError) -> None:
        self.error = error
        self.changed.emit()

    @Slot(object)
    def _on_catalog(self, entries: list[CatalogEntry]) -> None:
        self.catalog = entries
        self.changed.emit()

    @Slot(object)
    def _on_catalog_failed(self, _error: AppError) -> None:
        """The results alone will do."""
        self.changed.emit()

    @Slot()
    def _on_slow(self) -> None:
        if self.is_loading:
            self.is_slow = True
            self.changed.emit()

    def _end_wait(self) -> None:
        self._slow.stop()
        self.is_slow = False
