"""The settings as the sections of the settings page share them: read afresh before each save."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from steelyard.core.values.commands import ReadSettings, SaveSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.ui.bridge import Bridge


class SettingsStore(QObject):
    """Loads settings, and changes parts of them without touching what others changed meanwhile."""

    loaded = Signal(object)
    """The `Settings` as they are stored."""
    load_failed = Signal(object)
    """The `AppError` that stands in the way."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge

    def load(self) -> None:
        """Read the settings; `loaded` follows."""
        self._bridge.run(ReadSettings(), self._on_read, self._on_read_failed)

    def change(
        self,
        parts: dict[str, Any],
        on_saved: Callable[[], None],
        on_failed: Callable[[AppError], None],
    ) -> None:
        """Replace top-level parts of the settings."""
        _Change(self, self._bridge, parts, on_saved, on_failed).begin()

    def _on_read(self, settings: Settings) -> None:
        self.loaded.emit(settings)

    def _on_read_failed(self, error: AppError) -> None:
        self.load_failed.emit(error)


class _Change(QObject):
    """Read, replace, save: the command line may have saved other parts since the page was filled.

    A QObject of the page, so that the bridge drops the answers when the page is gone.
    """

    def __init__(
        self,
        store: SettingsStore,
        bridge: Bridge,
        parts: dict[str, Any],
        on_saved: Callable[[], None],
        on_failed: Callable[[AppError], None],
    ) -> None:
        super().__init__(store)
        self._bridge = bridge
        self._parts = parts
        self._on_saved = on_saved
        self._on_failed = on_failed

    def begin(self) -> None:
        self._bridge.run(ReadSettings(), self._on_read, self._on_error)

    def _on_read(self, settings: Settings) -> None:
        changed = msgspec.structs.replace(settings, **self._parts)
        self._bridge.run(SaveSettings(settings=changed), self._on_done, self._on_error)

    def _on_done(self, _answer: object) -> None:
        self.deleteLater()
        self._on_saved()

    def _on_error(self, error: AppError) -> None:
        self.deleteLater()
        self._on_failed(error)
