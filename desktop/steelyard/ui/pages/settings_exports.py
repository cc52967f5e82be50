"""Settings: figures for other programs on this machine, Prometheus and OpenTelemetry; both off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import Qt, Slot

from steelyard.core.base.hosts import is_loopback
from steelyard.ui.pages.settings_saving import SavedForm
from steelyard.ui.widgets.buttons import Segmented
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.values.settings import GatewaySettings, Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_HINT = (
    "Nothing leaves this machine: only programs on 127.0.0.1 are told, and no prompt or answer is among it."
)
_METRICS = (
    "At /metrics of the gateway, in the format of Prometheus, without a key, while the gateway is open."
)
_RULE = "An address on this machine such as http://127.0.0.1:4318, or nothing."
_MOST_CHARS = 400


class ExportsForm(SavedForm):
    """One switch and one address."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, store, "Exports", _HINT)
        self._saved: GatewaySettings | None = None
        self.metrics = Segmented(theme, "Gateway metrics", [("off", "Off"), ("on", "On")])
        self.otlp = TextField(
            theme,
            "OpenTelemetry collector",
            hint="On this machine only; gets the same figures every 10 s. Empty sends nothing.",
            placeholder="http://127.0.0.1:4318",
            mono=True,
        )
        self._lay_out(theme)
        self.metrics.chosen.connect(self._on_chosen)
        self.otlp.edited.connect(self._on_edited)
        self.otlp.edit.returnPressed.connect(self._on_save_clicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        store.loaded.connect(self._on_loaded)

    def _lay_out(self, theme: Theme) -> None:
        self.column.addWidget(make_label(theme, "Gateway metrics", "prose", px=12, weight=500))
        self.column.addWidget(self.metrics, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(make_label(theme, _METRICS, "muted", px=11, wrap=True))
        self.column.addWidget(self.otlp)
        self._add_buttons()

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.is_dirty
        self._saved = settings.gateway
        if not is_dirty:
            self.metrics.set_value("on" if settings.gateway.metrics else "off")
            self.otlp.set_text(settings.gateway.otlp_url or "")
            self._show_state("Saved", is_dirty=False)

    @Slot(str)
    def _on_chosen(self, _value: str) -> None:
        self._on_edited()

    @Slot()
    def _on_save_clicked(self) -> None:
        if self._saved is None or not self.is_dirty:
            return
        url = self.otlp.text.rstrip("/")
        if url and not is_own_address(url):
            self.otlp.set_error(_RULE)
            self._refuse([self.otlp], "field")
            return
        gateway = msgspec.structs.replace(
            self._saved, metrics=self.metrics.value == "on", otlp_url=url or None
        )
        self._save({"gateway": gateway})


def is_own_address(url: str) -> bool:
    """Whether it is an http(s) address of this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_loopback(host) and len(url) <= _MOST_CHARS
