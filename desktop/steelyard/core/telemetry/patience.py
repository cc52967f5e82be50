"""Calls that may hang for ever: made in one daemon thread, waited for within a deadline."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_log = logging.getLogger(__name__)


class PatientThread:
    """Runs calls one after another in a daemon thread of its own, which never keeps the process from ending.

    While a call is overdue nothing is queued behind it: everybody gets the default at once, until it returns.
    """

    def __init__(self, name: str, deadline_s: float) -> None:
        self._name = name
        self._deadline_s = deadline_s
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._overdue: Future[Any] | None = None
        self._said = ""

    def ask(self, work: Callable[[], T], default: T) -> T:
        """The result of `work`; `default` when it fails or takes longer than the deadline. Blocks so long."""
        future = self._begin(work)
        if future is None:
            return default
        try:
            return future.result(self._deadline_s)
        except Exception as exc:  # noqa: BLE001 - a driver's library may fail in any way it likes
            return self._without(future, exc, default)

    async def wait_for(self, work: Callable[[], T], default: T) -> T:
        """As `ask`, for a coroutine: the loop goes on meanwhile, and the wait can be cancelled."""
        future = self._begin(work)
        if future is None:
            return default
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._deadline_s)
        except Exception as exc:  # noqa: BLE001 - as above
            return self._without(future, exc, default)

    def _begin(self, work: Callable[[], T]) -> Future[T] | None:
        if self._overdue is not None and not self._overdue.done():
            return None
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # it cannot be taken back by whoever stops waiting for it
        self._calls.put((work, future))
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name=self._name, daemon=True)
                self._thread.start()
        return future

    def _without(self, future: Future[T], exc: Exception, default: T) -> T:
        if not future.done():
            self._overdue = future
        said = repr(exc) if future.done() else f"no answer for {self._deadline_s:g} s"
        if said != self._said:  # it may be asked twice a second
            self._said = said
            _log.warning("%s: %s; its figures are unknown", self._name, said)
        return default

    def _live(self) -> None:
        while True:
            work, future = self._calls.get()
            try:
                future.set_result(work())
            except BaseException as exc:  # noqa: BLE001 - whoever asked gets it; the thread goes on
                future.set_exception(exc)
