"""The way back to a client: an answer in one piece, or a stream that may begin with comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from steelyard.core.gateway.answers import Refused

    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = b"application/json"
_STREAM = b"text/event-stream"


class Outlet:
    """Sends ASGI messages; knows what has gone out already. `run_id` goes along as a header."""

    def __init__(self, send: Send, run_id: str | None) -> None:
        self._send = send
        self._run_id = run_id
        self.has_begun = False
        self.has_ended = False
        self.is_sending = False
        """Whether the client is what is being waited for."""

    async def begin_stream(self) -> None:
        """Headers of an event stream, once."""
        if not self.has_begun:
            await self._begin(200, [(b"content-type", _STREAM), (b"cache-control", b"no-store")])

    async def write(self, data: bytes) -> None:
        """More of the stream."""
        self.is_sending = True
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self.is_sending = False

    async def comment(self, text: str) -> None:
        """A line that clients skip, so that they do not take a load for a dead connection."""
        await self.begin_stream()
        await self.write(f": {' '.join(text.split())}\n\n".encode())

    async def end(self) -> None:
        """The stream is over."""
        self.has_ended = True
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def whole(self, body: bytes, status: int = 200, retry_after_s: int | None = None) -> None:
        """An answer in one piece."""
        headers = [(b"content-type", _JSON), (b"content-length", str(len(body)).encode())]
        if retry_after_s is not None:
            headers.append((b"retry-after", str(retry_after_s).encode()))
        await self._begin(status, headers)
        self.has_ended = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def refuse(self, refused: Refused) -> None:
        """An error: as a status while that can still be told, else as the stream's last event."""
        if self.has_ended:
            return
        if not self.has_begun:
            await self.whole(refused.body, refused.status, refused.retry_after_s)
            return
        await self.write(b"data: " + refused.body + b"\n\n")
        await self.end()

    async def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.has_begun = True
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if self._run_id is not None:
            headers.append((b"x-steelyard-run", self._run_id.encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
