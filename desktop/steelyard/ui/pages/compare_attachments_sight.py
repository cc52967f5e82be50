"""Which local columns cannot read images: their servers run without a projector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import ReadServer

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import ServerDetail
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_lists import TargetLists
    from steelyard.ui.pages.compare_state import CompareState


class Sight(QObject):
    """Looks when an image is attached and when the columns change; a server that is not there has none."""

    blind_found = Signal(object)
    """Titles of the columns that cannot read images, as a list."""

    def __init__(self, bridge: Bridge, state: CompareState, lists: TargetLists, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._state = state
        self._lists = lists
        self._seeing: dict[str, bool] = {}
        """By server and the process it was read of, so that a restart is looked at again."""
        self._is_wanted = False

    def look(self, *, is_wanted: bool) -> None:
        """Find out, where it matters."""
        self._is_wanted = is_wanted
        self._ask()
        self._tell()

    @Slot()
    def look_again(self) -> None:
        """Columns or servers are others."""
        if self._is_wanted:
            self._ask()
            self._tell()

    def _ask(self) -> None:
        if not self._is_wanted:
            return
        for column in self._state.columns:
            server = self._lists.server_of(column.ref)
            key = f"{server.name} {server.pid}" if server is not None else ""
            if server is not None and key not in self._seeing:
                self._seeing[key] = True  # until it is known: no warning that may be wrong
                self._bridge.run(
                    ReadServer(name=server.name), on_done=self._on_server, on_error=self._on_error
                )

    def _tell(self) -> None:
        blind: list[str] = []
        for column in self._state.columns if self._is_wanted else []:
            server = self._lists.server_of(column.ref)
            sees = self._seeing.get(f"{server.name} {server.pid}", True) if server is not None else False
            if column.ref.kind == "local" and not sees:
                blind.append(column.ref.title)
        self.blind_found.emit(blind)

    def _on_server(self, detail: ServerDetail) -> None:
        self._seeing[f"{detail.row.name} {detail.row.pid}"] = detail.profile.mmproj is not None
        self._tell()

    def _on_error(self, _error: AppError) -> None:
        """It ended meanwhile; the lists will tell."""
