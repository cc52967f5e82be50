"""Settings, appearance: system, light or dark; takes effect at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from steelyard.ui.pages.settings_form import Section
from steelyard.ui.pages.settings_saving import ChoiceCard
from steelyard.ui.theme.theme import MODES

if TYPE_CHECKING:
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_TEXTS = {"system": "Like the system", "light": "Light", "dark": "Dark"}


class LookSection(Section):
    """One choice, saved as it is made."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, "Appearance", "Colours keep their meaning in both looks.")
        self._theme = theme
        self._card = ChoiceCard(theme, store, "Look", [(mode, _TEXTS[mode]) for mode in MODES])
        self.choice, self.state = self._card.choice, self._card.state
        self.choice.set_value(theme.mode)
        self.column.addWidget(self._card)
        self.finish()
        self.choice.chosen.connect(self._on_chosen)
        store.loaded.connect(self._on_loaded)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        self.choice.set_value(settings.theme)

    @Slot(str)
    def _on_chosen(self, mode: str) -> None:
        self._theme.set_mode(MODES[mode])
        self._card.save({"theme": mode})
