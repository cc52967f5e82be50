"""The window's life: geometry, being raised, closing in order, signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from steelyard.app import display_problem
from steelyard.core.values.events import EngineChanged, ServerChanged, SettingsChanged, WindowRaised
from steelyard.core.values.settings import Settings
from steelyard.ui.actions import Actions
from steelyard.ui.main_window import MainWindow, remembered_mode
from steelyard.ui.session import SignalDoor
from ui.stand_ins import StandInCompare, make_server

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.bridge import Bridge
    from steelyard.ui.session import Session
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine
    from ui.stand_ins import StandInApp

DESKTOP = Path(__file__).resolve().parents[2] / "desktop"


def test_closing_stops_the_engine_and_says_what_it_waits_for(
    qtbot: QtBot,
    window: MainWindow,
    session: Session,
    bridge: Bridge,
    fake_engine: FakeEngine,
    stand_in_app: StandInApp,
) -> None:
    fake_engine.stop_takes_s = 0.2
    fake_engine.emit(ServerChanged(server=make_server("one")))
    fake_engine.emit(ServerChanged(server=make_server("two")))
    qtbot.waitUntil(lambda: len(window.strip.servers) == 2)

    with qtbot.waitSignal(bridge.stopped, timeout=5000):
        window.close()
        assert window.isVisible()
        assert window.closing_text == "Closing: stopping 2 servers"
        fake_engine.emit(ServerChanged(server=make_server("one", state="stopped")))
        qtbot.waitUntil(lambda: window.closing_text == "Closing: stopping 1 server")
        window.close()  # once more does no harm

    assert fake_engine.stopped
    assert stand_in_app.has_quit
    assert not window.isVisible()


def test_nothing_can_be_started_while_closing(
    qtbot: QtBot, window: MainWindow, session: Session, bridge: Bridge, actions: Actions
) -> None:
    with qtbot.waitSignal(bridge.stopped, timeout=5000):
        qtbot.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        assert window.current_page == "compare"
        assert not window.page("compare").isEnabled()
        assert not any(entry.action.isEnabled() for entry in actions.all())


def test_a_window_that_never_painted_closes_without_an_engine(
    window: MainWindow, session: Session, stand_in_app: StandInApp
) -> None:
    session.is_started = False
    window.close()
    assert stand_in_app.has_quit


def test_term_closes_the_window_in_order(
    qtbot: QtBot, window: MainWindow, session: Session, bridge: Bridge, stand_in_app: StandInApp
) -> None:
    door = SignalDoor(window)
    try:
        with qtbot.waitSignal(bridge.stopped, timeout=5000):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        door.close()
    assert stand_in_app.has_quit


def test_geometry_is_kept_in_the_ini_file(
    qtbot: QtBot, theme: Theme, bridge: Bridge, window: MainWindow, tmp_path: Path
) -> None:
    window.resize(1024, 720)
    window.close()
    again = MainWindow(theme, bridge, Actions(), {"compare": StandInCompare}, tmp_path / "window.ini")
    qtbot.addWidget(again)
    assert (again.width(), again.height()) == (1024, 720)
    again.close_for_good()


def test_another_start_raises_the_window(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> None:
    window.showMinimized()
    fake_engine.emit(WindowRaised())
    qtbot.waitUntil(lambda: not window.isMinimized())
    assert window.isVisible()


@pytest.mark.usefixtures("session")
def test_an_engine_that_does_not_start_says_so_and_stays_said(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    fake_engine.emit(EngineChanged(state="failed", detail="llama-server is missing. Run setup."))
    qtbot.waitUntil(lambda: bool(window.notifier.area.toasts))
    assert window.notifier.area.toasts[0].text == "The engine did not start"
    assert window.strip.engine.shown_text == "Engine failed"
    assert "llama-server is missing" in window.strip.engine.toolTip()


@pytest.mark.usefixtures("session")
def test_a_file_that_could_not_be_used_is_told(
    qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine
) -> None:
    fake_engine.emit(EngineChanged(state="ready", notices=["The ledger was damaged."]))
    qtbot.waitUntil(lambda: bool(window.notifier.area.toasts))
    assert window.notifier.area.toasts[0].text == "One of your files could not be used"


@pytest.mark.usefixtures("session")
def test_the_stored_look_is_applied_and_remembered_for_the_first_frame(
    qtbot: QtBot, window: MainWindow, theme: Theme, fake_engine: FakeEngine, tmp_path: Path
) -> None:
    fake_engine.settings = Settings(theme="light")
    fake_engine.emit(SettingsChanged())
    qtbot.waitUntil(lambda: not theme.is_dark)
    window.close()
    assert remembered_mode(tmp_path / "window.ini") == "light"


def test_compare_can_ask_for_a_section_of_the_settings(
    qtbot: QtBot, window: MainWindow, session: Session
) -> None:
    session.open_settings("energy")
    assert window.current_page == "settings"
    assert window.page("settings").section == "energy"  # type: ignore[attr-defined]
    session.open_settings("add_target")
    assert window.page("settings").targets.form.isVisible()  # type: ignore[attr-defined]


def test_without_a_display_there_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from steelyard.app import run_app;"
        "from steelyard.core.base.paths import Home;"
        f"sys.exit(run_app(Home(Path({str(tmp_path)!r}), False), lambda: None))"
    )
    environment = {"PYTHONPATH": str(DESKTOP), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("No display: Steelyard needs a desktop session")
    assert done.stderr.count("\n") == 1


_WHOLE_APP = """
import sys
from pathlib import Path
from steelyard.app import run_app
from steelyard.core.base.paths import Home
from ui.fake_engine import FakeEngine

class Engine(FakeEngine):
    async def start(self):
        await super().start()
        print("started", flush=True)

    async def stop(self, deadline_s):
        await super().stop(deadline_s)
        print("stopped", flush=True)

sys.exit(run_app(Home(Path(sys.argv[1]), False), Engine))
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no TERM elsewhere")
def test_the_whole_app_starts_and_ends_on_term_in_order(tmp_path: Path) -> None:
    environment = {
        "PYTHONPATH": f"{DESKTOP}{os.pathsep}{DESKTOP.parent / 'tests'}",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
    }
    command = [sys.executable, "-c", _WHOLE_APP, str(tmp_path)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as app:
        assert app.stdout is not None
        assert app.stderr is not None
        try:
            assert app.stdout.readline() == "started\n", app.stderr.read()
            app.send_signal(signal.SIGTERM)
            assert app.stdout.readline() == "stopped\n"
            assert app.wait(timeout=20) == 0
        finally:
            app.kill()
    assert (tmp_path / "window.ini").is_file()


def test_a_display_is_only_asked_for_where_there_may_be_none() -> None:
    assert display_problem("linux", {})
    assert not display_problem("linux", {"WAYLAND_DISPLAY": "wayland-0"})
    assert not display_problem("linux", {"QT_QPA_PLATFORM": "offscreen"})
    assert not display_problem("darwin", {})
    assert not display_problem("win32", {})
