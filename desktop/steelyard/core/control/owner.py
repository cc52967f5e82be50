"""An engine together with the lock and the control socket that make it the one of its home."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.control.frames import Answer, Ask, Hello, Refusal, read_frame, write_frame
from steelyard.core.control.lock import HomeLock, OwnerNote, read_owner
from steelyard.core.control.outbox import Outbox
from steelyard.core.engine import Engine
from steelyard.core.values.events import EngineChanged, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.values.commands import Command, Owner

_LOCK_POLL_S = 0.1
_GUEST_S = 30.0  # for a guest that was stopped: it must not keep a one-shot owner alive

_log = logging.getLogger(__name__)


class OwnedEngine:
    """Same interface as `Engine`, but it owns its home while it runs."""

    def __init__(self, home: Home, owner: Owner) -> None:
        self._home = home
        self._owner: Owner = owner
        self._engine = Engine(home, owner)
        self._lock: HomeLock | None = None
        self._listener: asyncio.Server | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self._listeners: list[Callable[[Event], None]] = []
        self._socket = home.runtime_folder() / f"control-{secrets.token_hex(4)}.sock"

    def try_take(self) -> bool:
        """Take the home if nobody has it."""
        note = OwnerNote(os.getpid(), self._owner, str(self._socket))
        self._lock = self._lock or HomeLock.try_take(self._home.lock, note)
        return self._lock is not None

    async def start(self) -> None:
        """Wait for the home to be free, then start the engine and listen.

        Raises:
            AppError: the engine cannot start.
        """
        has_told = False
        while not self.try_take():
            if not has_told and (other := read_owner(self._home.lock)) is not None:
                has_told = True
                detail = f"another Steelyard ({other.owner}, process {other.pid}) is using this home"
                self._tell(EngineChanged(state="waiting", detail=detail))
            await asyncio.sleep(_LOCK_POLL_S)
        _remove_stale_sockets(self._home, self._socket.name)
        await self._engine.start()
        self._listener = await asyncio.start_unix_server(self._welcome, str(self._socket))

    @property
    def notices(self) -> list[str]:
        """See `Engine.notices`."""
        return self._engine.notices

    async def stop(self, deadline_s: float) -> None:
        """Stop listening, stop the engine, give the home back."""
        if self._listener is not None:
            self._listener.close()
            self._socket.unlink(missing_ok=True)
        for guest in list(self._guests):
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)
        if self._lock is not None:
            await self._engine.stop(deadline_s)
            with contextlib.suppress(OSError):
                self._socket.parent.rmdir()  # fails, rightly, while anything is left in it
            self._lock.release()
            self._lock = None

    async def until_guests_left(self) -> None:
        """Wait until every command that joined is done; nobody can join after that."""
        while self._guests:
            await asyncio.wait(set(self._guests))
            await asyncio.sleep(0)  # a connection may just have been accepted
        if self._listener is not None:
            self._listener.close()
            self._socket.unlink(missing_ok=True)
        await asyncio.sleep(0)
        if self._guests:
            await asyncio.wait(set(self._guests))

    async def execute(self, command: Command, request: str) -> Any:
        """See `Engine.execute`."""
        return await self._engine.execute(command, request)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """See `Engine.subscribe`; also told while the home is not free yet."""
        self._listeners.append(listener)
        unsubscribe = self._engine.subscribe(listener)

        def leave() -> None:
            unsubscribe()
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return leave

    def _tell(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)

    # ---- guests --------------------------------------------------------------------------------------------

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._guests.add(task)
        try:
            await self._serve(reader, writer)
        except (AppError, ConnectionError, TimeoutError) as exc:
            _log.warning("control socket: %s", exc)
        except asyncio.CancelledError:
            pass  # asyncio's own callback would report a cancelled connection as an unhandled exception
        finally:
            self._guests.discard(task)
            writer.transport.abort()  # all is sent; what a guest has not taken in time must not be waited for
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        write_frame(writer, Hello())
        async with asyncio.timeout(_GUEST_S):
            ask = await read_frame(reader)
        if not isinstance(ask, Ask):
            return

        outbox = Outbox(writer)

        def pass_on(event: Event) -> None:
            if getattr(event, "request", None) == ask.request:
                outbox.tell(event)

        unsubscribe = self._engine.subscribe(pass_on)
        work = asyncio.create_task(self._answer(ask))
        stopped = asyncio.create_task(reader.read(1))  # the guest closes its side, or is gone altogether
        sending = asyncio.create_task(outbox.send_all())
        try:
            await asyncio.wait({work, stopped, sending}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                outbox.put(work.result())
            else:
                work.cancel()
                await asyncio.wait({work})  # its runs are closed, and a guest that still listens is told
            outbox.close()
            async with asyncio.timeout(_GUEST_S):
                await sending
        finally:
            unsubscribe()
            tasks = (work, stopped, sending)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, ask: Ask) -> Answer | Refusal:
        try:
            result = await self._engine.execute(ask.command, ask.request)
        except AppError as exc:
            return Refusal(exc.title, exc.detail, exc.hint, exc.retryable, isinstance(exc, UsageError))
        except Exception as exc:  # noqa: BLE001 - a bug is reported, never swallowed by a task
            _log.exception("command %s failed", type(ask.command).__name__)
            return Refusal(
                "Something went wrong inside Steelyard", repr(exc), "The log has the details.", False, False
            )
        return Answer(msgspec.to_builtins(result))


def _remove_stale_sockets(home: Home, ours: str) -> None:
    for path in home.runtime_folder().glob("control-*.sock"):
        if path.name != ours:
            path.unlink(missing_ok=True)
