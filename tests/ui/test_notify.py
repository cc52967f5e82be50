"""Toasts, and what happens with an exception that nobody caught."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import remember_secret
from steelyard.core.values.commands import LoadWeights
from steelyard.ui import crash
from steelyard.ui.widgets import toast as toast_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from steelyard.ui.bridge import Bridge
    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine

KEY = "sk-abcdefghijklmnop"


def _texts(window: MainWindow) -> list[str]:
    return [label.text() for label in window.notifier.area.findChildren(QLabel) if label.isVisible()]


def test_an_error_that_no_page_takes_becomes_a_toast(
    qtbot: QtBot, window: MainWindow, bridge: Bridge, fake_engine: FakeEngine
) -> None:
    fake_engine.answers[LoadWeights] = AppError(
        "The server did not start", f"exit 1, key {KEY}", "Read the log."
    )
    bridge.run(LoadWeights(target="starter"))
    qtbot.waitUntil(lambda: bool(window.notifier.area.toasts))
    assert "The server did not start" in _texts(window)
    assert "Read the log." in _texts(window)
    assert not any("exit 1" in text for text in _texts(window))

    toast = window.notifier.area.toasts[0]
    qtbot.mouseClick(toast.details_button, Qt.MouseButton.LeftButton)
    assert any("exit 1" in text for text in _texts(window))
    assert KEY not in str(_texts(window))
    assert window.rect().contains(window.notifier.area.geometry())

    toast.close_button.setFocus()
    qtbot.keyClick(toast.close_button, Qt.Key.Key_Space)
    assert window.notifier.area.toasts == []


def test_toasts_never_read_markup(window: MainWindow) -> None:
    toast = window.notifier.show_error(AppError("<b>bold</b>", "<img src='file:///etc/passwd'>"))
    labels = toast.findChildren(QLabel)
    assert all(label.textFormat() == Qt.TextFormat.PlainText for label in labels if label.text())


def test_good_news_go_away_and_errors_stay(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toast_module, "SHOWN_MS", 30)
    window.notifier.show_error(AppError("Still here"))
    window.notifier.show_done("Exported")
    qtbot.waitUntil(lambda: len(window.notifier.area.toasts) == 1)
    assert window.notifier.area.toasts[0].text == "Still here"


def test_the_same_error_is_counted_and_many_do_not_fill_the_window(window: MainWindow) -> None:
    for _ in range(3):
        window.notifier.show_error(AppError("Again"))
    assert [toast.text for toast in window.notifier.area.toasts] == ["Again (3 times)"]
    for number in range(10):
        window.notifier.show_error(AppError(f"Error {number}"))
    assert len(window.notifier.area.toasts) == toast_module.MAX_TOASTS
    assert window.notifier.area.toasts[-1].text == "Error 9"


@pytest.fixture
def hooks() -> Iterator[crash.CrashHooks]:
    before = sys.excepthook, threading.excepthook
    hooks = crash.CrashHooks()
    yield hooks
    assert (sys.excepthook, threading.excepthook) == before


def test_a_bug_opens_a_dialog_with_a_report_that_can_be_copied(
    qtbot: QtBot,
    window: MainWindow,
    theme: Theme,
    hooks: crash.CrashHooks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remember_secret("hunter2-hunter2")
    presenter = crash.CrashPresenter(theme, hooks, window)
    try:
        raise ValueError(f"with {KEY} and hunter2-hunter2")
    except ValueError as exc:
        hooks.handle(type(exc), exc, exc.__traceback__)
    qtbot.waitUntil(lambda: presenter.dialog is not None and presenter.dialog.isVisible())
    assert presenter.dialog is not None

    qtbot.mouseClick(presenter.dialog.copy_button, Qt.MouseButton.LeftButton)
    report = QGuiApplication.clipboard().text()
    assert "ValueError" in report
    assert "test_notify.py" in report
    assert "Steelyard" in report
    assert KEY not in report
    assert "hunter2-hunter2" not in report
    assert "uncaught exception" in caplog.text

    qtbot.keyClick(presenter.dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: presenter.dialog is None)


def test_a_bug_in_another_thread_is_told_in_the_main_thread(
    qtbot: QtBot, hooks: crash.CrashHooks, window: MainWindow, theme: Theme
) -> None:
    presenter = crash.CrashPresenter(theme, hooks, window)
    args = threading.ExceptHookArgs((KeyError, KeyError("x"), None, None))
    thread = threading.Thread(target=hooks.handle_in_thread, args=[args])
    thread.start()
    thread.join()
    assert presenter.dialog is None
    qtbot.waitUntil(lambda: presenter.dialog is not None)
    assert presenter.dialog is not None
    assert "KeyError" in presenter.dialog.report.toPlainText()
    presenter.dialog.accept()


def test_ctrl_c_is_no_bug(qtbot: QtBot, hooks: crash.CrashHooks) -> None:
    with qtbot.assertNotEmitted(hooks.crashed):
        hooks.handle(KeyboardInterrupt, KeyboardInterrupt(), None)


def test_messages_of_qt_go_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="steelyard.qt"):
        crash.log_qt_message(QtMsgType.QtWarningMsg, QMessageLogContext(), "painter not active")
    assert ("steelyard.qt", logging.WARNING, "painter not active") in caplog.record_tuples
