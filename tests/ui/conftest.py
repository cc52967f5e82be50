"""What every window test needs: the look, a scripted engine and the real bridge on it."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from typing import TYPE_CHECKING

import pytest

from steelyard.app import make_pages
from steelyard.core.values.events import EngineChanged
from steelyard.ui.actions import Actions
from steelyard.ui.bridge import Bridge
from steelyard.ui.main_window import MainWindow
from steelyard.ui.session import Session
from steelyard.ui.theme.theme import Theme
from ui.fake_engine import FakeEngine
from ui.models_desk import ModelsDesk
from ui.stand_ins import StandInApp, StandInCompare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "dark")
    yield theme
    theme.deleteLater()


@pytest.fixture
def actions(qapp: QApplication) -> Actions:
    return Actions()


@pytest.fixture
def fake_engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def bridge(qtbot: QtBot, fake_engine: FakeEngine) -> Iterator[Bridge]:
    """The bridge with its engine thread running and ready; the thread is joined at the end."""
    bridge = Bridge(lambda: fake_engine)
    with qtbot.waitSignal(
        bridge.event_arrived, timeout=5000, check_params_cb=lambda event: isinstance(event, EngineChanged)
    ):
        bridge.start()
    yield bridge
    bridge.stop(2.0)
    bridge.join()


@pytest.fixture
def window(
    qtbot: QtBot, theme: Theme, bridge: Bridge, fake_engine: FakeEngine, actions: Actions, tmp_path: Path
) -> Iterator[MainWindow]:
    """The main window at 1440 x 900 with a stand-in for Compare, which is shown."""
    pages = make_pages(theme, bridge, actions) | {"compare": StandInCompare}
    window = MainWindow(theme, bridge, actions, pages, tmp_path / "window.ini")
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    window.resize(1440, 900)  # the offscreen screen is smaller than any desktop's
    window.show_page("compare")
    fake_engine.emit(EngineChanged(state="ready"))  # the bridge was ready before the window was there
    qtbot.waitUntil(lambda: window.strip.engine.shown_text == "Ready")
    yield window
    window.close_for_good()


@pytest.fixture
def stand_in_app() -> StandInApp:
    return StandInApp()


@pytest.fixture
def session(
    stand_in_app: StandInApp, theme: Theme, bridge: Bridge, actions: Actions, window: MainWindow
) -> Session:
    """What couples the window with the engine; the engine runs already."""
    session = Session(stand_in_app, theme, bridge, actions, window)  # type: ignore[arg-type]
    session.is_started = True
    return session


@pytest.fixture
def desk(qtbot: QtBot, window: MainWindow, session: Session, fake_engine: FakeEngine) -> ModelsDesk:
    """The Models page in the main window; test modules of other pages have desks of their own."""
    return ModelsDesk(qtbot, window, session, fake_engine)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The offscreen platform warns about three things that it cannot do; nothing else may warn."""
    cannot = "does not support (propagateSizeHints|raise|grabbing)"
    for item in items:
        item.add_marker(pytest.mark.qt_log_ignore(cannot, extend=True))
