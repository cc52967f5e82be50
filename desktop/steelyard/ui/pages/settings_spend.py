"""Settings: the steps of a month's spend that are told, each once a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Slot

from steelyard.core.values.settings import AlertSettings
from steelyard.ui.pages.settings_saving import SavedForm
from steelyard.ui.widgets.fields import TextField

if TYPE_CHECKING:
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_RULE = "Amounts above 0 with a semicolon between them, 16 at most."
_MOST = 16


class SpendForm(SavedForm):
    """One line of amounts."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, store, "Spend of a month", "Told once in a calendar month for each step.")
        self._saved: AlertSettings | None = None
        self.field = TextField(
            theme, "Steps", unit="US$", hint="Such as 5,000; 10,000. Empty tells none.", placeholder="none"
        )
        self.column.addWidget(self.field)
        self._add_buttons()
        self.save_button.clicked.connect(self._on_save_clicked)
        self.field.edited.connect(self._on_edited)
        self.field.edit.returnPressed.connect(self._on_save_clicked)
        store.loaded.connect(self._on_loaded)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.is_dirty
        self._saved = settings.alerts
        if not is_dirty:
            self.field.set_text("; ".join(f"{step:,.12g}" for step in settings.alerts.month_usd))
            self._show_state("Saved", is_dirty=False)

    @Slot()
    def _on_save_clicked(self) -> None:
        if self._saved is None or not self.is_dirty:
            return
        steps = read_steps(self.field.text)
        if steps is None:
            self.field.set_error(_RULE)
            self._refuse([self.field], "field")
            return
        alerts = msgspec.structs.replace(self._saved, month_usd=steps)
        self._save({"alerts": alerts})


def read_steps(text: str) -> list[float] | None:
    """`5,000; 10,000` as amounts in ascending order; None if it cannot be read."""
    parts = [part.strip().replace(",", "") for part in text.split(";") if part.strip()]
    try:
        steps = sorted({float(part) for part in parts})
        alerts = msgspec.convert({"month_usd": steps}, AlertSettings)
    except (ValueError, msgspec.ValidationError):
        return None
    return alerts.month_usd if len(steps) <= _MOST else None
