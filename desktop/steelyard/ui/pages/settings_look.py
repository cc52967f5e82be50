"""Settings, appearance: system, light or dark; takes effect at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot

from steelyard.ui.pages.settings_form import Section
from steelyard.ui.theme.theme import MODES, set_role
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_TEXTS = {"system": "Like the system", "light": "Light", "dark": "Dark"}


class LookSection(Section):
    """One choice, saved as it is made."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, "Appearance", "Colours keep their meaning in both looks.")
        self._theme = theme
        self._store = store
        self.choice = Segmented(theme, "Look", [(mode, _TEXTS[mode]) for mode in MODES])
        self.choice.set_value(theme.mode)
        self.state = make_label(theme, "", "muted", px=12)
        card = Card(theme, "Look")
        card.column.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignLeft)
        card.column.addWidget(self.state)
        self.state.hide()
        self.column.addWidget(card)
        self.finish()
        self.choice.chosen.connect(self._on_chosen)
        store.loaded.connect(self._on_loaded)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        self.choice.set_value(settings.theme)

    @Slot(str)
    def _on_chosen(self, mode: str) -> None:
        self._theme.set_mode(MODES[mode])
        self._say("Saving…", "muted")
        self._store.change({"theme": mode}, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._say("Saved", "muted")

    def _on_failed(self, error: AppError) -> None:
        self._say(f"Not saved: {error.one_line()}", "error")

    def _say(self, text: str, role: str) -> None:
        self.state.setText(text)
        self.state.show()
        set_role(self.state, role)
