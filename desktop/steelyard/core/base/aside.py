"""Blocking calls that may wait for the network, in daemon threads: they never keep a process from ending."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Aside:
    """At most `most` calls at once. Apart from the loop's own threads, so that a hub that does not answer
    holds up nothing else.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._free = asyncio.Semaphore(most)

    async def run(self, work: Callable[..., T], *words: Any) -> T:
        """The result of `work(*words)`. Cancelled, it is no longer waited for; the thread ends by itself."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def deliver(result: T | None, error: BaseException | None) -> None:
            self._free.release()
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # pyright: ignore[reportArgumentType]

        def body() -> None:
            result, error = None, None
            try:
                result = work(*words)
            except BaseException as exc:  # noqa: BLE001 - whoever waits gets it
                error = exc
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(deliver, result, error)

        threading.Thread(target=body, name=self._name, daemon=True).start()
        return await future
