"""Imports what charts are drawn with, after the page has been painted: it takes most of a second in all."""

from __future__ import annotations

import importlib
import threading

from PySide6.QtCore import QObject, QTimer, Signal, Slot

_LOOK_MS = 20


class ChartLoader(QObject):
    """numpy in a thread of its own, then pyqtgraph in one turn of the main thread.

    pyqtgraph sets up further parts of the Qt binding, whose tables of types the main thread uses all the
    time. A process that did so beside the main thread crashed once; nothing promises that it may.
    """

    loaded = Signal()
    """Charts can be made."""
    failed = Signal(str)
    """Why they cannot."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._problem = ""
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._on_look)

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, args=("numpy",), name="charts", daemon=True)
            self._thread.start()
            self._timer.start()

    def _load(self, name: str) -> None:
        try:
            importlib.import_module(name)
        except Exception as exc:  # noqa: BLE001 - a broken library must cost the charts, not the page
            self._problem = f"{type(exc).__name__}: {exc}"

    @Slot()
    def _on_look(self) -> None:
        if self._thread is None or self._thread.is_alive():
            return
        self._timer.stop()
        if not self._problem:
            self._load("pyqtgraph")
        if self._problem:
            self.failed.emit(self._problem)
        else:
            self.loaded.emit()
