"""Settings: figures for other programs on this machine, Prometheus and OpenTelemetry; both off by default."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.core.base.hosts import is_loopback
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
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


class ExportsForm(Card):
    """One switch and one address. Nothing is stored before Save."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, "Exports", _HINT)
        self._store = store
        self._saved: GatewaySettings | None = None
        self.metrics = Segmented(theme, "Gateway metrics", [("off", "Off"), ("on", "On")])
        self.otlp = TextField(
            theme,
            "OpenTelemetry collector",
            hint="On this machine only; gets the same figures every 10 s. Empty sends nothing.",
            placeholder="http://127.0.0.1:4318",
            mono=True,
        )
        self.state = make_label(theme, "", "muted", px=12)
        self.save_button = make_button(theme, "Save", icon="check")
        self._lay_out(theme)
        self.metrics.chosen.connect(self._on_chosen)
        self.otlp.edited.connect(self._on_edited)
        self.otlp.edit.returnPressed.connect(self._on_save_clicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        store.loaded.connect(self._on_loaded)
        store.load_failed.connect(self._on_failed)
        self._show_state("Reading the settings…", is_dirty=False)

    def _lay_out(self, theme: Theme) -> None:
        self.column.addWidget(make_label(theme, "Gateway metrics", "prose", px=12, weight=500))
        self.column.addWidget(self.metrics, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(make_label(theme, _METRICS, "muted", px=11, wrap=True))
        self.column.addWidget(self.otlp)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.save_button)
        row.addWidget(self.state, 1)
        self.column.addLayout(row)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.save_button.isEnabled()
        self._saved = settings.gateway
        if not is_dirty:
            self.metrics.set_value("on" if settings.gateway.metrics else "off")
            self.otlp.set_text(settings.gateway.otlp_url or "")
            self._show_state("Saved", is_dirty=False)

    @Slot(str)
    def _on_chosen(self, _value: str) -> None:
        self._on_edited()

    @Slot()
    def _on_edited(self) -> None:
        self._show_state("Unsaved changes", is_dirty=True)

    @Slot()
    def _on_save_clicked(self) -> None:
        if self._saved is None or not self.save_button.isEnabled():
            return
        url = self.otlp.text.rstrip("/")
        if url and not is_own_address(url):
            self.otlp.set_error(_RULE)
            self.otlp.edit.setFocus()
            self._show_state("Nothing was saved: see the marked field", is_dirty=True, role="error")
            return
        gateway = msgspec.structs.replace(
            self._saved, metrics=self.metrics.value == "on", otlp_url=url or None
        )
        self._show_state("Saving…", is_dirty=True)
        self._store.change({"gateway": gateway}, self._on_saved, self._on_failed)

    def _on_saved(self) -> None:
        self._show_state("Saved", is_dirty=False)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show_state(error.one_line(), is_dirty=self.save_button.isEnabled(), role="error")

    def _show_state(self, text: str, *, is_dirty: bool, role: str = "") -> None:
        self.state.setText(text)
        set_role(self.state, role or ("warn" if is_dirty else "muted"))
        self.save_button.setEnabled(is_dirty)


def is_own_address(url: str) -> bool:
    """Whether it is an http(s) address of this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_loopback(host) and len(url) <= _MOST_CHARS
