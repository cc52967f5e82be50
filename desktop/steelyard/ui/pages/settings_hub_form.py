"""The form of the hub: mirror, proxy, how much at once and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout

from steelyard.core.values.settings import HubSettings
from steelyard.ui.pages.settings_saving import SavedForm
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.values.hub import HubAccount
    from steelyard.core.values.settings import Settings
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme

_MEGA = 1_000_000
_MOST_MBPS = (1 << 40) / _MEGA
_PARALLEL_MOST = 8
_ADDRESS_RULE = "An address such as https://hf-mirror.example, or nothing."


class HubForm(SavedForm):
    """Four fields."""

    def __init__(self, theme: Theme, store: SettingsStore) -> None:
        super().__init__(theme, store, "Downloads")
        self._saved: HubSettings | None = None
        self._sent: list[str] = []
        self.endpoint = TextField(
            theme,
            "Mirror",
            hint="Instead of huggingface.co; leave empty for the hub itself.",
            placeholder="https://huggingface.co",
            mono=True,
        )
        self.proxy = TextField(
            theme,
            "Proxy",
            hint="For the hub only; leave empty for HTTPS_PROXY of the environment.",
            placeholder="http://proxy.example:3128",
            mono=True,
        )
        self.parallel = TextField(theme, "At once", unit="downloads", hint="1 to 8.")
        self.rate = TextField(theme, "Rate limit", unit="MB/s", hint="Over all downloads; 0 is unlimited.")
        self.fields = [self.endpoint, self.proxy, self.parallel, self.rate]
        self.revert_button = make_button(theme, "Discard changes", "ghost")
        self._lay_out()
        store.loaded.connect(self._on_loaded)

    def show_endpoint_source(self, account: HubAccount) -> None:
        """A mirror of the environment goes before the one that is typed here."""
        is_other = account.endpoint_source == "environment"
        self.endpoint.edit.setEnabled(not is_other)
        self.endpoint.edit.setPlaceholderText(
            plain(account.endpoint) if is_other else "https://huggingface.co"
        )

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(14)
        for at, field in enumerate(self.fields):
            grid.addWidget(field, at // 2, at % 2)
            field.edited.connect(self._on_edited)
            field.edit.returnPressed.connect(self._on_save_clicked)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        self._add_buttons(self.revert_button)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.revert_button.clicked.connect(self._on_revert_clicked)

    @Slot(object)
    def _on_loaded(self, settings: Settings) -> None:
        """Keep what the user is typing; otherwise show what is stored."""
        is_dirty = self._saved is not None and self.is_dirty
        self._saved = settings.hub
        if not is_dirty:
            self._on_revert_clicked()

    @Slot()
    def _on_revert_clicked(self) -> None:
        hub = self._saved
        if hub is None:
            return
        rate = hub.rate_limit_bps / _MEGA
        for field, text in zip(self.fields, _texts(hub, rate), strict=True):
            field.set_text(text)
        self._show_state("Saved", is_dirty=False)

    @Slot()
    def _on_save_clicked(self) -> None:
        hub = self._read()
        if hub is None or not self.is_dirty:
            return
        self._sent = [field.text for field in self.fields]
        self._save({"hub": hub})

    def _on_saved(self) -> None:
        if [field.text for field in self.fields] == self._sent:
            super()._on_saved()
        else:
            self._on_edited()

    def _read(self) -> HubSettings | None:
        """What is typed, or None after showing what is wrong."""
        parallel, rate = _whole(self.parallel.text), _number(self.rate.text)
        wrong: list[TextField] = []
        for field, is_right, rule in (
            (self.endpoint, _is_address(self.endpoint.text), _ADDRESS_RULE),
            (self.proxy, _is_address(self.proxy.text), _ADDRESS_RULE),
            (self.parallel, parallel is not None, "A whole number from 1 to 8."),
            (self.rate, rate is not None, "0 or more MB/s."),
        ):
            if not is_right:
                field.set_error(rule)
                wrong.append(field)
        if wrong or parallel is None or rate is None:
            self._refuse(wrong)
            return None
        return HubSettings(
            endpoint=self.endpoint.text.rstrip("/") or None,
            proxy=self.proxy.text or None,
            parallel_downloads=parallel,
            rate_limit_bps=round(rate * _MEGA),
        )


def _texts(hub: HubSettings, rate: float) -> tuple[str, str, str, str]:
    return hub.endpoint or "", hub.proxy or "", str(hub.parallel_downloads), f"{rate:.12g}"


def _is_address(text: str) -> bool:
    """Empty, or http(s) with a host; the engine has the last word."""
    if not text:
        return True
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and len(text) <= 400
    except ValueError:
        return False


def _whole(text: str) -> int | None:
    is_right = text.isascii() and text.isdigit() and 1 <= int(text) <= _PARALLEL_MOST
    return int(text) if is_right else None


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ".")) if text else 0.0
    except ValueError:
        return None
    return value if 0 <= value <= _MOST_MBPS else None
