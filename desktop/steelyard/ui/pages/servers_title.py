"""What the Servers page puts into the top bar: the engine, and whether other programs can come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.ui.pages.servers_texts import backend_name
from steelyard.ui.widgets.labels import ElidedLabel
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.ui.pages.servers_stores import ServersStore
    from steelyard.ui.theme.theme import Theme


class ServersTitle(QWidget):
    """`llama.cpp b9412 CUDA · door open on http://127.0.0.1:11480/v1`."""

    def __init__(self, theme: Theme, store: ServersStore) -> None:
        super().__init__()
        self._store = store
        self._label = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._label, 1)
        store.rows_changed.connect(self.show_store)
        store.gateway_changed.connect(self.show_store)
        self.show_store()

    @Slot()
    def show_store(self) -> None:
        """Show what is known now."""
        builds = [(row.build, row.backend) for row in self._store.rows.values() if row.build]
        parts = (
            [f"llama.cpp {plain(builds[0][0], 30)} {backend_name(builds[0][1])}".strip()] if builds else []
        )
        gateway = self._store.gateway
        if gateway is not None:
            is_open = gateway.base_url is not None
            parts.append(
                f"other programs: {gateway.base_url}" if is_open else "door for other programs closed"
            )
        text = "  ·  ".join(parts)
        if text != self._label.text():
            self._label.setText(text)
