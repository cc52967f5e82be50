"""Takes the usage out of a chat stream whose client did not ask for it, and changes nothing else.

The ledger always asks. The engine then tells usage in an event of its own, without choices, on which clients
that did not ask may trip; and it moves its `timings` from the finishing event into that one. So the event is
dropped and its timings are put back where they would have been: the client gets, byte for byte, what it
would have got without us.
"""

from __future__ import annotations

import msgspec

_END = b"\n\n"
_FINISH = b'"finish_reason":"'
_USAGE = b'"usage":{'
_MAX_HELD_BYTES = 4 << 20


class _UsageEvent(msgspec.Struct):
    choices: list[msgspec.Raw]
    usage: msgspec.Raw
    timings: msgspec.Raw = msgspec.Raw(b"")


class UsageFilter:
    """Feed what the engine sends; what comes back is for the client. Nearly every read is passed on as it is.

    A finishing event waits here for the next one, which follows at once.
    """

    def __init__(self) -> None:
        self._part = b""
        self._finish = b""

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that can go out now."""
        if self._part:
            chunk = self._part + chunk
            self._part = b""
        if not chunk.endswith(_END):
            whole = chunk.rfind(_END) + len(_END)
            whole = whole if whole >= len(_END) else 0
            if len(chunk) - whole <= _MAX_HELD_BYTES:
                chunk, self._part = chunk[:whole], chunk[whole:]
        if not self._finish and _FINISH not in chunk and _USAGE not in chunk:
            return chunk
        return b"".join(self._one(event + _END) for event in chunk.split(_END)[:-1])

    def rest(self) -> bytes:
        """What still waits when the stream ends."""
        rest, self._finish, self._part = self._finish + self._part, b"", b""
        return rest

    def _one(self, event: bytes) -> bytes:
        waited, self._finish = self._finish, b""
        if _USAGE in event and (usage := _usage_only(event)) is not None:
            return _with_timings(waited, bytes(usage.timings))
        if _FINISH in event:
            self._finish = event
            return waited
        return waited + event


def _usage_only(event: bytes) -> _UsageEvent | None:
    """The event, if it has usage and nothing else to say."""
    try:
        document = msgspec.json.decode(event.removeprefix(b"data:"), type=_UsageEvent)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return None if document.choices else document


def _with_timings(finish: bytes, timings: bytes) -> bytes:
    end = b"}" + _END
    if not timings or not finish.endswith(end) or b'"timings":' in finish:
        return finish
    return finish.removesuffix(end) + b',"timings":' + timings + end
