"""Bugs: everything that nobody caught goes to the log and into a report that can be copied."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from steelyard import __version__
from steelyard.core.base.clock import utc_now
from steelyard.core.base.redaction import redact
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from types import TracebackType

    from steelyard.ui.theme.theme import Theme

_log = logging.getLogger(__name__)
_qt_log = logging.getLogger("steelyard.qt")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashHooks(QObject):
    """Replaces the interpreter's hooks while installed; `crashed` arrives in the main thread."""

    crashed = Signal(str)
    """A redacted report of an exception that nobody caught."""

    def install(self) -> None:
        """From now on uncaught exceptions and Qt's messages go to the log."""
        self._previous = sys.excepthook, threading.excepthook
        sys.excepthook = self.handle
        threading.excepthook = self.handle_in_thread
        qInstallMessageHandler(log_qt_message)

    def uninstall(self) -> None:
        """Back to what was there before."""
        sys.excepthook, threading.excepthook = self._previous
        qInstallMessageHandler(None)

    def handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The hook; safe in every thread."""
        if issubclass(kind, KeyboardInterrupt):
            return
        _log.critical("uncaught exception", exc_info=(kind, error, trace))
        self.crashed.emit(make_report(kind, error, trace))

    def handle_in_thread(self, args: threading.ExceptHookArgs) -> None:
        """The hook of other threads."""
        if args.exc_value is not None:
            self.handle(args.exc_type, args.exc_value, args.exc_traceback)


def make_report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """What a developer needs, without keys and without the user's name in paths."""
    head = [
        f"Steelyard {__version__}, {utc_now()}",
        f"Python {platform.python_version()}, PySide6 {PySide6.__version__}, {platform.platform()}",
        "",
    ]
    text = "\n".join(head) + "".join(traceback.format_exception(kind, error, trace))
    return redact(text).replace(str(Path.home()), "~")


def log_qt_message(level: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's own messages belong to the log."""
    _qt_log.log(_LEVELS.get(level, logging.WARNING), "%s", message)


class CrashDialog(QDialog):
    """A bug, told plainly, with the report to copy. Shown with `open()`: the app goes on behind it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Steelyard: something went wrong")
        self.resize(640, 420)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setProperty("role", "code")
        self.report.setFont(theme.font(12, mono=True))
        self.report.setAccessibleName("Report")
        self.report.setTabChangesFocus(True)
        self.copy_button = make_button(theme, "Copy report", "primary", icon="copy")
        close_button = make_button(theme, "Close")
        self.copy_button.clicked.connect(self._on_copy_clicked)
        close_button.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(close_button)
        row.addWidget(self.copy_button)
        hint = "The app goes on, but what you just did may be incomplete. Keys are masked in this report; "
        hint += "read it before you pass it on."
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addWidget(make_label(theme, "Something went wrong inside Steelyard", px=15, weight=600))
        column.addWidget(make_label(theme, hint, "prose", wrap=True))
        column.addWidget(self.report, 1)
        column.addLayout(row)

    def add_report(self, report: str) -> None:
        """Show a report; further ones are added below instead of opening more dialogs."""
        self.report.appendPlainText(report)
        if not self.isVisible():
            self.open()

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self.copy_button.setText("Copied")


class CrashPresenter(QObject):
    """Opens the dialog for `CrashHooks.crashed`."""

    def __init__(self, theme: Theme, hooks: CrashHooks, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self.dialog: CrashDialog | None = None
        # Queued: the hook may run in another thread, or inside a paint event.
        hooks.crashed.connect(self._on_crashed, Qt.ConnectionType.QueuedConnection)

    @Slot(str)
    def _on_crashed(self, report: str) -> None:
        if self.dialog is None:
            self.dialog = CrashDialog(self._theme, self._window)
            self.dialog.finished.connect(self._on_finished)
        self.dialog.add_report(report)

    @Slot()
    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
