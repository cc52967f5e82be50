"""The Compare page in a plain window, as the tests of a prompt's parts use it: keys, clicks, what is seen."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
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
    from steelyard.ui.pages.compare_form_desk import PromptForms
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
SECOND = msgspec.structs.replace(
    STARTER, name="tulip", path="/w/tulip-Q5_K_M.gguf", quant="Q5_K_M", source="file"
)


class FormsDesk(QObject):
    """Two local columns and one API's."""

    def __init__(self, qtbot: QtBot, page: ComparePage, engine: FakeEngine) -> None:
        super().__init__()
        self.qtbot = qtbot
        self.page = page
        self.engine = engine

    @property
    def forms(self) -> PromptForms:
        return self.page.forms

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClick(widget, key, modifier)

    def type(self, text: str) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClicks(widget, text)

    def write(self, text: str) -> None:
        self.page.focus_prompt()
        self.page.composer.set_prompt(text)

    def send(self) -> None:
        self.page.focus_prompt()
        self.press(Qt.Key.Key_Return, CONTROL)

    def wait_over(self) -> None:
        self.qtbot.waitUntil(
            lambda: not self.forms.is_running and not self.page.state.is_streaming, timeout=10_000
        )

    @property
    def asked(self) -> cmd.StartComparison:
        return self.engine.of_type(cmd.StartComparison)[-1]


@contextmanager
def open_forms_desk(
    qtbot: QtBot, theme: Theme, bridge: Bridge, actions: Actions, engine: FakeEngine
) -> Iterator[FormsDesk]:
    """The page with three columns, the keyboard in the prompt."""
    engine.weights = [STARTER, SECOND]
    engine.add_api("mini")
    window = QMainWindow()
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
    for name in ("tulip", "mini"):
        page.add_target(name)
    page.focus_first()
    yield FormsDesk(qtbot, page, engine)
    window.close()
