"""Shows a file in the file manager of the desktop, selected where that can be; waits for nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QObject, QProcess, QUrl, Slot
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtDBus import QDBusPendingCallWatcher

_SERVICE = "org.freedesktop.FileManager1"
_OBJECT = "/org/freedesktop/FileManager1"


class Revealer(QObject):
    """Belongs to the page that reveals; keeps what was asked until the file manager has answered."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._watchers: dict[QDBusPendingCallWatcher, str] = {}

    def reveal(self, path: str) -> None:
        """Open the folder of a file with the file selected, or else just the folder."""
        command = reveal_command(sys.platform, path)
        if command is not None:
            QProcess.startDetached(command[0], command[1:])
        elif not (has_session_bus(os.environ) and self._ask_file_manager(path)):
            open_folder(path)

    def _ask_file_manager(self, path: str) -> bool:
        """The freedesktop way. The answer is not awaited: the file manager may have to start first."""
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            return False
        message = QDBusMessage.createMethodCall(_SERVICE, _OBJECT, _SERVICE, "ShowItems")
        address = QUrl.fromLocalFile(path).toString(QUrl.ComponentFormattingOption.FullyEncoded)
        message.setArguments([[address], ""])
        watcher = QDBusPendingCallWatcher(bus.asyncCall(message), self)
        self._watchers[watcher] = path
        watcher.finished.connect(self._on_answered)
        return True

    @Slot("QDBusPendingCallWatcher*")
    def _on_answered(self, watcher: QDBusPendingCallWatcher) -> None:
        path = self._watchers.pop(watcher, "")
        if watcher.isError() and path:
            open_folder(path)
        watcher.deleteLater()


def reveal_command(platform: str, path: str) -> list[str] | None:
    """The program that selects a file, as an argument list for no shell; None where a service does it."""
    if platform == "darwin":
        return ["open", "-R", path]
    if platform == "win32":
        return ["explorer.exe", "/select,", QDir.toNativeSeparators(path)]
    return None


def has_session_bus(environment: Mapping[str, str]) -> bool:
    """Whether a bus is there; without one Qt would start one, and wait for it."""
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    is_named = bool(environment.get("DBUS_SESSION_BUS_ADDRESS"))
    return is_named or bool(runtime and Path(runtime, "bus").exists())


def open_folder(path: str) -> None:
    """Open the folder that a file lies in."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).parent)))
