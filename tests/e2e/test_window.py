"""The real window on the real engine, used with the keyboard: one prompt, a local model and two APIs."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.app import make_pages
from steelyard.core.base.paths import find_home
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.store.settings import SettingsStore
from steelyard.core.values.settings import Settings
from steelyard.core.values.targets import ApiPrices, ApiTarget
from steelyard.ui.actions import Actions
from steelyard.ui.bridge import Bridge
from steelyard.ui.main_window import MainWindow
from steelyard.ui.pages.compare import ComparePage
from steelyard.ui.session import Session
from steelyard.ui.theme.theme import Theme

from .harness import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from .harness import Cli, Remote

pytestmark = pytest.mark.qt_log_ignore("does not support (propagateSizeHints|raise|grabbing)", extend=True)

PATIENCE_MS = 90_000


class StandInApp:
    """The session quits its application; pytest-qt's must live on."""

    def setQuitOnLastWindowClosed(self, _value: bool) -> None:  # noqa: N802 - Qt's name
        pass

    def quit(self) -> None:
        pass


@pytest.fixture
def window(
    qtbot: QtBot, qapp: QApplication, cli: Cli, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(cli.runtime))
    monkeypatch.setenv("REMOTE_KEY", remote.key)
    store = SettingsStore(cli.home / "settings.toml")
    prices = ApiPrices(input="0.15", output="0.6")
    store.save(
        Settings(
            targets=[
                ApiTarget(
                    name=name,
                    url=remote.url,
                    model="remote",
                    format=style,
                    key_env="REMOTE_KEY",
                    prices=prices,
                )
                for name, style in (("mini", "openai"), ("claude", "anthropic"))
            ]
        )
    )
    theme = Theme(qapp, "dark")
    bridge = Bridge(lambda: OwnedEngine(find_home(str(cli.home)), "app"))
    actions = Actions()
    window = MainWindow(theme, bridge, actions, make_pages(theme, bridge, actions), cli.home / "window.ini")
    qtbot.addWidget(window)
    session = Session(StandInApp(), theme, bridge, actions, window)  # type: ignore[arg-type]
    session.open()
    qtbot.waitUntil(lambda: window.strip.engine.shown_text == "Ready", timeout=PATIENCE_MS)
    ended = qtbot.waitSignal(bridge.stopped, timeout=0, raising=False)
    yield window
    window.close()
    qtbot.waitUntil(lambda: ended.signal_triggered, timeout=20_000)
    bridge.join()
    assert cli.servers() == []


def compare_page(window: MainWindow) -> ComparePage:
    page = window.page("compare")
    assert isinstance(page, ComparePage)
    return page


def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClick(widget, key, modifier)


def type_text(text: str) -> None:
    widget = QApplication.focusWidget()
    assert widget is not None
    QTest.keyClicks(widget, text)


def ask(text: str) -> None:
    type_text(text)
    press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def add_target(qtbot: QtBot, page: ComparePage, name: str) -> None:
    before = len(page.state.columns)
    press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: any(ref.target == name for ref in page.lists.refs))
    type_text(name)
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.state.columns) == before + 1)
    # The offscreen platform leaves a closed pop-up as the active window; a real one gives the focus back.
    page.window().activateWindow()


def finished_runs(page: ComparePage) -> list[object]:
    turns = [column.turn for column in page.state.columns]
    return [turn.run for turn in turns if turn is not None and turn.run is not None and not turn.is_open]


def test_one_prompt_to_a_local_model_and_two_apis(qtbot: QtBot, window: MainWindow, cli: Cli) -> None:
    page = compare_page(window)
    qtbot.waitUntil(lambda: len(page.state.columns) == 1, timeout=PATIENCE_MS)
    page.focus_prompt()
    for name in ("mini", "claude"):
        add_target(qtbot, page, name)
        page.focus_prompt()
    ask("Name three colours.")
    qtbot.waitUntil(
        lambda: len(finished_runs(page)) == 3 and not page.state.is_streaming, timeout=PATIENCE_MS
    )
    starter, mini, claude = (column.turn.run for column in page.state.columns)
    assert [run.error for run in (starter, mini, claude)] == [None, None, None]
    assert all(run.text for run in (starter, mini, claude))
    assert (starter.cost.usd, starter.cost.basis) == (None, "unknown")
    assert mini.cost.usd is not None
    assert claude.usage.source == "server"
    # A second turn goes to the same columns and knows what went before.
    ask("And three more.")
    qtbot.waitUntil(
        lambda: page.state.turn_count == 2 and not page.state.is_streaming and len(finished_runs(page)) == 3,
        timeout=PATIENCE_MS,
    )
    second = page.state.columns[1].turn.run
    assert second.turn == 1
    assert second.usage.prompt_tokens > mini.usage.prompt_tokens + mini.usage.completion_tokens
    # The command line sees the app's server, and the ledger has what the window showed.
    document = cli.json("ps")
    assert document["owner"] == "app"
    assert [row["state"] for row in document["servers"]] == ["ready"]


def test_escape_stops_and_a_refused_key_stays_in_its_column(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = compare_page(window)
    qtbot.waitUntil(lambda: len(page.state.columns) == 1, timeout=PATIENCE_MS)
    page.focus_prompt()
    add_target(qtbot, page, "mini")
    page.focus_prompt()
    page.toolbar.set_schedule("concurrent")  # one after another, the refused one would have to wait
    monkeypatch.setenv("REMOTE_KEY", "wrong-key-123456")
    ask("Write a very long story about a lighthouse keeper, with many chapters.")
    qtbot.waitUntil(lambda: page.state.columns[0].turn.text != "", timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(finished_runs(page)) == 1, timeout=PATIENCE_MS)
    press(Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not page.state.is_streaming, timeout=10_000)
    stopped, refused = (column.turn for column in page.state.columns)
    qtbot.waitUntil(lambda: stopped.run.finish_reason == "cancelled")  # its figures follow the key press
    assert stopped.run.text
    assert "key" in refused.run.error.title


def test_closing_in_the_middle_of_a_stream_ends_every_child(
    qtbot: QtBot, window: MainWindow, cli: Cli
) -> None:
    page = compare_page(window)
    qtbot.waitUntil(lambda: len(page.state.columns) == 1, timeout=PATIENCE_MS)
    page.focus_prompt()
    ask("Write a very long story about a lighthouse keeper, with many chapters.")
    qtbot.waitUntil(lambda: page.state.columns[0].turn.text != "", timeout=PATIENCE_MS)
    assert page.state.is_streaming
    assert len(cli.servers()) == 1
    window.close()
    qtbot.waitUntil(lambda: cli.servers() == [], timeout=20_000)
    runs = ledger(cli.home, "SELECT finish_reason, length(text) > 0 FROM runs")
    assert runs == [("cancelled", 1)]
