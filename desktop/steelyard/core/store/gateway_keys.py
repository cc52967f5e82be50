"""Who may use the gateway: names, hashes of their keys and counters, in a private file. Never a key."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.files import write_atomic
from steelyard.core.base.redaction import remember_secret
from steelyard.core.values.row import Row
from steelyard.core.values.servers import GatewayKey

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX = "sy-"
_MAX_KEYS = 256
_MAX_FILE_BYTES = 1 << 20
_SAVE_EVERY_S = 30.0
PROCESS_NAME = "serve"

_log = logging.getLogger(__name__)


class _Stored(Row, frozen=True):
    name: str
    sha256: str
    created_at: str
    last_used_at: str | None = None
    requests: int = 0


class GatewayKeys:
    """The clients of one home's gateway. A key is shown once, when it is made; its hash is kept.

    Counters are written at most every half minute, and by `save`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stored: dict[str, _Stored] = {}
        self._of_process: _Stored | None = None
        self._is_dirty = False
        self._saved_at = time.monotonic()
        self._saving: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.notices: list[str] = []

    def load(self) -> None:
        """Read the file. One that cannot be used is kept under another name: nobody is let in by it."""
        try:
            if not self._path.exists():
                return
            if self._path.stat().st_size > _MAX_FILE_BYTES:
                raise ValueError(f"it is larger than {_MAX_FILE_BYTES >> 20} MiB")
            rows = msgspec.json.decode(self._path.read_bytes(), type=list[_Stored])
            self._stored = {row.name: row for row in rows if _is_sound(row)}
        except (OSError, ValueError, RecursionError, msgspec.DecodeError) as exc:
            reason = " ".join(str(exc).split())[:200]
            _log.warning("gateway keys not used: %s", reason)
            self.notices.append(
                f"The keys of the gateway could not be read ({reason}); its clients need new ones: "
                f"{self._keep_unreadable()}"
            )

    def rows(self) -> list[GatewayKey]:
        """All clients, by name; that of this process first."""
        mine = [] if self._of_process is None else [self._of_process]
        rows = [*mine, *sorted(self._stored.values(), key=lambda row: row.name)]
        return [
            GatewayKey(
                name=row.name, created_at=row.created_at, last_used_at=row.last_used_at, requests=row.requests
            )
            for row in rows
        ]

    async def add(self, name: str) -> str:
        """Make a key for a client; the only time that it is told.

        Raises:
            UsageError: the name cannot be used, or is taken.
            AppError: the file cannot be written.
        """
        if not _NAME.fullmatch(name) or name == PROCESS_NAME:
            raise UsageError(
                "Not a usable name for a client",
                f"{name!r}",
                f"Use letters, digits, dots, dashes; {PROCESS_NAME} is the key of `steelyard serve` itself.",
            )
        if name in self._stored:
            raise UsageError(f"There is a key for {name} already", hint="Revoke it first, or take another.")
        if len(self._stored) >= _MAX_KEYS:
            raise AppError("There are too many keys", f"{_MAX_KEYS}", "Revoke some that nobody uses.")
        key = _new_key()
        self._stored[name] = _Stored(name=name, sha256=_hash(key), created_at=utc_now())
        try:
            await self.save()
        except AppError:
            del self._stored[name]
            raise
        return key

    def add_for_process(self) -> str:
        """A key that lives as long as this process and stands in no file; the one before it is void."""
        key = _new_key()
        self._of_process = _Stored(name=PROCESS_NAME, sha256=_hash(key), created_at=utc_now())
        return key

    async def revoke(self, name: str) -> None:
        """Let a client in no more.

        Raises:
            UsageError: there is none of that name.
            AppError: the file cannot be written; the key is void in this process all the same.
        """
        if name == PROCESS_NAME and self._of_process is not None:
            self._of_process = None
            return
        if self._stored.pop(name, None) is None:
            known = ", ".join(sorted(self._stored)) or "none"
            raise UsageError(f"There is no key for {name!r}", f"there is: {known}")
        await self.save()

    def find(self, key: str) -> str | None:
        """The client whose key this is. All hashes are compared, each in constant time."""
        asked, found = _hash(key), None
        for row in self._all():
            if hmac.compare_digest(asked, row.sha256):
                found = row.name
        return found

    def count(self, name: str) -> None:
        """A client has sent a request."""
        used = {"last_used_at": utc_now()}
        if self._of_process is not None and name == PROCESS_NAME:
            mine = self._of_process
            self._of_process = msgspec.structs.replace(mine, requests=mine.requests + 1, **used)
        elif (row := self._stored.get(name)) is not None:
            self._stored[name] = msgspec.structs.replace(row, requests=row.requests + 1, **used)
            self._is_dirty = True
            self._save_soon()

    async def save(self) -> None:
        """Write the file now.

        Raises:
            AppError: it cannot be written.
        """
        async with self._writing:
            self._is_dirty = False
            self._saved_at = time.monotonic()
            await asyncio.to_thread(write_atomic, self._path, self._encoded())

    async def close(self) -> None:
        """Write what is not written yet."""
        if self._saving is not None:
            await asyncio.gather(self._saving, return_exceptions=True)
        if self._is_dirty:
            await self._save_quietly()

    def _all(self) -> list[_Stored]:
        rows = list(self._stored.values())
        return rows if self._of_process is None else [*rows, self._of_process]

    def _encoded(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(list(self._stored.values())), indent=1) + b"\n"

    def _save_soon(self) -> None:
        is_saving = self._saving is not None and not self._saving.done()
        if not is_saving and time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            self._saving = asyncio.create_task(self._save_quietly())

    async def _save_quietly(self) -> None:
        try:
            await self.save()
        except AppError as exc:
            _log.warning("counters of gateway keys: %s", exc)

    def _keep_unreadable(self) -> Path:
        numbers = itertools.count(1)
        while (kept := self._path.with_name(f"{self._path.name}.unreadable-{next(numbers)}")).exists():
            pass
        try:
            self._path.rename(kept)
        except OSError as exc:
            _log.warning("gateway keys not kept aside: %s", exc.strerror)
            return self._path
        return kept


def _new_key() -> str:
    key = _PREFIX + secrets.token_urlsafe(32)
    remember_secret(key)
    return key


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _is_sound(row: _Stored) -> bool:
    return _NAME.fullmatch(row.name) is not None and re.fullmatch(r"[0-9a-f]{64}", row.sha256) is not None
