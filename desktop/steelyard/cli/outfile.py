"""Files that the user names for output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.base.files import shown, write_atomic

if TYPE_CHECKING:
    from pathlib import Path


def write_file(path: Path, data: bytes) -> None:
    """Write a file in one step; a device or a pipe is written to, never replaced.

    Raises:
        AppError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        try:
            path.write_bytes(data)
        except OSError as exc:
            raise AppError("Could not save a file", f"{shown(path)} ({exc.strerror})") from exc
    else:
        write_atomic(path, data)
