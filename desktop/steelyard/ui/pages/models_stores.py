"""What all tabs of the Models page share: the shelf of this machine and the list of downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values.commands import ListDownloads, ListWeights
from steelyard.core.values.events import DownloadChanged, EngineChanged, LibraryChanged, SettingsChanged
from steelyard.core.values.weights import Shelf
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.hub import DownloadRow, HubFileRow
    from steelyard.core.values.weights import WeightsRow
    from steelyard.ui.bridge import Bridge

_SETTLE_MS = 300
"""A download of many parts tells a lot of changes in one moment; the shelf is read once after them."""


class Library(QObject):
    """The shelf, read again whenever something happened to it."""

    changed = Signal()
    """The shelf is another one."""
    failed = Signal(object)
    """The `AppError` that kept it from being read."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self.shelf = Shelf(weights=[])
        self.is_loaded = False
        self._by_file: dict[tuple[str, str], str] = {}
        self._by_hash: dict[str, str] = {}
        self._is_stale = False
        self._question = Latest(bridge, self)
        self._question.answered.connect(self._on_listed)
        self._question.failed.connect(self._on_failed)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.load)
        bridge.event_arrived.connect(self._on_event)

    @Slot()
    def load(self) -> None:
        """Read the shelf; `changed` follows. While it is read already, it is read once more after that."""
        if self._question.is_busy:
            self._is_stale = True
        else:
            self._question.ask(ListWeights())

    def local_name(self, repo: str, file: HubFileRow) -> str:
        """Name of the weights on this machine that are this file of the hub; empty if there are none.

        Other tools keep no record of the repository: what has the published hash is the file, too.
        """
        first = (file.parts[0] if file.parts else file.name).rpartition("/")[2]
        return self._by_file.get((repo, first)) or self._by_hash.get(file.sha256 or "", "")

    @Slot(object)
    def _on_event(self, event: object) -> None:
        is_done = isinstance(event, DownloadChanged) and event.download.state == "done"
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if is_done or is_ready or isinstance(event, LibraryChanged | SettingsChanged):
            self._settle.start()

    @Slot(object)
    def _on_listed(self, shelf: Shelf) -> None:
        self.is_loaded = True
        self.shelf = shelf
        self._index()
        self.changed.emit()
        self._read_again()

    def _index(self) -> None:
        """Every file of an opened repository is looked up at each move of the slider."""
        whole = [row for row in reversed(self.shelf.weights) if not row.missing_parts]
        self._by_file = {(row.repo, _file_name(row)): row.name for row in whole if row.repo}
        self._by_hash = {row.sha256: row.name for row in whole if row.sha256}

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.failed.emit(error)
        self._read_again()

    def _read_again(self) -> None:
        if self._is_stale:
            self._is_stale = False
            self.load()


class Downloads(QObject):
    """The download list in its order."""

    changed = Signal(object)
    """One `DownloadRow` is new or another; "cancelled" is gone."""
    listed = Signal()
    """The whole list was read."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._rows: dict[str, DownloadRow] = {}
        self._bridge = bridge
        bridge.event_arrived.connect(self._on_event)

    @property
    def rows(self) -> list[DownloadRow]:
        """All entries, first comes first."""
        return sorted(self._rows.values(), key=_order)

    def load(self) -> None:
        """Read the list."""
        self._bridge.run(ListDownloads(), self._on_listed, self._on_failed)

    def of(self, repo: str, name: str) -> DownloadRow | None:
        """The entry of one file of a repository."""
        found = [row for row in self._rows.values() if row.repo == repo and row.name == name]
        return found[-1] if found else None

    def of_repo(self, repo: str) -> DownloadRow | None:
        """An entry of a repository that is not done yet."""
        return next((row for row in self._rows.values() if row.repo == repo and row.state != "done"), None)

    def has_done(self, repo: str) -> bool:
        """Whether a file of a repository was downloaded while the list was kept."""
        return any(row.repo == repo and row.state == "done" for row in self._rows.values())

    def take(self, row: DownloadRow) -> None:
        """Note an entry, as an event or an answer tells it."""
        if row.state == "cancelled":
            self._rows.pop(row.id, None)
        else:
            self._rows[row.id] = row
        self.changed.emit(row)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, DownloadChanged):
            self.take(event.download)
        elif isinstance(event, EngineChanged) and event.state == "ready":
            self.load()

    def _on_listed(self, rows: list[DownloadRow]) -> None:
        self._rows = {row.id: row for row in rows if row.state != "cancelled"}
        self.listed.emit()

    def _on_failed(self, error: AppError) -> None:
        self._bridge.error_raised.emit(error)


def _order(row: DownloadRow) -> tuple[int, str]:
    return row.position, row.id


def _file_name(row: WeightsRow) -> str:
    path = row.parts[0] if row.parts else row.path
    return path.replace("\\", "/").rpartition("/")[2]
