"""Asks what a start would be, a moment after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from steelyard.core.values import commands as c
from steelyard.core.values.profiles import LaunchProfile
from steelyard.ui.pages.latest import Latest

if TYPE_CHECKING:
    from steelyard.ui.bridge import Bridge

DEBOUNCE_MS = 250


class Previewer(QObject):
    """One target and one profile at a time."""

    previewed = Signal(object)
    """A `LaunchPreview`."""
    planned = Signal(object)
    """A `RoomPlan`."""
    failed = Signal(object)
    """An `AppError`."""

    def __init__(self, bridge: Bridge, parent: QObject, *, with_room: bool = False) -> None:
        super().__init__(parent)
        self._with_room = with_room
        self._target = ""
        self._profile = LaunchProfile()
        self._preview = Latest(bridge, self)
        self._preview.answered.connect(self.previewed)
        self._preview.failed.connect(self.failed)
        self._room = Latest(bridge, self)
        self._room.answered.connect(self.planned)
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._timer.timeout.connect(self._on_due)

    @property
    def is_busy(self) -> bool:
        """Whether what is shown is not the last word."""
        return self._timer.isActive() or self._preview.is_busy

    def want(self, target: str, profile: LaunchProfile, *, now: bool = False) -> None:
        """Ask soon, or now; what was wanted before is forgotten."""
        self._target, self._profile = target, profile
        self._preview.drop()
        if now:
            self._timer.stop()
            self._on_due()
        else:
            self._timer.start()

    def drop(self) -> None:
        """Nothing is wanted."""
        self._timer.stop()
        self._preview.drop()
        self._room.drop()

    @Slot()
    def _on_due(self) -> None:
        if not self._target:
            return
        self._preview.ask(c.PreviewLaunch(target=self._target, profile=self._profile))
        if self._with_room:
            self._room.ask(c.PlanRoom(target=self._target, profile=self._profile))
