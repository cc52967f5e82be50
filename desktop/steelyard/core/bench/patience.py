"""How long a tune may take, and that it can be ended at any moment with what it has."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class TimeIsUp(Exception):
    """The budget is spent, or somebody asked to finish. What was measured so far stands."""


class Budget:
    """Seconds, from now on."""

    def __init__(self, budget_s: float) -> None:
        self._began = time.monotonic()
        self._budget_s = budget_s
        self._finish = asyncio.Event()

    def finish(self) -> None:
        """End it now."""
        self._finish.set()

    @property
    def spent_s(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    @property
    def left_s(self) -> float:
        """Until it ends."""
        return 0.0 if self._finish.is_set() else max(0.0, self._budget_s - self.spent_s)

    def left_of(self, share: float) -> float:
        """Seconds until that share of the whole is spent."""
        return 0.0 if self._finish.is_set() else max(0.0, share * self._budget_s - self.spent_s)

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, which is cancelled when the time is up.

        Raises:
            TimeIsUp: it was.
        """
        task = asyncio.ensure_future(work)
        finish = asyncio.ensure_future(self._finish.wait())
        try:
            await asyncio.wait({task, finish}, timeout=self.left_s, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise TimeIsUp
            return task.result()
        finally:
            finish.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, finish, return_exceptions=True)
