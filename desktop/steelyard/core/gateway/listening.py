"""A socket on 127.0.0.1 and uvicorn on it, in the loop that runs already."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import ASGIApp

ADDRESS = "127.0.0.1"
_BACKLOG = 512
_MAX_HEAD_BYTES = 32 << 10
_MAX_CONNECTIONS = 768  # below the usual 1,024 open files: each stream has a socket to its server, too
_HEAD_S = 10.0
_SLOW_READER_S = 20.0
_KEEP_ALIVE_S = 15
_START_S = 5.0
_GRACE_S = 1


def bind(port: int) -> socket.socket:
    """A socket on this port of 127.0.0.1; 0 lets the system choose.

    Raises:
        AppError: another program has the port, or it may not be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as exc:
        listener.close()
        is_taken = isinstance(exc, OSError) and exc.errno == errno.EADDRINUSE
        why = "another program listens there" if is_taken else str(getattr(exc, "strerror", exc))
        raise AppError(
            f"The gateway cannot use port {port}",
            why,
            "Choose another one: --port N, or gateway.port in the settings (0 takes any that is free).",
            retryable=is_taken,
        ) from exc
    return listener


class Listening:
    """A running server."""

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self.port = int(listener.getsockname()[1])
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        )
        self._server = _Server(config)
        self._listener = listener
        self._task = asyncio.create_task(self._server.serve([listener]), name="gateway")

    async def until_started(self) -> None:
        """Wait until it accepts connections.

        Raises:
            AppError: it does not.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_START_S):
                while not self._server.started and not self._task.done():  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0.005)
        if not self._server.started:
            await self.close()
            raise AppError("The gateway did not start", "", "The log has the details.")

    async def close(self) -> None:
        """Accept nothing more, end what is open, and give the port back."""
        self._server.should_exit = True
        _done, pending = await asyncio.wait({self._task}, timeout=_GRACE_S + 2.0)
        for task in pending:
            task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._listener.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Signals are the business of whoever owns the process."""
        yield


class _Protocol(H11Protocol):
    """Bounds what a peer may hold up: a head that does not come, an answer that is not taken."""

    _waits: asyncio.TimerHandle | None = None
    _is_stuck: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False  # the setting of that name would change the handlers of the process

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._is_stuck is None:
            self._is_stuck = self.loop.call_later(_SLOW_READER_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_stuck is not None:
            self._is_stuck.cancel()
            self._is_stuck = None

    def _watch_head(self) -> None:
        """A timer runs while a head has begun, or none has come yet, and is not whole."""
        if self.conn.their_state is not h11.IDLE:
            if self._waits is not None:
                self._waits.cancel()
                self._waits = None
        elif self._waits is None:
            self._waits = self.loop.call_later(_HEAD_S, self.transport.abort)

    def _forget_timers(self) -> None:
        for timer in (self._waits, self._is_stuck):
            if timer is not None:
                timer.cancel()
        self._waits = self._is_stuck = None
