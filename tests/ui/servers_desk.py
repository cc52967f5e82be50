"""The Servers page in the real window on a scripted engine, and what tests of it look for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as cmd
from steelyard.ui.pages.servers import ServersPage
from ui import servers_rows as rows

if TYPE_CHECKING:
    from PySide6.QtCore import Qt
    from pytestqt.qtbot import QtBot

    from steelyard.core.values.events import Event
    from steelyard.core.values.servers import ServerRow
    from steelyard.ui.main_window import MainWindow
    from ui.fake_engine import FakeEngine


class ScriptedServers:
    """What the engine knows of servers; tests change it."""

    def __init__(self) -> None:
        self.rows: list[ServerRow] = list(rows.ROWS)
        self.details: dict[str, Any] = {}

    def detail(self, command: cmd.ReadServer) -> Any:
        row = next((row for row in self.rows if row.name == command.name), None)
        if row is None:
            raise AppError("No such server", command.name)
        return rows.detail(row, **self.details)

    def forget(self, command: cmd.ForgetServer) -> None:
        self.rows = [row for row in self.rows if row.name != command.name]


def script(engine: FakeEngine) -> ScriptedServers:
    """Have the scripted engine answer everything that the page asks."""
    servers = ScriptedServers()
    engine.weights = list(rows.SHELF)
    engine.answers |= {
        cmd.ListServers: lambda _c: list(servers.rows),
        cmd.ReadServer: servers.detail,
        cmd.ReadLog: lambda command: rows.log_of(command.name),
        cmd.FollowLog: None,
        cmd.PreviewLaunch: rows.preview,
        cmd.PlanRoom: rows.PLAN,
        cmd.ListProfiles: list(rows.STORED),
        cmd.SaveProfile: lambda command: command.profile,
        cmd.RemoveProfile: None,
        cmd.FindServers: list(rows.FOUND),
        cmd.AttachServer: None,
        cmd.ReadGateway: rows.GATEWAY,
        cmd.OpenGateway: rows.GATEWAY,
        cmd.CloseGateway: None,
        cmd.AddGatewayKey: "sk-steelyard-0123456789",
        cmd.RevokeGatewayKey: None,
        cmd.RestartServer: lambda command: servers.rows[0],
        cmd.ForgetServer: servers.forget,
        cmd.StartBench: rows.BENCH,
        cmd.StartTune: rows.TUNE,
        cmd.FinishTune: None,
        cmd.ReadSample: rows.SAMPLE,
    }
    return servers


class ServersDesk:
    """The page, and hands that type and click."""

    def __init__(self, qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> None:
        self.qtbot = qtbot
        self.window = window
        self.engine = engine
        self.servers = script(engine)
        window.show_page("servers")
        page = window.page("servers")
        assert isinstance(page, ServersPage)
        self.page = page
        self.view = page.view
        window.activateWindow()

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            widget = QApplication.focusWidget()
            assert widget is not None
            QTest.keyClick(widget, key)

    def wait_loaded(self) -> None:
        self.qtbot.waitUntil(lambda: self.view.detail is not None and bool(self.page.store.shelf.weights))

    def tell(self, event: Event) -> None:
        self.engine.emit(event)
        self.qtbot.wait(60)

    def sent(self, kind: type) -> list[Any]:
        return self.engine.of_type(kind)
