"""Servers of other programs on this machine, offered as targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.models_badge import IconLabel
from steelyard.ui.widgets.models_text import counted, plain
from steelyard.ui.widgets.servers_field import Choice

if TYPE_CHECKING:
    from steelyard.core.values.servers import FoundServer
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme

_NAMES = {
    "ollama": "Ollama",
    "lm-studio": "LM Studio",
    "llama-server": "llama-server",
    "vllm": "vLLM",
    "openai-compatible": "OpenAI-compatible server",
}


class FoundCards(QWidget):
    """A dashed card for each; nothing while there is none."""

    attach_wanted = Signal(str, str)
    """Address and model."""

    def __init__(self, theme: Theme, store: ServersStore) -> None:
        super().__init__()
        self._theme = theme
        self._store = store
        self.cards: dict[str, FoundCard] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        store.found_changed.connect(self.show_found)
        self.hide()

    @Slot()
    def show_found(self) -> None:
        """Show what was found."""
        found = {server.url: server for server in self._store.found}
        for url in [url for url in self.cards if url not in found]:
            card = self.cards.pop(url)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for url, server in found.items():
            if url not in self.cards:
                card = self.cards[url] = FoundCard(self._theme)
                card.attach_wanted.connect(self.attach_wanted)
                self._column.addWidget(card)
            self.cards[url].show_server(server)
        self.setVisible(bool(found))


class FoundCard(QFrame):
    """One server of another program."""

    attach_wanted = Signal(str, str)
    """Address and model."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._server: FoundServer | None = None
        self.setProperty("role", "card-dashed")
        self._title = ElidedLabel(theme, "", px=13, weight=600, cut=Qt.TextElideMode.ElideRight)
        self._text = make_label(theme, "", "muted", px=12, wrap=True)
        self.models = Choice(theme, "Model to attach", ())
        self.button = make_button(theme, "Attach", icon="plug")
        words = QVBoxLayout()
        words.setSpacing(3)
        choosing = QHBoxLayout()
        choosing.setSpacing(10)
        choosing.addWidget(self.models, 1)
        choosing.addStretch(0)
        choosing.addWidget(self.button)
        words.addWidget(self._title)
        words.addWidget(self._text)
        words.addSpacing(4)
        words.addLayout(choosing)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 10)
        row.setSpacing(10)
        row.addWidget(IconLabel(theme, "radar", "text3", 18), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.button.clicked.connect(self._on_attach)

    def show_server(self, server: FoundServer) -> None:
        """Show what is known of it."""
        if server == self._server:
            return
        self._server = server
        name = _NAMES.get(server.kind, "Server")
        version = f" {plain(server.version, 20)}" if server.version else ""
        self._title.setText(f"{name}{version} found on port {server.port}")
        self.setAccessibleName(self._title.text())
        self._text.setText(_about(server))
        self.setToolTip(plain(server.url))
        self.models.set_options([(model, plain(model, 60)) for model in server.models])
        self.models.setVisible(len(server.models) > 1)
        name_widget(self.models, f"Model of {name} to attach")
        is_attached = server.attached is not None
        self.button.setEnabled(bool(server.models) and not is_attached)
        self.button.setText("Attached" if is_attached else "Attach")
        tip = f"It is the target {plain(server.attached, 40)}" if is_attached else _tip(server)
        name_widget(self.button, f"Attach {name}", tip)

    @Slot()
    def _on_attach(self) -> None:
        if self._server is not None and self._server.models:
            model = self.models.value or self._server.models[0]
            self.attach_wanted.emit(self._server.url, model)


def _about(server: FoundServer) -> str:
    parts = [counted(len(server.models), "model") if server.models else "No model is loaded there"]
    running, waiting = server.metrics.get("requests_running"), server.metrics.get("requests_waiting")
    if running is not None:
        parts.append(f"{running:.0f} running" + (f", {waiting:.0f} waiting" if waiting is not None else ""))
    cache = server.metrics.get("kv_cache_share")
    if cache is not None:
        parts.append(f"KV cache {cache * 100:.0f} %")
    if server.needs_key:
        parts.append("asks for a key")
    return f"{', '.join(parts)}. Attach to compare; it stays unmanaged."


def _tip(server: FoundServer) -> str:
    if not server.models:
        return "Load a model there first"
    return "Make it a target for Compare; Steelyard neither starts nor stops it"
