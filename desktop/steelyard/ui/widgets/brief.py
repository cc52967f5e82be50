"""Says something for a moment, such as that a text was copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

BRIEF_MS = 1500


class Brief(QObject):
    """Calls `show` with what happened, and with an empty text when the moment is over."""

    def __init__(self, parent: QObject, show: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._show = show
        self._timer = QTimer(self, singleShot=True, interval=BRIEF_MS)
        self._timer.timeout.connect(self._on_over)

    def start(self, what: str) -> None:
        """It happened now; what happened before is no longer told."""
        self._timer.start()
        self._show(what)

    def end(self) -> None:
        """Stop telling before the moment is over."""
        if self._timer.isActive():
            self._timer.stop()
            self._show("")

    @Slot()
    def _on_over(self) -> None:
        self._show("")
