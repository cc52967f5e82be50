"""How a one-shot command gets at the engine of its home: by joining the owner, or by being it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.control.frames import Answer, Ask, Hello, Refusal, Told, read_frame, write_frame
from steelyard.core.control.lock import read_owner

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.control.owner import OwnedEngine
    from steelyard.core.values.commands import Command, Owner
    from steelyard.core.values.events import Event

_PATIENCE_S = 30.0
_POLL_S = 0.05
_HELLO_S = 5.0
_STOP_DEADLINE_S = 12.0
_LAST_WORDS_S = 5.0


@contextlib.asynccontextmanager
async def session(home: Home) -> AsyncGenerator[Session, None]:
    """A session for one command. Leaving it, an owner waits for the commands that joined it, then stops.

    Raises:
        AppError: the home's owner does not answer.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        connection = await _join(home)
        if connection is not None:
            yield _Guest(*connection)
            return
        from steelyard.core.control.owner import OwnedEngine  # a guest needs no engine of its own

        own = OwnedEngine(home, "command")
        if own.try_take():
            break
        if time.monotonic() > deadline:
            note = read_owner(home.lock)
            who = f"{note.owner}, process {note.pid}" if note else "an unknown process"
            raise AppError(
                "This home is in use and does not answer", who, "Close that Steelyard, or use another --home."
            )
        await asyncio.sleep(_POLL_S)
    try:
        await own.start()
        try:
            yield _Host(own)
        except asyncio.CancelledError:
            raise  # asked to end now: whoever joined is told that the owner went away
        except BaseException:
            await own.until_guests_left()
            raise
        await own.until_guests_left()
    finally:
        await own.stop(_STOP_DEADLINE_S)


class Session(Protocol):
    """Carries out one command, here or in the owner's process."""

    @property
    def notices(self) -> list[str]:
        """What happened when this process opened the home and its user should know."""
        ...

    async def execute(self, command: Command, on_event: Callable[[Event], None]) -> Any:
        """The command's result as plain data; `on_event` gets the events of this command.

        Raises:
            AppError: the command failed, or the owner went away.
            CancelledError: the caller was cancelled; `on_event` has had the ends of the runs that went on.
        """
        ...


async def ask_owner(home: Home, command: Command) -> tuple[Owner, Any] | None:
    """Ask the owner, if there is one; returns who it is and its answer. Never becomes the owner."""
    connection = await _join(home)
    if connection is None:
        return None
    note = read_owner(home.lock)
    result = await _Guest(*connection).execute(command, lambda _event: None)
    return (note.owner if note else "command"), result


async def _join(home: Home) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the home's owner; None if there is none, or it is just coming or going.

    Raises:
        AppError: there is one, but it does not answer (stopped, swapped out, in a debugger).
    """
    note = read_owner(home.lock)
    if note is None:
        return None
    try:
        async with asyncio.timeout(_HELLO_S):
            return await _greet(note.socket)
    except TimeoutError as exc:
        raise AppError(
            "This home is in use and does not answer",
            f"{note.owner}, process {note.pid}",
            "Continue or close that Steelyard, or use another --home.",
            retryable=True,
        ) from exc
    except OSError:
        return None


async def _greet(socket: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """Connect and wait for the owner's first word; whatever else happens, the connection is closed."""
    reader, writer = await asyncio.open_unix_connection(socket)
    is_joined = False
    try:
        is_joined = isinstance(await read_frame(reader), Hello)
    finally:
        if not is_joined:
            writer.close()
    return (reader, writer) if is_joined else None


class _Guest:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def notices(self) -> list[str]:
        return []  # they were told where the home was opened

    async def execute(self, command: Command, on_event: Callable[[Event], None]) -> Any:
        reading = asyncio.create_task(self._until_answered(on_event))
        try:
            write_frame(self._writer, Ask(command, new_id()))
            await self._writer.drain()
            return await asyncio.shield(reading)  # cancelled within a frame, it could not read on
        except ConnectionError as exc:
            raise _owner_ended() from exc
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                self._writer.write_eof()  # the owner stops the command, and tells how it ended
            await asyncio.wait({reading}, timeout=_LAST_WORDS_S)
            raise
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            self._writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _until_answered(self, on_event: Callable[[Event], None]) -> Any:
        while True:
            match await read_frame(self._reader):
                case Told(event):
                    on_event(event)
                case Answer(result):
                    return result
                case Refusal() as no:
                    kind = UsageError if no.is_usage else AppError
                    raise kind(no.title, no.detail, no.hint, retryable=no.retryable)
                case _:
                    raise _owner_ended()


class _Host:
    def __init__(self, own: OwnedEngine) -> None:
        self._own = own

    @property
    def notices(self) -> list[str]:
        return self._own.notices

    async def execute(self, command: Command, on_event: Callable[[Event], None]) -> Any:
        request = new_id()

        def mine(event: Event) -> None:
            if getattr(event, "request", None) == request:
                on_event(event)

        unsubscribe = self._own.subscribe(mine)
        try:
            return msgspec.to_builtins(await self._own.execute(command, request))
        finally:
            unsubscribe()


def _owner_ended() -> AppError:
    return AppError(
        "The Steelyard that owns this home ended", "before the answer came", "Try again.", retryable=True
    )
