"""Opens the app, or brings the one that is already open to the front."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import find_home
from steelyard.core.base.redaction import redact

if TYPE_CHECKING:
    from steelyard.cli.options import Common
    from steelyard.core.base.paths import Home


def open_app(common: Common) -> int:
    """Returns the exit code once the window is closed."""
    try:
        if common.lacks_home_value:
            raise AppError("Wrong usage", "--home needs a folder")
        home = find_home(common.home)
        if _raise_open_window(home):
            print("Steelyard is already open on this home; its window was brought to the front.")
            return 0
        from steelyard.core.store.logfile import open_log

        open_log(home, logging.INFO)
        from steelyard.app import run_app
        from steelyard.core.control.owner import OwnedEngine

        return run_app(home, lambda: OwnedEngine(home, "app"))
    except AppError as exc:
        print(f"steelyard: {redact(exc.one_line())}", file=sys.stderr)
        return 1


def _raise_open_window(home: Home) -> bool:
    from steelyard.core.control.lock import read_owner
    from steelyard.core.control.session import ask_owner
    from steelyard.core.values.commands import RaiseWindow

    note = read_owner(home.lock)
    if note is None or note.owner != "app":
        return False
    try:
        return asyncio.run(ask_owner(home, RaiseWindow())) is not None
    except AppError:
        return False
