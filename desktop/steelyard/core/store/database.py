"""One SQLite file, one connection, one thread that uses it (apsw brings its own recent SQLite)."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import apsw

from steelyard.core.base.errors import AppError
from steelyard.core.store.migrations import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    _Asked = tuple[Callable[["Connection"], Any], Future[Any]]

T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA busy_timeout = 5000",
)

_NO_ROOM_BYTES = 1 << 20
_MOST_AT_ONCE = 256

_log = logging.getLogger(__name__)


class Connection(Protocol):
    """What work on the database may use."""

    def execute(self, statements: str, bindings: Sequence[Any] = (), /) -> Any:
        """Run SQL; the result iterates over rows."""
        ...


class Database:
    """Runs functions on the connection in its own thread, one after another.

    What is asked for while a commit is under way shares the next one: flushing to the disk takes longer than
    most writing. Nobody is told that something is stored before it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._is_closed = False
        self._asked: deque[_Asked] = deque()
        self._connection: Any = None  # an apsw.Connection; its type stubs are incomplete
        self.notices: list[str] = []
        """What opening had to do, in words for the user."""

    async def open(self) -> None:
        """Open or create the file and bring its schema up to date; a damaged file is set aside, not lost.

        Raises:
            AppError: the file belongs to a newer version, or cannot be written.
        """
        await asyncio.get_running_loop().run_in_executor(self._executor, self._open)

    async def call(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the database thread, inside a transaction: all of it is done, or nothing.

        Where others share the commit and one of them fails, `work` is run again by itself; so it may change
        nothing but the file.

        Raises:
            AppError: SQLite failed, for example because the disk is full; nothing was changed then. Or the
                file was closed.
        """
        if self._is_closed:
            raise AppError("The ledger is closed")
        result: Future[T] = Future()
        self._asked.append((work, result))
        self._executor.submit(self._answer)
        return await asyncio.wrap_future(result)

    async def close(self) -> None:
        """Finish queued work and close the file."""
        self._is_closed = True
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        self._executor.shutdown()

    def _answer(self) -> None:
        """All that was asked for until now; nothing if the one before took it along."""
        taken: list[_Asked] = []
        while self._asked and len(taken) < _MOST_AT_ONCE:
            one = self._asked.popleft()
            if one[1].set_running_or_notify_cancel():
                taken.append(one)
        if len(taken) > 1 and self._answer_together(taken):
            return
        for work, result in taken:
            try:
                result.set_result(self._run(work))
            except BaseException as exc:  # noqa: BLE001 - it is the asker's, whatever it is
                result.set_exception(exc)

    def _answer_together(self, taken: list[_Asked]) -> bool:
        """In one transaction; False: one failed, so that nothing was done."""
        try:
            with self._connection:
                answers = [work(self._connection) for work, _ in taken]
        except Exception:  # noqa: BLE001 - whose it is, is found by asking one by one
            return False
        for (_, result), answer in zip(taken, answers, strict=True):
            result.set_result(answer)
        return True

    def _run(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            raise AppError("The ledger is closed")
        try:
            with self._connection:
                return work(self._connection)
        except apsw.Error as exc:
            raise _in_words(exc, self._path) from exc
        except (OverflowError, UnicodeError) as exc:
            raise AppError("The ledger cannot hold this", str(exc)) from exc

    def _open(self) -> None:
        try:
            self._connection = self._connect_or_begin_anew()
        except (apsw.Error, OSError) as exc:
            raise _in_words(exc, self._path) from exc

    def _connect_or_begin_anew(self) -> Any:
        try:
            return self._connect()
        except (apsw.NotADBError, apsw.CorruptError) as exc:
            _log.warning("the ledger is damaged: %s", exc)
        aside = self._set_aside()
        self.notices.append(f"The ledger was damaged; it is kept as {aside.name}, and a new one was begun.")
        return self._connect()

    def _connect(self) -> Any:
        self._path.touch(mode=0o600)
        connection: Any = apsw.Connection(str(self._path))
        try:
            connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
            _refuse_newer(connection)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: Any) -> None:
        version = int(connection.pragma("user_version") or 0)
        if version == len(MIGRATIONS):
            return
        if version > 0:
            self._back_up(connection, version)
        for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
            with connection:
                connection.execute(step)
                connection.pragma("user_version", number)

    def _back_up(self, connection: Any, version: int) -> None:
        path = self._path.with_name(f"{self._path.name}.schema-{version}-{_stamp()}")
        path.touch(mode=0o600)  # it holds prompts, like the ledger itself; SQLite would go by the umask
        target: Any = apsw.Connection(str(path))
        try:
            with target.backup("main", connection, "main") as backup:
                backup.step()
        finally:
            target.close()

    def _set_aside(self) -> Path:
        aside = self._path.with_name(f"{self._path.name}.damaged-{_stamp()}")
        for suffix in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _refuse_newer(connection: Any) -> None:
    """Before anything is written: even choosing the journal mode changes the file."""
    version = int(connection.pragma("user_version") or 0)
    if version > len(MIGRATIONS):
        raise AppError(
            "This ledger was written by a newer Steelyard",
            f"schema {version}, this version knows {len(MIGRATIONS)}",
            "Update Steelyard, or use another --home.",
        )


def _is_disk_full(path: Path) -> bool:
    """SQLite calls it an I/O error when there is no room for its shared-memory file."""
    try:
        return shutil.disk_usage(path.parent).free < _NO_ROOM_BYTES
    except OSError:
        return False


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")


def _in_words(exc: Exception, path: Path) -> AppError:
    if isinstance(exc, apsw.FullError) or (isinstance(exc, apsw.IOError) and _is_disk_full(path)):
        return AppError(
            "The ledger cannot be written", "the disk is full", "Free some space.", retryable=True
        )
    if isinstance(exc, apsw.CantOpenError | apsw.ReadOnlyError | apsw.PermissionsError | OSError):
        return AppError("The ledger cannot be written", f"{path}: {exc}", "Check the folder's permissions.")
    return AppError("The ledger failed", str(exc), "The log has the details.", retryable=True)
