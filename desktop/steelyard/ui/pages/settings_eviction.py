"""Settings: whether idle servers go by themselves when another model needs their memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from PySide6.QtCore import Slot

from steelyard.ui.pages.settings_saving import ChoiceCard

if TYPE_CHECKING:
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

Eviction = Literal["auto", "ask"]
_HINT = "When weights need memory that idle servers hold, the cheapest set to load again goes."


class EvictionCard(ChoiceCard):
    """By itself, or after asking."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        options = [("auto", "By itself"), ("ask", "Ask me first")]
        super().__init__(theme, store, "Making room", options, _HINT)
        self._settings: Settings | None = None
        self.choice.chosen.connect(self._on_chosen)
        store.loaded.connect(self._on_loaded)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        self._settings = settings
        self.choice.set_value(settings.servers.eviction)

    @Slot(str)
    def _on_chosen(self, value: str) -> None:
        if self._settings is None:
            return
        eviction = msgspec.convert(value, Eviction)
        servers = msgspec.structs.replace(self._settings.servers, eviction=eviction)
        self.save({"servers": servers})
