"""The Compare page in a plain window on a scripted engine, and what a user does there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from steelyard.core.values import commands as cmd
from steelyard.ui.pages.compare import ComparePage
from ui.fake_engine import STARTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_column import TargetColumn
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
SECOND = msgspec.structs.replace(
    STARTER, name="Llama-3.1-8B-Q5_K_M", path="/w/Llama-3.1-8B-Q5_K_M.gguf", quant="Q5_K_M", source="file"
)


class Desk(QObject):
    """The page in a plain window."""

    def __init__(self, qtbot: QtBot, page: ComparePage, window: QMainWindow, engine: FakeEngine) -> None:
        super().__init__()
        self.qtbot = qtbot
        self.page = page
        self.window = window
        self.engine = engine

    @property
    def widgets(self) -> list[TargetColumn]:
        return self.page.columns.widgets

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClick(widget, key, modifier)

    def type(self, text: str) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClicks(widget, text)

    def activate(self) -> None:
        self.window.activateWindow()  # a closed pop-up stays the active window on the offscreen platform
        self.qtbot.waitUntil(self.window.isActiveWindow)
        self.page.focus_prompt()

    def add(self, name: str) -> None:
        self.press(Qt.Key.Key_L, CONTROL)
        self.qtbot.waitUntil(self.page.picker.isVisible)
        self.type(name)
        self.press(Qt.Key.Key_Return)
        self.qtbot.waitUntil(lambda: name in self.page.state.targets)
        self.activate()

    def ask(self, text: str) -> None:
        self.page.focus_prompt()
        self.type(text)
        self.press(Qt.Key.Key_Return, CONTROL)

    def wait_answered(self) -> None:
        self.qtbot.waitUntil(
            lambda: (
                self.page.state.turn_count > 0
                and not self.page.state.is_streaming
                and self.page.composer.send_button.accessibleName() != "Stop"
            ),
            timeout=10_000,
        )

    def lines(self, column: int) -> list[str]:
        return [line for line in self.widgets[column].view.toPlainText().split("\n") if line]

    def texts(self, column: int) -> list[str]:
        """Questions and answers without the links between them."""
        links = ("Regenerate", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
        lines = [line.partition("   ")[0] for line in self.lines(column)]
        return [line for line in lines if line not in links]

    def click_word(self, column: int, word: str) -> None:
        view = self.widgets[column].view
        found = view.document().find(word)
        while not found.isNull() and not found.charFormat().isAnchor():
            found = view.document().find(word, found)
        assert not found.isNull()
        found.setPosition(found.selectionStart())
        at = view.cursorRect(found).center()
        at.setX(at.x() + 3)
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)

    def facts(self, column: int) -> dict[str, str]:
        return {fact.label: fact.text for fact in self.widgets[column].facts.facts}

    def last_comparison(self) -> cmd.StartComparison:
        return self.engine.of_type(cmd.StartComparison)[-1]


@pytest.fixture
def open_desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, fake_engine: FakeEngine
) -> Iterator[Any]:
    windows: list[QMainWindow] = []

    def opened() -> Desk:
        window = QMainWindow()
        windows.append(window)
        page = ComparePage(theme, bridge, actions)
        window.setCentralWidget(page)
        actions.attach(window)
        actions.set_page("compare")
        qtbot.addWidget(window)
        window.resize(1440, 860)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        qtbot.waitUntil(lambda: page.is_body_decided, timeout=5000)
        page.focus_first()
        return Desk(qtbot, page, window, fake_engine)

    yield opened
    for window in windows:
        window.close()


@pytest.fixture
def desk(open_desk: Any, fake_engine: FakeEngine) -> Desk:
    fake_engine.weights = [STARTER, SECOND]
    fake_engine.add_api("mini")
    return open_desk()


@pytest.fixture
def three(desk: Desk) -> Desk:
    desk.add("Llama-3.1-8B-Q5_K_M")
    desk.add("mini")
    return desk
