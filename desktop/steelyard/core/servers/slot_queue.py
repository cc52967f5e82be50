"""The slots of one server: who has one, who waits for one, and since when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator


class ServerBusy(AppError):
    """So many requests wait for this server that one more is refused."""


class SlotQueue:
    """First come, first served. Waiting here is told as such and not measured as latency.

    While the gate is closed nobody gets a slot: the server is about to give its memory to other weights, and
    what is asked meanwhile is served when it has been loaded again.
    """

    def __init__(self, name: str, slots: int, max_waiting: int, on_change: Callable[[], None]) -> None:
        self._name = name
        self.slots = slots
        self.max_waiting = max_waiting
        self._on_change = on_change
        self._queue: deque[asyncio.Future[None]] = deque()
        self._closed = 0
        self.busy = 0
        self.idle_since = time.monotonic()

    @property
    def waiting(self) -> int:
        """Requests that wait for a slot."""
        return len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Whether nobody has a slot or waits for one."""
        return not self.busy and not self._queue

    @property
    def idle_s(self) -> float | None:
        """Seconds since the last slot was given back; None while one is taken."""
        return None if self.busy else time.monotonic() - self.idle_since

    def touch(self) -> None:
        """Count this moment as use."""
        self.idle_since = time.monotonic()

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Wait for a slot and hold it.

        Raises:
            ServerBusy: too many are waiting already.
        """
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    def refuse_all(self, error: AppError) -> None:
        """Whoever waits is told this instead."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(error)
        self._on_change()

    @contextlib.contextmanager
    def closed_gate(self) -> Generator[None, None, None]:
        """Give nobody a slot meanwhile; what holds one goes on."""
        self._closed += 1
        try:
            yield
        finally:
            self._closed -= 1
            self._grant()

    async def _acquire(self) -> None:
        if not self._closed and not self._queue and self.busy < self.slots:
            self._take()
            return
        if len(self._queue) >= self.max_waiting:
            raise ServerBusy(
                f"{self._name} is busy",
                f"{len(self._queue)} requests are waiting already",
                "Try again in a moment.",
                retryable=True,
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._on_change()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._release()  # it was given a slot in the very moment
            else:
                with contextlib.suppress(ValueError):
                    self._queue.remove(turn)
                self._on_change()
            raise

    def _take(self) -> None:
        self.busy += 1
        self._on_change()

    def _release(self) -> None:
        self.busy -= 1
        self.idle_since = time.monotonic()
        self._grant()
        self._on_change()

    def _grant(self) -> None:
        while self._queue and not self._closed and self.busy < self.slots:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self._take()
