"""Settings: the steps of a month's spend that are told, each once a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.core.values.settings import AlertSettings
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_RULE = "Amounts above 0 with a semicolon between them, 16 at most."
_MOST = 16


class SpendForm(Card):
    """One line of amounts. Nothing is stored before Save."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, "Spend of a month", "Told once in a calendar month for each step.")
        self._store = store
        self._saved: AlertSettings | None = None
        self.field = TextField(
            theme, "Steps", unit="US$", hint="Such as 5,000; 10,000. Empty tells none.", placeholder="none"
        )
        self.state = make_label(theme, "", "muted", px=12)
        self.save_button = make_button(theme, "Save", icon="check")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.save_button)
        row.addWidget(self.state, 1)
        self.column.addWidget(self.field)
        self.column.addLayout(row)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.field.edited.connect(self._on_edited)
        self.field.edit.returnPressed.connect(self._on_save_clicked)
        store.loaded.connect(self._on_loaded)
        store.load_failed.connect(self._on_failed)
        self._show_state("Reading the settings…", is_dirty=False)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.save_button.isEnabled()
        self._saved = settings.alerts
        if not is_dirty:
            self.field.set_text("; ".join(f"{step:,.12g}" for step in settings.alerts.month_usd))
            self._show_state("Saved", is_dirty=False)

    @Slot()
    def _on_edited(self) -> None:
        self._show_state("Unsaved changes", is_dirty=True)

    @Slot()
    def _on_save_clicked(self) -> None:
        if self._saved is None or not self.save_button.isEnabled():
            return
        steps = read_steps(self.field.text)
        if steps is None:
            self.field.set_error(_RULE)
            self.field.edit.setFocus()
            self._show_state("Nothing was saved: see the marked field", is_dirty=True, role="error")
            return
        self._show_state("Saving…", is_dirty=True)
        alerts = msgspec.structs.replace(self._saved, month_usd=steps)
        self._store.change({"alerts": alerts}, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._show_state("Saved", is_dirty=False)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show_state(error.one_line(), is_dirty=self.save_button.isEnabled(), role="error")

    def _show_state(self, text: str, *, is_dirty: bool, role: str = "") -> None:
        self.state.setText(text)
        set_role(self.state, role or ("warn" if is_dirty else "muted"))
        self.save_button.setEnabled(is_dirty)


def read_steps(text: str) -> list[float] | None:
    """`5,000; 10,000` as amounts in ascending order; None if it cannot be read."""
    parts = [part.strip().replace(",", "") for part in text.split(";") if part.strip()]
    try:
        steps = sorted({float(part) for part in parts})
        alerts = msgspec.convert({"month_usd": steps}, AlertSettings)
    except (ValueError, msgspec.ValidationError):
        return None
    return alerts.month_usd if len(steps) <= _MOST else None
