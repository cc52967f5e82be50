"""What can be asked and what is loaded, kept up to date from the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import ListComparisons, ListServers, ListTargets, ListWeights
from steelyard.core.values.events import (
    ComparisonsChanged,
    LibraryChanged,
    ServerChanged,
    SettingsChanged,
    TargetsChanged,
)
from steelyard.ui.pages.compare_targets import STARTER, TargetRef, from_api, from_weights
from steelyard.ui.widgets.compare_picker import PickRow

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.targets import TargetRow
    from steelyard.core.values.weights import Shelf
    from steelyard.ui.bridge import Bridge

ADD_API = "add:api"
ADD_WEIGHTS = "add:weights"


class TargetLists(QObject):
    """Weights, APIs, servers and stored comparisons as rows; `changed` after each answer."""

    changed = Signal()
    """Targets or servers are others."""
    first_loaded = Signal()
    """Weights, APIs and the newest comparison have been read once, or could not be."""
    comparisons_read = Signal(object)
    """A `list[ComparisonRow]`."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._weights: list[TargetRef] = []
        self._apis: list[TargetRef] = []
        self._servers: dict[str, ServerRow] = {}
        self._waiting_for = 3
        self.comparisons: list[ComparisonRow] = []
        bridge.event_arrived.connect(self._on_event)

    @property
    def refs(self) -> list[TargetRef]:
        """Everything that can be asked: weights, then APIs."""
        return [*self._weights, *self._apis]

    @property
    def has_weights(self) -> bool:
        """Whether any weights lie on this machine."""
        return bool(self._weights)

    def ref(self, target: str) -> TargetRef | None:
        """What is known of a target."""
        return next((ref for ref in self.refs if ref.target == target), None)

    def server_of(self, ref: TargetRef) -> ServerRow | None:
        """The server that serves a target, if there is one."""
        return next((row for row in self._servers.values() if ref.serves(row.weights)), None)

    def load(self) -> None:
        """Read everything."""
        self.load_targets()
        self._bridge.run(ListServers(), on_done=self._on_servers, on_error=self._on_servers_error)
        self.load_comparisons()

    def load_targets(self) -> None:
        """Read weights and APIs again."""
        self._bridge.run(ListWeights(), on_done=self._on_weights, on_error=self._on_list_error)
        self._bridge.run(ListTargets(), on_done=self._on_apis, on_error=self._on_list_error)

    def load_comparisons(self) -> None:
        """Read the stored comparisons again."""
        self._bridge.run(ListComparisons(), on_done=self._on_comparisons, on_error=self._on_list_error)

    def first_choice(self) -> list[TargetRef]:
        """The targets of the newest comparison, as far as they still exist; else the starter."""
        names = self.comparisons[0].targets if self.comparisons else []
        known = [ref for ref in map(self.ref, dict.fromkeys(names)) if ref is not None]
        starter = self.ref(STARTER)
        return known or ([starter] if starter is not None else [])

    def pick_rows(self, taken: list[str]) -> list[PickRow]:
        """The lines of the picker; columns that are there cannot be taken twice."""
        rows = [_pick_row(ref, is_taken=ref.target in taken) for ref in self.refs]
        rows.append(PickRow(ADD_API, "Add an API target…", icon="plus", is_pinned=True))
        rows.append(PickRow(ADD_WEIGHTS, "Add a GGUF file…", icon="file-plus", is_pinned=True))
        return rows

    # ---- answers -------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, ServerChanged):
            if event.server.state == "stopped":
                self._servers.pop(event.server.name, None)
            else:
                self._servers[event.server.name] = event.server
            self.changed.emit()
        elif isinstance(event, ComparisonsChanged):
            self.load_comparisons()
        elif isinstance(event, TargetsChanged | SettingsChanged | LibraryChanged):
            self.load_targets()

    def _on_weights(self, shelf: Shelf) -> None:
        # A projector answers nothing, and a split set that lacks a part does not load.
        self._weights = [
            from_weights(row) for row in shelf.weights if row.kind == "model" and not row.missing_parts
        ]
        self._answered()

    def _on_apis(self, rows: list[TargetRow]) -> None:
        self._apis = [from_api(row) for row in rows]
        self._answered()

    def _on_comparisons(self, rows: list[ComparisonRow]) -> None:
        self.comparisons = rows
        self.comparisons_read.emit(rows)
        self._answered()

    def _on_servers(self, rows: list[ServerRow]) -> None:
        # Events are newer than this answer where both speak of one server.
        self._servers = {row.name: row for row in rows if row.state != "stopped"} | self._servers
        self.changed.emit()

    def _on_servers_error(self, _error: AppError) -> None:
        """Events will tell."""

    def _on_list_error(self, error: AppError) -> None:
        self._bridge.error_raised.emit(error)
        self._answered()

    def _answered(self) -> None:
        self.changed.emit()
        if self._waiting_for > 0:
            self._waiting_for -= 1
            if self._waiting_for == 0:
                self.first_loaded.emit()


def _pick_row(ref: TargetRef, *, is_taken: bool) -> PickRow:
    return PickRow(
        key=ref.target,
        title=ref.title,
        chip=ref.quant,
        subtitle=ref.target if ref.kind == "local" else ref.detail,
        right="already a column" if is_taken else ref.hint,
        icon="hard-drive" if ref.kind == "local" else "cloud",
        is_enabled=not is_taken,
    )
