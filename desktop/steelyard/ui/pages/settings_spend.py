"""Settings: the steps of a month's spend that are told, its cap, and what local runs are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Slot

from steelyard.core.values.settings import AlertSettings, CostSettings
from steelyard.ui.pages.settings_saving import SavedForm
from steelyard.ui.widgets.fields import TextField

if TYPE_CHECKING:
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_RULE = "Amounts above 0 with a semicolon between them, 16 at most."
_CAP_RULE = "An amount above 0 and up to 1,000,000,000; empty: no cap."
_MOST = 16
MAX_CAP_USD = 1e9


class SpendForm(SavedForm):
    """A line of amounts, the cap, the comparator."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, store, "Spend of a month", "Told once in a calendar month for each step.")
        self._saved: AlertSettings | None = None
        self._costs = CostSettings()
        self.field = TextField(
            theme, "Steps", unit="US$", hint="Such as 5,000; 10,000. Empty tells none.", placeholder="none"
        )
        self.cap = TextField(
            theme,
            "Cap for paid runs",
            unit="US$",
            hint="Told at 80 and 100 %; from then on paid runs are refused before anything is sent.",
            placeholder="no cap",
        )
        self.comparator = TextField(
            theme,
            "Local runs are held against",
            hint="A target's name or PROVIDER/MODEL of the price book: what they would have cost there.",
            placeholder="nothing",
        )
        for field, most_chars in ((self.field, 400), (self.cap, 40), (self.comparator, 200)):
            self.column.addWidget(field)
            field.edit.setMaxLength(most_chars)
            field.edited.connect(self._on_edited)
            field.edit.returnPressed.connect(self._on_save_clicked)
        self._add_buttons()
        self.save_button.clicked.connect(self._on_save_clicked)
        store.loaded.connect(self._on_loaded)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.is_dirty
        self._saved, self._costs = settings.alerts, settings.costs
        if not is_dirty:
            cap = settings.costs.month_cap_usd
            self.cap.set_text("" if cap is None else f"{cap:,.12g}")
            self.comparator.set_text(settings.costs.comparator or "")
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
        try:
            cap = read_cap(self.cap.text)
        except ValueError:
            self.cap.set_error(_CAP_RULE)
            self._refuse([self.cap], "field")
            return
        costs = msgspec.structs.replace(
            self._costs, month_cap_usd=cap, comparator=self.comparator.text or None
        )
        self._save({"alerts": msgspec.structs.replace(self._saved, month_usd=steps), "costs": costs})


def read_cap(text: str) -> float | None:
    """`1,000` as an amount in USD; an empty text is no cap.

    Raises:
        ValueError: it is no amount above 0 and up to a billion.
    """
    if not text:
        return None
    cap = float(text.replace(",", ""))
    if not 0 < cap <= MAX_CAP_USD:
        raise ValueError(text)
    return cap


def read_steps(text: str) -> list[float] | None:
    """`5,000; 10,000` as amounts in ascending order; None if it cannot be read."""
    parts = [part.strip().replace(",", "") for part in text.split(";") if part.strip()]
    try:
        steps = sorted({float(part) for part in parts})
        alerts = msgspec.convert({"month_usd": steps}, AlertSettings)
    except (ValueError, msgspec.ValidationError):
        return None
    return alerts.month_usd if len(steps) <= _MOST else None
