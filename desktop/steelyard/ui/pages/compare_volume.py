"""How many prompts a month has: read from the settings, changed in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import ReadSettings, SaveSettings
from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.compare_sampling import PER_MONTH
from steelyard.ui.pages.latest import Latest
from steelyard.ui.widgets.compare_values import ValuePopup

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.settings import Settings
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class Volume(QObject):
    """The number, and the small editor for it."""

    changed = Signal()
    """It is another one."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._window = parent
        self._popup: ValuePopup | None = None
        self.prompts: int | None = None
        self._reading = Latest(bridge, self)
        self._reading.answered.connect(self._on_read)
        self._saving = Latest(bridge, self)
        self._saving.answered.connect(self._on_settings)
        self._wanted: int | None = None
        bridge.event_arrived.connect(self._on_event)
        self._reading.ask(ReadSettings())

    @property
    def popup(self) -> ValuePopup:
        """The editor, made when it is first wanted."""
        if self._popup is None:
            self._popup = ValuePopup(self._theme, self._window, PER_MONTH)
            self._popup.accepted.connect(self._on_accepted)
        return self._popup

    def open_at(self, anchor: QWidget) -> None:
        """Let the user change it."""
        self.popup.start(self.prompts)
        self.popup.open_at(anchor, above=True)

    @Slot(object)
    def _on_accepted(self, prompts: int | None) -> None:
        # The other settings are read first: they may have been changed elsewhere meanwhile.
        self._wanted = prompts
        self._saving.ask(ReadSettings())

    def _on_settings(self, settings: Settings) -> None:
        compare = msgspec.structs.replace(settings.compare, prompts_per_month=self._wanted)
        self._bridge.run(SaveSettings(settings=msgspec.structs.replace(settings, compare=compare)))

    def _on_read(self, settings: Settings) -> None:
        if settings.compare.prompts_per_month != self.prompts:
            self.prompts = settings.compare.prompts_per_month
            self.changed.emit()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if isinstance(event, SettingsChanged) or is_ready:
            self._reading.ask(ReadSettings())
