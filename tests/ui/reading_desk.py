"""The Compare page with two answers on it, for tests of reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow

from steelyard.ui.pages.compare import ComparePage

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView
    from ui.fake_engine import FakeEngine

NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
CODE = "```python\n" + "\n".join(f"step_{n}()  # needle" for n in range(60)) + "\n```\n"
LEFT = f"# Alpha\n\nThe Needle is `here` now.\n\n{CODE}\nLast words of alpha.\n"
RIGHT = f"# Beta\n\nThe needle is `there` now.\n\n{CODE}\nLast words of beta, and more.\n"


class ReadingDesk:
    """Keys go to what has the keyboard, as a user's do."""

    def __init__(
        self, qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, engine: FakeEngine
    ) -> None:
        self.qtbot = qtbot
        self.engine = engine
        self.actions = actions
        self.window = QMainWindow()
        self.page = ComparePage(theme, bridge, actions)
        self.reading = self.page.reading
        self.window.setCentralWidget(self.page)
        actions.attach(self.window)
        actions.set_page("compare")
        qtbot.addWidget(self.window)
        self.window.resize(1440, 860)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(lambda: self.page.is_body_decided, timeout=5000)

    def ask(self) -> None:
        """Two columns answer."""
        self.page.add_target("mini")
        self.page.focus_prompt()
        QTest.keyClicks(self.focused, "Where is it?")
        self.press(Qt.Key.Key_Return, CONTROL)
        self.qtbot.waitUntil(lambda: self.page.state.turn_count == 1 and not self.page.state.is_streaming)
        self.qtbot.waitUntil(lambda: all("Last words" in view.toPlainText() for view in self.views))
        self.qtbot.waitUntil(lambda: self.actions.entry("compare.diff").action.isEnabled())
        for view in self.views:
            view.set_following(is_following=False)

    @property
    def focused(self) -> object:
        """What has the keyboard."""
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        """One key."""
        QTest.keyClick(self.focused, key, modifier)  # type: ignore[call-overload]

    def type(self, text: str) -> None:
        """Several."""
        QTest.keyClicks(self.focused, text)  # type: ignore[call-overload]

    @property
    def views(self) -> list[ResponseView]:
        """Of the columns."""
        return [column.view for column in self.page.columns.widgets]
