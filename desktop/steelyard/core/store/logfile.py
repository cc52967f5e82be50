"""The rotating log of a home. Every record goes through the redaction filter."""

from __future__ import annotations

import logging
import os
from io import FileIO, TextIOWrapper
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from steelyard.core.base.files import make_private_folder
from steelyard.core.base.redaction import RedactingFilter

if TYPE_CHECKING:
    from steelyard.core.base.paths import Home

_MAX_BYTES = 2 << 20
_FILES = 3


class _PrivateHandler(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        """Each file of the rotation is its owner's alone from its first moment."""
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(FileIO(handle, "a"), encoding=self.encoding, line_buffering=True)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """A log that cannot be written, on a full disk say, must not disturb what it tells about."""


def open_log(home: Home, level: int) -> None:
    """Send this process's log to the home; libraries at WARNING, since they may log whole requests."""
    handler = _PrivateHandler(
        make_private_folder(home.logs) / "steelyard.log",
        maxBytes=_MAX_BYTES,
        backupCount=_FILES,
        encoding="utf-8",
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RedactingFilter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("steelyard").setLevel(level)
