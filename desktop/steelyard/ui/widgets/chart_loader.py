"""Imports what charts are drawn with behind the window's back: numpy and pyqtgraph take most of a second."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from types import ModuleType

_LOOK_MS = 20
_MODULES = ("numpy", "pyqtgraph")


class ChartLoader(QObject):
    """Loads in a thread of its own and looks now and then whether it is done; nothing crosses threads."""

    loaded = Signal()
    """Charts can be made."""
    failed = Signal(str)
    """Why they cannot."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None
        self._problem: list[str] = []
        self._modules: list[ModuleType] = []
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._on_look)

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._load, name="charts", daemon=True)
            self._thread.start()
            self._timer.start()

    def _load(self) -> None:
        try:
            self._modules.extend(importlib.import_module(name) for name in _MODULES)
        except Exception as exc:  # noqa: BLE001 - a broken library must cost the charts, not the page
            self._problem.append(f"{type(exc).__name__}: {exc}")

    @Slot()
    def _on_look(self) -> None:
        if self._thread is None or self._thread.is_alive():
            return
        self._timer.stop()
        if self._problem:
            self.failed.emit(self._problem[0])
        else:
            self.loaded.emit()
