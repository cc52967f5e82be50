"""One question at a time: a newer one silences the answer to an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.commands import Command
    from steelyard.ui.bridge import Bridge, Call


class Latest(QObject):
    """Sends commands; `answered` and `failed` speak only of the last one that was asked."""

    answered = Signal(object)
    """What the command gave."""
    failed = Signal(object)
    """An `AppError`."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._asked: _Asked | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._asked is not None

    @property
    def request(self) -> str:
        """The id under which events speak of it; empty when nothing is awaited."""
        return self._asked.call.request if self._asked is not None else ""

    def ask(self, command: Command) -> None:
        """Ask, and forget what was asked before."""
        self.drop()
        asked = self._asked = _Asked(self)
        asked.call = self._bridge.run(command, asked.on_done, asked.on_error)

    def drop(self) -> None:
        """Stop waiting; the work is stopped, too."""
        if self._asked is not None:
            self._asked.call.cancel()
            self._asked = None

    def take(self, asked: _Asked, answer: Any, error: AppError | None) -> None:
        """An answer arrived; an old one is let go."""
        if asked is not self._asked:
            return
        self._asked = None
        if error is not None:
            self.failed.emit(error)
        else:
            self.answered.emit(answer)


class _Asked:
    """One command on its way. `cancel()` cannot call back an answer that is in the mailbox already."""

    call: Call

    def __init__(self, owner: Latest) -> None:
        self._owner = owner

    def on_done(self, answer: Any) -> None:
        if isValid(self._owner):
            self._owner.take(self, answer, None)

    def on_error(self, error: AppError) -> None:
        if isValid(self._owner):
            self._owner.take(self, None, error)
