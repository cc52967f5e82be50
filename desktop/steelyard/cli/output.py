"""Where results go: stdout, which its reader may close at any moment; errors are the last line of stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from steelyard.core.base.errors import AppError, one_line, terminal_text
from steelyard.core.base.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.run import ErrorInfo


class OutputLost(AppError):
    """Nobody takes what is printed any more: the reader of a pipe has gone, or the disk is full."""

    def __init__(self, exc: OSError) -> None:
        if isinstance(exc, BrokenPipeError):
            super().__init__("Stopped", "nobody reads the output any more")
        else:
            super().__init__("The output cannot be written", exc.strerror or str(exc), "Free some space.")


class Printer:
    """One JSON document on stdout, or text."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json
        self._has_printed = False

    def document(self, document: Any, as_text: Callable[[], None]) -> None:
        """Print a result.

        Raises:
            OutputLost: nobody takes it.
        """
        self._has_printed = True
        try:
            if self.is_json:
                # Bytes, because JSON is UTF-8 whatever the terminal's encoding is.
                sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")
            else:
                as_text()
            sys.stdout.flush()
        except OSError as exc:
            raise lost(exc) from exc

    def fail(self, error: ErrorInfo, code: int) -> int:
        """Print an error and return the exit code."""
        if self.is_json and not self._has_printed:
            with contextlib.suppress(OutputLost):  # the error itself is worth more
                self.document({"error": error}, lambda: None)
        say(f"steelyard: {redact(one_line(error.title, error.detail, error.hint))}")
        return code


def answer_text(text: str) -> str:
    """An answer as stdout may have it: unchanged for a file or a pipe, harmless for a terminal."""
    return terminal_text(text) if sys.stdout.isatty() else text


def say(line: str) -> None:
    """One line on stderr; nobody need read it."""
    try:
        print(line, file=sys.stderr)
    except OSError:
        _to_nowhere(sys.stderr)


def lost(exc: OSError) -> OutputLost:
    """What to tell when stdout failed with `exc`; nothing more is written to it."""
    _to_nowhere(sys.stdout)
    return OutputLost(exc)


def _to_nowhere(stream: TextIO) -> None:
    """What is still buffered would otherwise fail a second time, as the interpreter exits."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
