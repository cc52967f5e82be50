"""The Models page in the real window, and what tests of it look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from steelyard.ui.pages.models import ModelsPage

if TYPE_CHECKING:
    from PySide6.QtCore import Qt
    from pytestqt.qtbot import QtBot

    from steelyard.core.values.events import Event
    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.session import Session
    from ui.fake_engine import FakeEngine


class ModelsDesk:
    """The page, and hands that type and click."""

    def __init__(self, qtbot: QtBot, window: MainWindow, session: Session, engine: FakeEngine) -> None:
        self.qtbot = qtbot
        self.window = window
        self.session = session
        self.engine = engine
        window.show_page("models")
        page = window.page("models")
        assert isinstance(page, ModelsPage)
        self.page = page
        self.search = page.discover.search
        self.repo = page.discover.repo
        window.activateWindow()

    def type(self, text: str) -> None:
        widget = QApplication.focusWidget()
        assert widget is not None
        QTest.keyClicks(widget, text)

    def press(self, *keys: Qt.Key) -> None:
        for key in keys:
            widget = QApplication.focusWidget()
            assert widget is not None
            QTest.keyClick(widget, key)

    def titles(self) -> list[str]:
        return [row.title for row in self.search.model.rows if row.repo]

    def open(self, name: str) -> None:
        self.search.view.opened.emit(name)
        self.qtbot.waitUntil(lambda: self.repo.state == "repo" and self.repo.selected_file is not None)

    def wait_results(self) -> None:
        self.qtbot.waitUntil(lambda: self.search.search.has_answer and bool(self.titles()))

    def tell(self, event: Event) -> None:
        self.engine.emit(event)
        self.qtbot.wait(60)
