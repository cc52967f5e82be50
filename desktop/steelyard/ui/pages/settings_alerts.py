"""Settings: thresholds that are told once, and figures for other programs on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.pages.settings_exports import ExportsForm
from steelyard.ui.pages.settings_form import NumbersForm, NumberSpec, Section
from steelyard.ui.pages.settings_spend import SpendForm

if TYPE_CHECKING:
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_PERCENT = 100.0
_ALERTS = (
    NumberSpec(
        "alerts",
        "vram_share",
        "GPU memory in use above",
        "%",
        "Of all its memory.",
        "More than 0 and at most 100 %.",
        is_optional=True,
        factor=_PERCENT,
        empty="off",
    ),
    NumberSpec(
        "alerts",
        "temperature_c",
        "GPU hotter than",
        "°C",
        "Most cards slow down from 83 to 90 °C on.",
        "A number above 0 and up to 150.",
        is_optional=True,
        empty="off",
    ),
    NumberSpec(
        "alerts",
        "ttft_p95_ms",
        "TTFT p95 above",
        "ms",
        "Of warm requests, when there are enough of them.",
        "A number above 0.",
        is_optional=True,
        empty="off",
    ),
    NumberSpec(
        "alerts",
        "error_share",
        "Failed requests above",
        "%",
        "Counted from 20 requests on.",
        "More than 0 and at most 100 %.",
        is_optional=True,
        factor=_PERCENT,
        empty="off",
    ),
)


class AlertsSection(Section):
    """Alerts, spend, exports."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(
            theme,
            "Alerts and exports",
            "A threshold is told once when it is crossed, and again only after it was fine in between.",
        )
        self.form = NumbersForm(theme, store, "Thresholds", "", _ALERTS)
        self.spend = SpendForm(theme, store)
        self.exports = ExportsForm(theme, store)
        for card in (self.form, self.spend, self.exports):
            self.column.addWidget(card)
        self.finish()
