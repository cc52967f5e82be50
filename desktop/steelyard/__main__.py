"""`steelyard`: without words the app, with words the command line."""

from __future__ import annotations

import os
import sys
from io import FileIO, TextIOWrapper


def main() -> int:
    """Entry point; returns the exit code."""
    _mend_streams()
    if sys.platform == "win32":
        sys.stderr.write(
            "steelyard: Windows is not supported yet: the model servers are reached through UNIX sockets. "
            "Use WSL, Linux or macOS.\n"
        )
        return 1
    from steelyard.cli.options import split_common

    common, words = split_common(sys.argv[1:])
    if words:
        from steelyard.cli.main import run_command_line

        code = run_command_line(common, words)
    else:
        from steelyard.cli.open_app import open_app

        code = open_app(common)
    _flush()
    return code


def _mend_streams() -> None:
    """A closed stream becomes an empty one; what an encoding cannot say is replaced, not a crash."""
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = sys.stderr or _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _nothing(mode: str) -> TextIOWrapper:
    return TextIOWrapper(FileIO(os.devnull, mode), encoding="utf-8")


def _flush() -> None:
    """Now, because a reader that has gone would otherwise be reported by the interpreter as it exits."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
