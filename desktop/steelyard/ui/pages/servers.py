"""The Servers page: every llama-server of this app, what it holds and does, and how it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.pages.servers_actions import add_servers_actions
from steelyard.ui.pages.servers_commands import ServerCommands
from steelyard.ui.pages.servers_detail import ServerView
from steelyard.ui.pages.servers_door import DoorPopup
from steelyard.ui.pages.servers_list import ServersList
from steelyard.ui.pages.servers_new import NewServerView
from steelyard.ui.pages.servers_stores import ServersStore
from steelyard.ui.pages.servers_title import ServersTitle
from steelyard.ui.widgets.buttons import make_button

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.settings import Settings
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_LEFT_PX = (328, 444)
_LEFT_SHARE = 0.32
_LOW_BELOW_PX = 660


class ServersPage(QWidget):
    """Cards at the left; at the right a server, a new one, or what to do first."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bridge = bridge
        self._door: DoorPopup | None = None
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Servers")
        self.store = ServersStore(bridge, self)
        self.commands = ServerCommands(bridge, self.store, self)
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
        self._lay_out()
        add_servers_actions(actions, self)
        self._describe(actions)
        self._connect()

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

    # ---- what can be done ----------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Where the keyboard goes when the page is shown."""
        card = self.list.cards.get(self.view.name)
        if self.shown == "new":
            self.new.focus_first()
        elif card is not None:
            card.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.list.new_button.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def new_server(self) -> None:
        """Open the form for a new server."""
        self.new.open()
        self._stack.setCurrentWidget(self.new)
        self.new.focus_first()

    @Slot(str)
    def show_server(self, name: str) -> None:
        """Show a server at the right."""
        if name not in self.store.rows:  # weights that wait for a yes have no server yet
            self.new.open(name)
            self._stack.setCurrentWidget(self.new)
            return
        self.view.show_server(name)
        self.list.show_selected(name)
        self._stack.setCurrentWidget(self.view)

    def restart(self) -> None:
        """Restart the server that is shown."""
        if self.shown == "server" and self.view.head.restart.isEnabled():
            self.commands.restart(self.view.name, None)

    def stop(self) -> None:
        """Stop the server that is shown, or start it when it has ended."""
        if self.shown == "server" and self.view.head.stop.isEnabled():
            self.view.head.stop.click()

    def apply(self) -> None:
        """Apply the profile, or start the new server."""
        if self.shown == "new":
            self.new.press_start()
        elif self.shown == "server":
            self.view.apply()

    def discard(self) -> None:
        """Forget the edits, or close the form."""
        if self.shown == "new":
            self._on_new_closed()
        elif self.view.draft_is_changed:
            self.view.discard()

    def forget(self) -> None:
        """Take the server that is shown off the list."""
        self._on_wanted(self.view.name, "forget")

    def step(self, by: int) -> None:
        """Show the next server, or the one before."""
        self.list.choose_next(by)

    def copy(self, what: str) -> None:
        """Copy a snippet, or the command."""
        if what == "command":
            self.view.command.copy_command()
        elif self.view.name:
            self.commands.copy(self.view.name, what)

    def show_tab(self, key: str) -> None:
        """Show log, bench or tune."""
        if self.shown == "server":
            self.view.show_tab(key)

    def toggle_more(self) -> None:
        """Show all settings, or the eight only."""
        form = self.new.form if self.shown == "new" else self.view.profile.form
        form.toggle_more()

    def save_profile(self) -> None:
        """Put the keyboard on the name to save the profile under."""
        if self.shown == "server":
            self.view.open_presets(to_save=True)

    def show_profiles(self) -> None:
        """Show the stored profiles."""
        if self.shown == "server":
            self.view.open_presets()
        elif self.shown == "new":
            self.new.presets.click()

    def toggle_diff(self) -> None:
        """Show what differs from the engine's defaults."""
        self.view.command.diff_button.toggle()

    def filter_log(self) -> None:
        """Put the keyboard into the log's filter."""
        self.show_tab("log")
        self.view.console.log.needle.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def pause_log(self) -> None:
        """Stop following the log, or follow again."""
        self.view.console.log.toggle_pause()

    def run(self, what: str) -> None:
        """Start or stop a bench or a tune."""
        self.show_tab(what)
        (self.view.console.bench if what == "bench" else self.view.console.tune).toggle()

    def find_servers(self) -> None:
        """Look for servers of other programs."""
        self.store.load()

    def show_door(self) -> None:
        """Show the keys of the door for other programs."""
        if self._door is None:
            self._door = DoorPopup(self._theme, self._bridge, self)
            self.store.gateway_changed.connect(self._on_gateway)
        self._door.show_gateway(self.store.gateway)
        anchor = self.view.head.door if self.view.head.door.isVisible() else self.list.new_button
        self._door.open_at(anchor, at_right=True)

    def toggle_door(self) -> None:
        """Open or close the door for other programs."""
        gateway = self.store.gateway
        is_open = gateway is not None and gateway.base_url is not None
        self._bridge.run(c.CloseGateway() if is_open else c.OpenGateway())

    @property
    def door(self) -> DoorPopup | None:
        """The popup with the keys, once it was opened."""
        return self._door

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Ask once a second while somebody looks."""
        super().showEvent(event)
        self.store.watch(is_on=True)
        self.view.watch(is_on=True)
        self.view.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: stop asking."""
        super().hideEvent(event)
        self.store.watch(is_on=False)
        self.view.watch(is_on=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The left side has about a third of the width."""
        super().resizeEvent(event)
        least, most = _LEFT_PX
        self.list.setFixedWidth(max(least, min(most, round(self.width() * _LEFT_SHARE))))
        self.list.set_low(is_low=self.height() < _LOW_BELOW_PX)

    # ---- servers -------------------------------------------------------------------------------------------

    @Slot(str, str)
    def _on_wanted(self, name: str, what: str) -> None:
        match what:
            case "room":
                self.commands.load(name, None, makes_room=True)
            case "start":
                self.commands.load(name, None)
            case "shrink":
                self._shrink(name)
            case "cancel":
                self.commands.cancel(name)
            case _:
                self.commands.forget(name)

    def _shrink(self, name: str) -> None:
        row = self.store.rows.get(name)
        detail = self.store.ended.get(name)
        self.commands.cancel(name)
        self.new.open(name, detail.profile if detail is not None and row is not None else None)
        self._stack.setCurrentWidget(self.new)
        self.new.shrink()

    @Slot(str)
    def _on_start(self, name: str) -> None:
        draft = self.view.profile.form.draft
        self.commands.load(name, draft.profile if draft.is_changed and not draft.errors else None)

    @Slot(str, object, bool)
    def _on_new(self, name: str, profile: LaunchProfile | None, makes_room: bool) -> None:
        row = self.store.rows.get(name)
        if row is not None and row.state == "ready":
            self.commands.restart(name, profile)
        else:
            self.commands.load(name, profile, makes_room=makes_room)
        self.list.show_selected(name)
        self._wanted_view = name
        self._on_rows()

    @Slot(str, dict)
    def _on_new_with(self, name: str, settings: dict[str, Any]) -> None:
        self.new.open_with(name, settings)
        self._stack.setCurrentWidget(self.new)

    @Slot()
    def _on_new_closed(self) -> None:
        self._stack.setCurrentWidget(self.view if self.view.name in self.store.rows else self.empty)
        self.focus_first()

    @Slot(str)
    def _on_log_wanted(self, name: str) -> None:
        self._bridge.run(c.ReadLog(name=name), self.list.show_log, self.commands.ignore)

    @Slot(str, object)
    def _on_restart(self, name: str, profile: LaunchProfile | None) -> None:
        self.commands.restart(name, profile)
        if profile is not None:
            self.view.applied()

    @Slot(str)
    def _on_copied(self, name: str) -> None:
        if name == self.view.name:
            self.view.head.say_copied()

    @Slot()
    def _on_gateway(self) -> None:
        if self._door is not None:
            self._door.show_gateway(self.store.gateway)

    # ---- what is shown -------------------------------------------------------------------------------------

    @Slot()
    def _on_rows(self) -> None:
        """Stay with the server that is shown; without one take the first."""
        rows = self.store.rows
        if self._wanted_view in rows:
            self.show_server(self._wanted_view)
            self._wanted_view = ""
        elif self.shown != "new" and self.view.name not in rows:
            if rows:
                same = [name for name, row in rows.items() if row.weights == self.view.weights]
                self.show_server(same[0] if same else next(iter(rows)))
            elif self.store.is_listed:
                self._stack.setCurrentWidget(self.empty)
        elif self.shown in {"empty", "loading", "failed"} and rows:
            self.show_server(self.view.name)

    @Slot(object)
    def _on_listed(self, error: AppError | None) -> None:
        if error is None:
            self._on_rows()
            return
        self.failed = EmptyView(
            self._theme, "circle-alert", error.title, f"{error.detail} {error.hint}".strip()
        )
        retry = make_button(self._theme, "Ask again", icon="rotate-cw", tooltip="Ask again (F5)")
        retry.clicked.connect(self.store.load)
        self.failed.add_action(retry)
        self._stack.addWidget(self.failed)
        self._stack.setCurrentWidget(self.failed)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, SettingsChanged) or (
            isinstance(event, EngineChanged) and event.state == "ready"
        ):
            self._bridge.run(c.ReadSettings(), self._on_settings, self.commands.ignore)

    def _on_settings(self, settings: Settings) -> None:
        self.list.show_budget(settings.servers.memory_budget_bytes)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for widget in (self.loading, self.empty, self.view, self.new):
            self._stack.addWidget(widget)
        right = QVBoxLayout()
        right.addWidget(self._stack)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 10, 12)
        row.setSpacing(10)
        row.addWidget(self.list)
        row.addLayout(right, 1)

    def _describe(self, actions: Actions) -> None:
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

    def _connect(self) -> None:
        self._wanted_view = ""
        self.store.rows_changed.connect(self._on_rows)
        self.store.listed.connect(self._on_listed)
        self.commands.copied.connect(self._on_copied)
        self.list.chosen.connect(self.show_server)
        self.list.wanted.connect(self._on_wanted)
        self.list.copy_wanted.connect(self.commands.copy)
        self.list.new_wanted.connect(self.new_server)
        self.list.log_wanted.connect(self._on_log_wanted)
        self.list.found.attach_wanted.connect(self.commands.attach)
        self.empty_button.clicked.connect(self.new_server)
        self.view.restart_wanted.connect(self._on_restart)
        self.view.start_wanted.connect(self._on_start)
        self.view.stop_wanted.connect(self.commands.stop)
        self.view.copy_wanted.connect(self.commands.copy)
        self.view.new_wanted.connect(self._on_new_with)
        self.view.door_wanted.connect(self.show_door)
        self.new.start_wanted.connect(self._on_new)
        self.new.closed.connect(self._on_new_closed)
        self._bridge.event_arrived.connect(self._on_event)
        self._bridge.run(c.ReadSettings(), self._on_settings, self.commands.ignore)
