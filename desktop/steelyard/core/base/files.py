"""Files and folders that only their owner reads, replaced in one step."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from pathlib import Path


def make_folder(path: Path) -> None:
    """Create a folder for its owner alone; one that is there already keeps its permissions.

    Raises:
        AppError: it cannot be made or is no folder.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise AppError(
            "Cannot use a folder",
            f"{shown(path)} ({exc.strerror})",
            "Choose another place with --home DIR.",
        ) from exc


def make_private_folder(path: Path) -> Path:
    """A folder of our own name with mode 0700, created or mended.

    Raises:
        AppError: it cannot be made, is not a folder, or belongs to somebody else.
    """
    make_folder(path)
    if os.name == "posix":
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
            raise AppError("Refused a folder", f"{shown(path)} is a link or belongs to somebody else")
        if info.st_mode & 0o077:
            path.chmod(0o700)
    return path


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that a crash leaves the old or the new content.

    Raises:
        AppError: the disk is full or the folder cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as exc:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise AppError(
            "Could not save a file",
            f"{shown(path)} ({exc.strerror})",
            "Free some disk space or check the folder's permissions; the old content is untouched.",
            retryable=True,
        ) from exc


def shown(path: Path) -> str:
    """A path for an error line: long ones are cut in the middle, bytes that are no text are replaced."""
    text = str(path).encode("utf-8", "replace").decode()
    return text if len(text) <= 160 else f"{text[:80]}…{text[-60:]}"
