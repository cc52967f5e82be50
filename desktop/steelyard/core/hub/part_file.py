"""A file that grows until it is complete, and survives a crash at any byte.

The part has its final size reserved on disk from the beginning; its length says how much was written. Bytes
that were written survive the end of the process, since the system has them; a crash of the machine may lose
what was not flushed. So the side file tells how far the part was flushed, and in which boot it was written:
within the same boot its length counts, after another one only what was flushed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import write_atomic
from steelyard.core.hub.cache import disk_error, free_bytes

if TYPE_CHECKING:
    from steelyard.core.hub.cache import CachedFile

_FLUSH_BYTES = 64 << 20
_FLUSH_S = 5.0
_KEEP_SIZE = 1
_MAX_SIDE_BYTES = 64 << 10
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class SideNote(msgspec.Struct, frozen=True):
    """Whose bytes a part holds. `etag` is the validator for `If-Range`; None: there is no strong one."""

    url: str
    size_bytes: int
    sha256: str | None
    etag: str | None
    flushed_bytes: int
    boot: str


def read_side(path: Path) -> SideNote | None:
    """What a side file says; None if there is none, or it is damaged."""
    try:
        return msgspec.json.decode(path.read_bytes()[:_MAX_SIDE_BYTES], type=SideNote)
    except (OSError, msgspec.DecodeError, RecursionError):
        return None


class PartFile:
    """Written from one thread, under the lock of its blob."""

    def __init__(self, file: CachedFile, url: str, size_bytes: int, sha256: str | None) -> None:
        self._file = file
        self._url = url
        self._size = size_bytes
        self._sha256 = sha256
        self._handle = -1
        self._flushed = 0
        self._flushed_at = 0.0
        self._note_lock = threading.Lock()
        self.etag: str | None = None
        self.length = 0

    def open(self) -> None:
        """Take over what a former transfer left, if it is of the same content, and reserve the space.

        Raises:
            AppError: no space, or the folder cannot be written.
        """
        try:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            self._handle = os.open(self._file.part, flags, 0o644)
            self._take_over()
            os.ftruncate(self._handle, self.length)
            self._reserve()
        except OSError as exc:
            self.close()
            raise disk_error(exc, self._file.part) from exc
        except AppError:
            self.close()
            raise
        self._note(self.length)

    def _take_over(self) -> None:
        length = os.fstat(self._handle).st_size
        note = read_side(self._file.side)
        if note is None or (note.size_bytes, note.sha256) != (self._size, self._sha256):
            return
        if self._sha256 is not None or note.url == self._url:
            self.etag = note.etag
            safe = length if note.boot == _boot() else min(length, note.flushed_bytes)
            self.length = max(0, min(safe, self._size))

    def _reserve(self) -> None:
        """Ask the disk for the whole size before the first byte, without changing the file's length."""
        missing = self._size - self.length
        if missing <= 0:
            return
        if _largest_file() < self._size:
            self._discard_if_empty()
            raise AppError(
                "There is not enough space on the disk",
                f"files may have {_largest_file()} bytes here (RLIMIT_FSIZE), {self._size} are needed",
                "Raise the limit with `ulimit -f`.",
            )
        if sys.platform == "linux" and (code := _fallocate(self._handle, self._size)) is not None:
            if code == 0:
                return
            if code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                self._discard_if_empty()
                raise self._no_space(missing)
        free = free_bytes(self._file.part)
        if free is not None and free < missing:
            self._discard_if_empty()
            raise self._no_space(missing)

    def _discard_if_empty(self) -> None:
        if self.length == 0:
            self._file.drop_part()

    def _no_space(self, missing: int) -> AppError:
        free = free_bytes(self._file.part)
        have = "" if free is None else f", {free / 1e9:.2f} GB are free"
        return AppError(
            "There is not enough space on the disk",
            f"{missing / 1e9:.2f} GB are needed in {self._file.cache}{have}",
            "Free some space, or set HF_HOME to a folder on another disk.",
            retryable=True,
        )

    def restart(self, etag: str | None) -> None:
        """Begin anew: what is there is of another content, or cannot be continued."""
        os.ftruncate(self._handle, 0)
        self.length = self._flushed = 0
        self.etag = etag
        self._reserve()
        self._note(0)

    def set_validator(self, etag: str | None) -> None:
        """Remember the strong entity tag that the server gave for these bytes."""
        if etag != self.etag:
            self.etag = etag
            self._note(self._flushed)

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises:
            AppError: the disk refused.
        """
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._handle, view, self.length)
                self.length += written
                view = view[written:]
        except OSError as exc:
            raise disk_error(exc, self._file.part) from exc

    def read(self, start: int, count: int) -> bytes:
        """What was written earlier."""
        return os.pread(self._handle, count, start)

    def flush_if_due(self) -> None:
        """Flush now and then; from another thread than the writer's, which must not wait for the disk."""
        is_late = time.monotonic() - self._flushed_at > _FLUSH_S and self.length > self._flushed
        if self.length - self._flushed >= _FLUSH_BYTES or is_late:
            self.flush()

    def flush(self) -> None:
        """Bytes first, then the note that they are there.

        Raises:
            AppError: the disk refused.
        """
        length = self.length
        try:
            os.fdatasync(self._handle) if hasattr(os, "fdatasync") else os.fsync(self._handle)
        except OSError as exc:
            raise disk_error(exc, self._file.part) from exc
        self._note(length)

    def _note(self, flushed: int) -> None:
        with self._note_lock:
            self._flushed, self._flushed_at = flushed, time.monotonic()
            note = SideNote(self._url, self._size, self._sha256, self.etag, flushed, _boot())
            write_atomic(self._file.side, msgspec.json.encode(note))

    def close(self) -> None:
        """Close the file; what was written stays."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _fallocate(handle: int, size: int) -> int | None:
    """Linux: 0, or the error number; None where the C library has no such call."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        call = libc.fallocate64 if hasattr(libc, "fallocate64") else libc.fallocate
    except (OSError, AttributeError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return 0 if call(handle, _KEEP_SIZE, 0, size) == 0 else ctypes.get_errno()


def _largest_file() -> float:
    """What this process may write into one file, by `ulimit -f`."""
    try:
        import resource
    except ImportError:
        return float("inf")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit


def _boot() -> str:
    """Changes with each start of the machine."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return str(round(psutil.boot_time() / 10))
