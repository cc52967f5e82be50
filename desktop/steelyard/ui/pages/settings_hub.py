"""Settings, hub: where weights come from, who we are there, and whether it is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.core.values.commands import ReadHubAccount
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.settings_form import Section
from steelyard.ui.pages.settings_hub_form import HubForm
from steelyard.ui.pages.settings_hub_token import TokenCard
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card, Note
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_text import plain, rough_size

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.hub import HubAccount
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.settings_store import SettingsStore
    from steelyard.ui.theme.theme import Theme


class HubSection(Section):
    """Mirror, proxy, limits, token, and a check of it all."""

    def __init__(self, theme: Theme, bridge: Bridge, store: SettingsStore) -> None:
        super().__init__(
            theme,
            "Hugging Face hub",
            "Where the Models page searches and downloads. Nothing is sent there before that page is opened.",
        )
        self.note = Note(theme, "info")
        self.check_button = make_button(theme, "Check connection", icon="globe")
        self.result = make_label(theme, "", "muted", px=12, wrap=True)
        self.form = HubForm(theme, store)
        self.token = TokenCard(theme, bridge)
        self._account = Latest(bridge, self)
        self._is_asking_hub = False
        card = Card(theme, "Connection")
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.check_button)
        row.addWidget(self.result, 1)
        card.column.addLayout(row)
        for widget in (self.note, card, self.token, self.form):
            self.column.addWidget(widget)
        self.finish()
        self.check_button.clicked.connect(self.check)
        self.token.changed.connect(self.load)
        self._account.answered.connect(self._on_account)
        self._account.failed.connect(self._on_failed)

    @Slot()
    def load(self) -> None:
        """Read how we stand, without asking the hub; a check that runs goes on."""
        if not self._is_asking_hub:
            self._account.ask(ReadHubAccount())

    @Slot()
    def check(self) -> None:
        """Ask the hub."""
        self._is_asking_hub = True
        self.check_button.setEnabled(False)
        self._show("Asking the hub…", "muted")
        self._account.ask(ReadHubAccount(ask_hub=True))

    @Slot(object)
    def _on_account(self, account: HubAccount) -> None:
        was_asked, self._is_asking_hub = self._is_asking_hub, False
        self.check_button.setEnabled(True)
        self.token.show_account(account)
        self.form.show_endpoint_source(account)
        self._show_note(account)
        if was_asked:
            self._show(*_result(account))

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._is_asking_hub = False
        self.check_button.setEnabled(True)
        self._show(error.one_line(), "error")

    def _show(self, text: str, role: str) -> None:
        self.result.setText(text)
        set_role(self.result, role)

    def _show_note(self, account: HubAccount) -> None:
        endpoint = plain(account.endpoint)
        text = f"HF_ENDPOINT is set to {endpoint}: it goes before the mirror that is typed here."
        self.note.show_text(text if account.endpoint_source == "environment" else "", "info")


def _result(account: HubAccount) -> tuple[str, str]:
    endpoint = plain(account.endpoint)
    if account.error or account.reachable is False:
        return plain(account.error, 400) or f"{endpoint} did not answer", "error"
    user = f" as {plain(account.user, 60)}" if account.user else ", without an account"
    free = account.cache_free_bytes
    room = f"; {rough_size(free)} free for downloads" if free is not None else ""
    return f"{endpoint} answers{user}{room}", "good"
