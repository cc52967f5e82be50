"""The Servers page: every llama-server of this app, what it holds and does, and how it is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot

from steelyard.core.values import commands as c
from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.servers_actions import add_servers_actions
from steelyard.ui.pages.servers_commands import ServerCommands
from steelyard.ui.pages.servers_layout import ServersLayout

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.settings import Settings
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme


class ServersPage(ServersLayout):
    """Starts, shows and ends servers, and tells other programs how to reach them."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(theme, bridge, parent)
        self._wanted_view = ""
        self.commands = ServerCommands(bridge, self.store, self)
        add_servers_actions(actions, self)
        self.describe(actions)
        self._connect()

    # ---- what can be done ----------------------------------------------------------------------------------

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

    def toggle_door(self) -> None:
        """Open or close the door for other programs."""
        gateway = self.store.gateway
        is_open = gateway is not None and gateway.base_url is not None
        self._bridge.run(c.CloseGateway() if is_open else c.OpenGateway())

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
        else:
            self.show_failed(error)

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, SettingsChanged) or (
            isinstance(event, EngineChanged) and event.state == "ready"
        ):
            self._bridge.run(c.ReadSettings(), self._on_settings, self.commands.ignore)

    def _on_settings(self, settings: Settings) -> None:
        self.list.show_budget(settings.servers.memory_budget_bytes)

    def _connect(self) -> None:
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
