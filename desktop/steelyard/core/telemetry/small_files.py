"""Numbers in small files of the kernel (sysfs). What cannot be read is None."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 4096


def read_text(path: Path) -> str | None:
    """The file's content without blanks around it; None if it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        return os.read(handle, _MAX_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return None
    finally:
        os.close(handle)


def read_number(path: Path) -> float | None:
    """The number in the file, of whatever size or sign; NaN and words are None."""
    text = read_text(path)
    if not text:
        return None
    try:
        value = float(int(text, 0)) if text.lower().startswith("0x") else float(text)
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(value) else value


def is_forbidden(path: Path) -> bool:
    """Whether the file is there, but not for us."""
    return path.exists() and not os.access(path, os.R_OK)
