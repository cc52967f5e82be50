"""Discover: the list at the left, the opened repository at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.core.base.hosts import host_of
from steelyard.core.values.commands import ReadHubAccount
from steelyard.core.values.events import DownloadChanged, EngineChanged, SettingsChanged
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.models_repo import RepoPane
from steelyard.ui.pages.models_search_pane import SearchPane

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.hub import HubAccount
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Downloads, Library
    from steelyard.ui.theme.theme import Theme

_LEFT_PX = 376
_NARROW_LEFT_PX = 288
_NARROW_BELOW_PX = 1150


class DiscoverTab(QWidget):
    """Finds, prices, downloads."""

    def __init__(self, theme: Theme, bridge: Bridge, library: Library, downloads: Downloads) -> None:
        super().__init__()
        self._is_started = False
        self.search = SearchPane(theme, bridge, downloads)
        self.repo = RepoPane(theme, bridge, library, downloads)
        self._account = Latest(bridge, self)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.search)
        row.addWidget(self.repo, 1)
        self.search.repo_wanted.connect(self.repo.open_repo)
        self.repo.opened.connect(self._on_opened)
        self.search.retried.connect(self._on_retried)
        self._account.answered.connect(self._on_account)
        self._account.failed.connect(self._on_account_failed)
        bridge.event_arrived.connect(self._on_event)

    def start(self) -> None:
        """Ask the hub, the first time that the page is shown."""
        if not self._is_started:
            self._is_started = True
            self._account.ask(ReadHubAccount())
            self.search.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow window leaves its width to the files."""
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW_BELOW_PX
        self.search.setFixedWidth(_NARROW_LEFT_PX if is_narrow else _LEFT_PX)
        self.repo.head.set_compact(is_compact=is_narrow)
        self._row.setSpacing(8 if is_narrow else 16)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if not self._is_started:
            return
        is_done = isinstance(event, DownloadChanged) and event.download.state == "done"
        if is_done or isinstance(event, SettingsChanged):
            self._account.ask(ReadHubAccount())
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if (is_ready or isinstance(event, SettingsChanged)) and self.search.is_offline:
            self.search.retry()

    @Slot(str)
    def _on_opened(self, repo: str) -> None:
        self.search.show_open(repo)
        self.repo.head.show_good_for(self.search.search.good_for(repo))

    @Slot()
    def _on_retried(self) -> None:
        """What kept the list from being read kept the repository, too."""
        if self.repo.state == "trouble":
            self.repo.reload()

    @Slot(object)
    def _on_account(self, account: HubAccount) -> None:
        self.search.host.setText(host_of(account.endpoint))
        self.repo.show_account(account)

    @Slot(object)
    def _on_account_failed(self, _error: object) -> None:
        """The search tells whether the hub is reached."""
        self.search.host.setText("")
