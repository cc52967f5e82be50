"""The hub token: goes in, is never shown again; says where the one that is used comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.core.values.commands import ForgetHubToken, StoreHubToken
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_paint import Chip

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.hub import HubAccount
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_SOURCES = {
    "environment": (Chip("from HF_TOKEN", "info", "terminal"), "The environment gives it, and goes first."),
    "keyring": (Chip("in the keyring", "good", "key-round"), "Kept by this system's keyring."),
    "memory": (
        Chip("until the app closes", "warn", "key-round"),
        "No secure keyring was found, so it is kept in memory only.",
    ),
    "login": (
        Chip("login of the hub's tools", "good", "key-round"),
        "Taken from the login that huggingface-cli left on this machine.",
    ),
    "none": (Chip("no token"), "Only gated and private repositories need one."),
}


class TokenCard(Card):
    """Field, Store, Forget."""

    changed = Signal()
    """Another token is used now, or none."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__(theme, "Access token", "Read access is enough. It is sent to the hub alone.")
        self._bridge = bridge
        self.source = Badge(theme, "reading…")
        self.source_text = make_label(theme, "", "muted", px=12, wrap=True)
        self.field = TextField(theme, "New token", placeholder="hf_…", secret=True, mono=True)
        self.store_button = make_button(theme, "Store", icon="key-round")
        self.forget_button = make_button(theme, "Forget", "ghost", icon="trash-2")
        self.forget_button.setToolTip("Forget the token that was stored here; a login of other tools stays")
        self.state = make_label(theme, "", "muted", px=12, wrap=True)
        self.state.hide()
        state = QHBoxLayout()
        state.setSpacing(8)
        state.addWidget(self.source)
        state.addWidget(self.source_text, 1)
        state.addWidget(self.forget_button)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field, 1)
        row.addWidget(self.store_button, 0, Qt.AlignmentFlag.AlignBottom)
        self.column.addLayout(state)
        self.column.addLayout(row)
        self.column.addWidget(self.state)
        self.store_button.clicked.connect(self._on_store)
        self.field.edit.returnPressed.connect(self._on_store)
        self.forget_button.clicked.connect(self._on_forget)

    def show_account(self, account: HubAccount) -> None:
        """Say where the token comes from."""
        chip, text = _SOURCES[account.token]
        self.source.show_chip(chip, text)
        self.source_text.setText(text)
        self.forget_button.setVisible(account.token in {"keyring", "memory"})

    @Slot()
    def _on_store(self) -> None:
        token = self.field.text
        if not token:
            self.field.set_error("Paste a token first.")
            return
        self.store_button.setEnabled(False)
        self._bridge.run(StoreHubToken(token=token, memory_ok=True), self._on_stored, self._on_failed)

    def _on_stored(self, where: str) -> None:
        self.field.set_text("")
        self.store_button.setEnabled(True)
        place = "in the keyring" if where == "keyring" else "in memory, until the app closes"
        self._show(f"Stored {place}", "good")
        self.changed.emit()

    @Slot()
    def _on_forget(self) -> None:
        self._bridge.run(ForgetHubToken(), self._on_forgotten, self._on_failed)

    def _on_forgotten(self, _answer: object) -> None:
        self._show("Forgotten", "muted")
        self.changed.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.store_button.setEnabled(True)
        self._show(error.one_line(), "error")

    def _show(self, text: str, role: str) -> None:
        self.state.setText(text)
        self.state.show()
        set_role(self.state, role)
