"""How the Servers page is laid out; the page itself adds what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.pages.servers_detail import ServerView
from steelyard.ui.pages.servers_door import DoorPopup
from steelyard.ui.pages.servers_list import ServersList
from steelyard.ui.pages.servers_new import NewServerView
from steelyard.ui.pages.servers_stores import ServersStore
from steelyard.ui.pages.servers_title import ServersTitle
from steelyard.ui.widgets.buttons import make_button

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_LEFT_PX = (328, 444)
_LEFT_SHARE = 0.32
_LOW_BELOW_PX = 660


class ServersLayout(QWidget):
    """Cards at the left; at the right a server, a new one, or what to do first."""

    def __init__(self, theme: Theme, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._door: DoorPopup | None = None
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Servers")
        self.store = ServersStore(bridge, self)
        self.title_widget = ServersTitle(theme, self.store)
        self.list = ServersList(theme, self.store)
        self.view = ServerView(theme, bridge, self.store)
        self.new = NewServerView(theme, bridge, self.store)
        self.empty = EmptyView(
            theme,
            "server",
            "No server runs",
            "Start weights from this machine, or send a prompt: the first request loads what it needs.",
        )
        self.empty_button = make_button(theme, "New server", icon="plus", tooltip="New server… (Ctrl+N)")
        self.empty.add_action(self.empty_button)
        self.loading = EmptyView(theme, "hourglass", "Asking the engine", "It tells which servers there are.")
        self.failed: EmptyView | None = None
        self._stack = QStackedWidget()
        for widget in (self.loading, self.empty, self.view, self.new):
            self._stack.addWidget(widget)
        right = QVBoxLayout()
        right.addWidget(self._stack)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 10, 12)
        row.setSpacing(10)
        row.addWidget(self.list)
        row.addLayout(right, 1)

    @property
    def shown(self) -> str:
        """What the right side shows: server, new, empty, loading or failed."""
        views = {
            id(self.view): "server",
            id(self.new): "new",
            id(self.empty): "empty",
            id(self.loading): "loading",
        }
        return views.get(id(self._stack.currentWidget()), "failed")

    @property
    def door(self) -> DoorPopup | None:
        """The popup with the keys, once it was opened."""
        return self._door

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        card = self.list.cards.get(self.view.name)
        if self.shown == "new":
            self.new.focus_first()
        elif card is not None:
            card.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.list.new_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_door(self) -> None:
        """Show the keys of the door for other programs."""
        if self._door is None:
            self._door = DoorPopup(self._theme, self._bridge, self)
            self.store.gateway_changed.connect(self._on_gateway)
        self._door.show_gateway(self.store.gateway)
        anchor = self.view.head.door if self.view.head.door.isVisible() else self.list.new_button
        self._door.open_at(anchor, at_right=True)

    def show_failed(self, error: AppError) -> None:
        """Say why it is not known which servers there are."""
        self.failed = EmptyView(
            self._theme, "circle-alert", error.title, f"{error.detail} {error.hint}".strip()
        )
        retry = make_button(self._theme, "Ask again", icon="rotate-cw", tooltip="Ask again (F5)")
        retry.clicked.connect(self.store.load)
        self.failed.add_action(retry)
        self._stack.addWidget(self.failed)
        self._stack.setCurrentWidget(self.failed)

    def describe(self, actions: Actions) -> None:
        """Give the buttons the shortcuts of the actions that do the same."""
        head, profile = self.view.head, self.view.profile
        for name, button, text in (
            ("new", self.list.new_button, "New server"),
            ("restart", head.restart, "Restart"),
            ("apply", profile.apply, "Apply and restart"),
            ("discard", profile.discard, "Discard"),
            ("more", profile.form.more_button, "All settings"),
            ("more", self.new.form.more_button, "All settings"),
            ("diff", self.view.command.diff_button, "Diff to defaults"),
            ("copy_command", self.view.command.copy, "Copy the exact command"),
            ("copy_sdk", head.copy, "Copy the snippet"),
            ("run_bench", self.view.console.bench.start, "Run bench"),
        ):
            actions.describe(f"servers.{name}", button, text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The left side has about a third of the width."""
        super().resizeEvent(event)
        least, most = _LEFT_PX
        self.list.setFixedWidth(max(least, min(most, round(self.width() * _LEFT_SHARE))))
        self.list.set_low(is_low=self.height() < _LOW_BELOW_PX)

    @Slot()
    def _on_gateway(self) -> None:
        if self._door is not None:
            self._door.show_gateway(self.store.gateway)
