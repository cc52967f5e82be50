"""How far a transfer is, and how it is ended from another thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

TELL_S = 0.1
_RATE_S = 5.0


class Stopped(Exception):
    """The user paused or cancelled."""


@dataclass
class Progress:
    """Bytes of one file. `done_bytes` are on disk; `hashed_bytes` of them went through sha256."""

    done_bytes: int = 0
    hashed_bytes: int = 0
    fetched_bytes: int = 0
    resumed_from_bytes: int = 0
    is_verifying: bool = False
    note: str = ""
    rate_bps: float | None = None
    _marks: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])

    def count(self, fetched: int) -> None:
        """Bytes came; the rate is taken over the last seconds."""
        self.fetched_bytes += fetched
        now = time.monotonic()
        if not self._marks or now - self._marks[-1][0] >= TELL_S:
            self._marks.append((now, self.fetched_bytes))
            while self._marks[0][0] < now - _RATE_S:
                del self._marks[0]
        since, before = self._marks[0]
        if now - since >= 2 * TELL_S:
            self.rate_bps = (self.fetched_bytes - before) / (now - since)

    def pause(self) -> None:
        """Nothing comes for a while: the rate begins anew."""
        self._marks.clear()
        self.rate_bps = None


class Stopper:
    """Ends a transfer, also while it waits for a silent server."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._socket: Any = None

    @property
    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._event.is_set()

    def stop(self) -> None:
        """Ask for the end; from any thread."""
        self._event.set()
        waiting = self._socket
        if waiting is not None:
            with contextlib.suppress(OSError, AttributeError):
                waiting.shutdown(socket.SHUT_RDWR)

    def watch(self, response: httpx2.Response) -> None:
        """The connection to break when the end is asked for.

        Raises:
            Stopped: it was asked for already.
        """
        stream = response.extensions.get("network_stream")
        self._socket = None if stream is None else stream.get_extra_info("socket")
        self.check()

    def unwatch(self) -> None:
        """The connection belongs to somebody else from now on."""
        self._socket = None

    def check(self) -> None:
        """Go on only if nobody asked for the end.

        Raises:
            Stopped: somebody did.
        """
        if self._event.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than until the end is asked for.

        Raises:
            Stopped: it was.
        """
        self._event.wait(seconds)
        self.check()
