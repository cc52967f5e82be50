"""The lock of a home. It lies in the home, so that it holds whatever the runtime folder is."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import Owner

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _LOCKED_AT = 1 << 30  # far behind the content, which others must be able to read

    def _lock(fd: int) -> None:
        os.lseek(fd, _LOCKED_AT, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OwnerNote(msgspec.Struct, frozen=True):
    """What the lock file says of its holder."""

    pid: int
    owner: Owner
    socket: str


class HomeLock:
    """Held by one process; the system releases it when that process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def try_take(cls, path: Path, note: OwnerNote) -> HomeLock | None:
        """Take the lock and say who holds it; None if somebody else does.

        Raises:
            AppError: the file cannot be used.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError as exc:
            raise AppError(
                "The home cannot be used", f"{path}: {exc.strerror}", "Choose another --home."
            ) from exc
        try:
            _lock(fd)
        except OSError:
            os.close(fd)
            return None
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, msgspec.json.encode(note))
        return cls(fd)

    def release(self) -> None:
        """Give the lock back."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.close(self._fd)


def read_owner(path: Path) -> OwnerNote | None:
    """Who holds the lock, as the file says; None if nobody wrote itself down (yet)."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=OwnerNote)
    except (OSError, msgspec.DecodeError):
        return None
