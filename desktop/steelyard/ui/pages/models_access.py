"""A gated repository without access: how to get it, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.values.hub import HubRepo
    from steelyard.ui.theme.theme import Theme

_WAY = (
    "Its owner wants the terms accepted first. Open its page, log in and accept them; "
    "then store a token of your account with read access."
)


class AccessNote(QFrame):
    """Shown only while the hub refuses the files to us."""

    page_wanted = Signal()
    """Open the repository's page, where the terms are."""
    settings_wanted = Signal()
    """Open Settings, where the token is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "note-warn")
        self._hint = make_label(theme, "", px=12, wrap=True)
        self.page_button = make_button(theme, "Open its page to accept", icon="external-link")
        self.settings_button = make_button(theme, "Hub token in Settings", icon="key-round")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.page_button)
        row.addWidget(self.settings_button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(make_label(theme, "This repository is gated", weight=600))
        column.addWidget(self._hint)
        column.addLayout(row)
        self.page_button.clicked.connect(self.page_wanted)
        self.settings_button.clicked.connect(self.settings_wanted)
        self.hide()

    @property
    def text(self) -> str:
        """The way in words."""
        return self._hint.text()

    def show_repo(self, repo: HubRepo) -> None:
        """Tell the way where one is needed."""
        self._hint.setText(plain(repo.access_hint, 600) or _WAY)
        self.setVisible(repo.gated and repo.has_access is not True)
