"""A byte-level parser of server-sent events (WHATWG HTML, section 9.2).

It takes bytes as they come off the socket, cut anywhere, and gives whole events. Text is decoded nowhere
here, so a UTF-8 character split over two reads cannot be damaged.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from steelyard.core.base.errors import AppError

MAX_LINE_BYTES = 4 << 20
MAX_BODY_BYTES = 32 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """One dispatched event: its name (empty for the default) and its data lines joined by newlines."""

    name: str
    data: bytes


class SseParser:
    """Feed bytes, get events. Raises AppError when a line or the whole body grows beyond its cap."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_line_bytes = max_line_bytes
        self._max_body_bytes = max_body_bytes
        self._pending = bytearray()
        self._skip_newline = False
        self._at_start = True
        self._body_bytes = 0
        self._name = ""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Parse the next bytes; returns the events that they complete."""
        if not chunk:
            return []
        self._body_bytes += len(chunk)
        if self._body_bytes > self._max_body_bytes:
            raise _too_long(self._max_body_bytes)
        if self._skip_newline:
            # The last chunk ended in CR, which already ended its line; an LF here belongs to it.
            chunk = chunk.removeprefix(b"\n")
            self._skip_newline = False
        if self._at_start:
            chunk = bytes(self._pending) + chunk
            self._pending.clear()
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._pending += chunk
                return []
            chunk = chunk.removeprefix(_BOM)
            self._at_start = False
        self._skip_newline = chunk.endswith(b"\r")
        return self._take_lines(self._whole_lines(chunk))

    def _whole_lines(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk ends. Only the chunk is searched: the line before it may be very long."""
        lines = chunk.split(b"\n") if b"\r" not in chunk else _LINE_END.split(chunk)
        rest = lines.pop()
        if lines and self._pending:
            lines[0] = bytes(self._pending) + lines[0]
            self._pending.clear()
        self._pending += rest
        if len(self._pending) > self._max_line_bytes:
            raise _too_big("line", self._max_line_bytes)
        return lines

    def _take_lines(self, lines: list[bytes]) -> list[SseEvent]:
        events: list[SseEvent] = []
        for line in lines:
            if not line:
                self._dispatch(events)
            elif line.startswith(b"data:"):
                self._add_data(line[6:] if line[5:6] == b" " else line[5:])
            elif line.startswith(b"event:"):
                self._name = line[6:].strip().decode("ascii", "replace")
            elif line == b"data":
                self._add_data(b"")
        return events

    def _add_data(self, value: bytes) -> None:
        self._data_bytes += len(value) + 1  # empty lines cost memory, too
        if self._data_bytes > self._max_line_bytes:
            raise _too_big("event", self._max_line_bytes)
        self._data.append(value)

    def _dispatch(self, events: list[SseEvent]) -> None:
        if self._data:
            events.append(SseEvent(self._name, b"\n".join(self._data)))
        self._name = ""
        self._data = []
        self._data_bytes = 0


def _too_long(limit: int) -> AppError:
    return AppError(
        "The server sent too much",
        f"its answer is larger than {limit >> 20} MiB",
        "What arrived is kept. Ask for less (--max-tokens), or check that the address is that of a chat API.",
    )


def _too_big(what: str, limit: int) -> AppError:
    return AppError(
        "The server sent too much",
        f"one {what} is larger than {limit >> 20} MiB",
        "Check that the address is that of a chat API.",
    )
