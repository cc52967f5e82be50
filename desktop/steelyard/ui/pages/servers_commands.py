"""What is asked of the engine about servers, and what is still on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from steelyard.core.values import commands as c
from steelyard.ui.pages.servers_snippets import snippet

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.servers import GatewayRow
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.servers_stores import ServersStore


class ServerCommands(QObject):
    """Errors of these are toasts: each was asked for by a click or a key."""

    copied = Signal(str)
    """How to call this server is on the clipboard."""

    def __init__(self, bridge: Bridge, store: ServersStore, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._store = store
        self._loads: dict[str, Call] = {}
        self._to_copy = ("", "")

    def load(self, name: str, profile: LaunchProfile | None, *, makes_room: bool = False) -> None:
        """Have a server ready; its card tells how far it is."""
        self._store.drop_wanted(name)
        self._drop_load(name)
        command = c.LoadWeights(target=name, profile=profile, makes_room=makes_room)
        self._loads[name] = self._bridge.run(command)

    def restart(self, name: str, profile: LaunchProfile | None) -> None:
        """Start it anew, with another profile if there is one."""
        self._store.expect(name)
        self._bridge.run(c.RestartServer(name=name, profile=profile))

    @Slot(str)
    def stop(self, name: str) -> None:
        """Stop it; what loads it is stopped, too."""
        self._drop_load(name)
        self._bridge.run(c.StopServer(name=name))

    def cancel(self, name: str) -> None:
        """Weights that wait for memory are not to be started."""
        self._drop_load(name)
        self._store.drop_wanted(name)
        if name in self._store.rows:
            self._bridge.run(c.StopServer(name=name))

    def forget(self, name: str) -> None:
        """Take a server that has ended off the list."""
        forgetting = _Forgetting(self._store, name)
        self._bridge.run(c.ForgetServer(name=name), forgetting.on_done)

    @Slot(str, str)
    def attach(self, url: str, model: str) -> None:
        """Make a model of another program's server a target."""
        self._bridge.run(c.AttachServer(url=url, model=model), self._on_attached)

    @Slot(str, str)
    def copy(self, name: str, kind: str) -> None:
        """Copy how to call a server; the door is opened if it is closed."""
        gateway = self._store.gateway
        if gateway is not None and gateway.base_url:
            self._copy_now(name, kind, gateway.base_url)
        else:
            self._to_copy = (name, kind)
            self._bridge.run(c.OpenGateway(), self._on_opened)

    @Slot(object)
    def ignore(self, _error: AppError) -> None:
        """For questions that nobody asked by hand: what they would have shown stays unknown."""

    def _drop_load(self, name: str) -> None:
        call = self._loads.pop(name, None)
        if call is not None:
            call.cancel()

    def _on_attached(self, _row: object) -> None:
        self._store.find()

    def _on_opened(self, gateway: GatewayRow) -> None:
        name, kind = self._to_copy
        if gateway.base_url and name:
            self._copy_now(name, kind, gateway.base_url)
        self._store.load()

    def _copy_now(self, name: str, kind: str, url: str) -> None:
        text = snippet(kind, url, name)  # type: ignore[arg-type]  # the keys of KINDS
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(name)


class _Forgetting:
    """The answer does not say which server it was about."""

    def __init__(self, store: ServersStore, name: str) -> None:
        self._store = store
        self._name = name

    def on_done(self, _answer: object) -> None:
        self._store.drop_row(self._name)
