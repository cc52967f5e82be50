"""Settings: whether idle servers go by themselves when another model needs their memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from PySide6.QtCore import Qt, Slot

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

Eviction = Literal["auto", "ask"]
_HINT = "When weights need memory that idle servers hold, the cheapest set to load again goes."


class EvictionCard(Card):
    """One choice, saved as it is made."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, "Making room", _HINT)
        self._store = store
        self._settings: Settings | None = None
        options = [("auto", "By itself"), ("ask", "Ask me first")]
        self.choice = Segmented(theme, "Making room", options)
        self.state = make_label(theme, "", "muted", px=12)
        self.column.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.state)
        self.state.hide()
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
        self._say("Saving…", "muted")
        self._store.change({"servers": servers}, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._say("Saved", "muted")

    def _on_failed(self, error: AppError) -> None:
        self._say(f"Not saved: {error.one_line()}", "error")

    def _say(self, text: str, role: str) -> None:
        self.state.setText(text)
        self.state.show()
        set_role(self.state, role)
