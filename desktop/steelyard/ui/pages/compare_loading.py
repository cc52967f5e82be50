"""Loads the first column's weights at the start, so that the first answer does not wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from steelyard.core.values.commands import LoadWeights
from steelyard.core.values.run import error_info

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.ui.bridge import Bridge


class Loading(QObject):
    """One load at a time; how far it is comes with `ServerChanged`."""

    failed = Signal(str, object)
    """Target and `ErrorInfo`."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._target = ""

    def load(self, target: str) -> None:
        """Have a server for these weights."""
        self._target = target
        self._bridge.run(LoadWeights(target=target), on_done=self._on_loaded, on_error=self._on_error)

    def _on_loaded(self, _server: object) -> None:
        """The event has told already."""

    def _on_error(self, error: AppError) -> None:
        self.failed.emit(self._target, error_info(error))
