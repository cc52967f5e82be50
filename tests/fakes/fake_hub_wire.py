"""HTTP of the fake hub: what came in, what the right answer is, and how to answer well or badly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from fakes.fake_hub_repo import PIECE, Blob, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

Headers = list[tuple[str, str]]

HEAD_LIMIT = 1 << 16
STALL_S = 120.0
NETWORK_S = 0.05
"""Time for the last bytes to arrive before a connection is reset."""
JSON_TYPE = "application/json; charset=utf-8"


@dataclass
class HubRequest:
    """One request as it came in, and what became of it."""

    method: str
    target: str
    """Path and query as they were sent."""
    headers: dict[str, str]
    origin: str
    """hub or cdn."""
    body: bytes = b""
    at: float = field(default_factory=time.monotonic)
    status: int | None = None
    fault: str | None = None
    sent_bytes: int = 0
    """Bytes of the body that went out so far."""
    is_over: bool = False

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def parts(self) -> list[str]:
        """The path in its parts, each unquoted, so that a revision may contain slashes."""
        return [unquote(part) for part in urlsplit(self.target).path.split("/") if part]

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def range(self) -> str | None:
        return self.headers.get("range")

    @property
    def has_authorization(self) -> bool:
        return "authorization" in self.headers

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def flag(self, name: str) -> bool:
        return self.query.get(name, [""])[0].lower() in ("true", "1")

    def to_json(self) -> dict[str, Any]:
        """For a log: without the token."""
        fields = asdict(self) | {"path": self.path, "range": self.range, "body": self.body.decode("latin-1")}
        hidden = {"authorization": "(present)"} if self.has_authorization else {}
        return fields | {"headers": {**self.headers, **hidden}, "has_authorization": self.has_authorization}


@dataclass
class Answer:
    """What the hub would answer if nothing were broken.

    `scope` is api, resolve (HEAD of a file, or the redirect to the CDN), file (the bytes of a file), card
    (README.md) or control (the test's own requests, which no fault touches).
    """

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    scope: str = "api"
    document: Any = None
    """The JSON of the body, where it is JSON."""
    blob: Blob | None = None
    start: int = 0
    stop: int = 0


def json_answer(document: Any, status: int = 200, headers: Headers | None = None) -> Answer:
    whole = [("Content-Type", JSON_TYPE), *(headers or [])]
    return Answer(status, whole, json.dumps(document).encode(), document=document)


def error_answer(status: int, message: str, code: str = "", headers: Headers | None = None) -> Answer:
    """An error in the form of the hub: `X-Error-Code`, `X-Error-Message`, and JSON."""
    extra = [("X-Error-Code", code)] if code else []
    return json_answer({"error": message}, status, [*extra, ("X-Error-Message", message), *(headers or [])])


def file_answer(request: HubRequest, blob: Blob, etag: str, extra: Headers | None = None) -> Answer:
    """The bytes of a file, or the range of them that was asked for."""
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("ETag", f'"{etag}"'),
        ("Accept-Ranges", "bytes"),
    ]
    headers += extra or []
    wanted = _range(request, blob.size, etag)
    if wanted is None:
        return Answer(200, headers, scope="file", blob=blob, stop=blob.size)
    start, stop = wanted
    if start >= stop:
        return Answer(416, [*headers, ("Content-Range", f"bytes */{blob.size}")], scope="file")
    headers.append(("Content-Range", content_range(start, stop, blob.size)))
    return Answer(206, headers, scope="file", blob=blob, start=start, stop=stop)


def content_range(start: int, stop: int, total: int) -> str:
    return f"bytes {start}-{stop - 1}/{total}"


def _range(request: HubRequest, size: int, etag: str) -> tuple[int, int] | None:
    """The one range asked for as start and stop; None asks for the whole file."""
    condition = request.headers.get("if-range")
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.range or "")
    if asked is None or not any(asked.groups()) or condition not in (None, f'"{etag}"'):
        return None
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def replaced(headers: Headers, **changes: str | None) -> Headers:
    """Headers with others in their place; None leaves one out."""
    names = {
        name.replace("_", "-").lower(): (name.replace("_", "-"), value) for name, value in changes.items()
    }
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    return kept + [(name, value) for name, value in names.values() if value is not None]


async def read_request(reader: asyncio.StreamReader, origin: str) -> HubRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return HubRequest(method, re.sub(r"^http://[^/]+", "", target), headers, origin, body)


class Pace:
    """Lets so many bytes a second through, all connections together."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def wait(self, size: int, bytes_per_s: float) -> None:
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + size / bytes_per_s
        await asyncio.sleep(max(0.0, self._free_at - now))


@dataclass
class Bandwidth:
    """The line of one hub."""

    pace: Pace = field(default_factory=Pace)
    bytes_per_s: float | None = None


class Reply:
    """What a fault may do with one request. `value`, `seed`, `nth` and `memory` are those of the fault."""

    def __init__(
        self,
        request: HubRequest,
        answer: Answer,
        writer: asyncio.StreamWriter,
        line: Bandwidth,
        note: Callable[[], None],
    ) -> None:
        self.request = request
        self.answer = answer
        self.line = line
        self.value: Any = None
        self.seed = 0
        self.nth = 1
        self.memory: dict[str, Any] = {}
        self.hub_url = ""
        self.cdn_url = ""
        self.keeps_open = False
        self._writer = writer
        self._note = note
        self._is_chunked = False

    def number(self, default: int) -> int:
        return default if self.value is None else int(self.value)

    @property
    def size(self) -> int:
        """Size of the whole file."""
        return self.answer.blob.size if self.answer.blob else 0

    # ---- pieces of an answer ----

    async def head(self, status: int, headers: Headers, *, chunked: bool = False) -> None:
        self._is_chunked = chunked
        self.request.status = status
        extra = [("Transfer-Encoding", "chunked")] if chunked else []
        extra += [] if self.keeps_open else [("Connection", "close")]
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in [*headers, *extra])]
        await self._write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def send(self, data: bytes) -> None:
        if self.request.method == "HEAD" or not data:
            return
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)
        self.request.sent_bytes += len(data)
        self._note()
        await asyncio.sleep(0)  # others have their turn even where a client reads faster than we write

    async def end(self) -> None:
        """End a chunked body as HTTP wants it."""
        if self._is_chunked and self.request.method != "HEAD":
            await self._write(b"0\r\n\r\n")

    async def reset(self) -> None:
        """Drop the connection with an RST."""
        await asyncio.sleep(NETWORK_S)
        plug = self._writer.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, STALL_S))

    # ---- whole answers ----

    async def right(self) -> None:
        """What a hub in order would send."""
        await (self.whole_file() if self.answer.blob else self.bytes(self.answer.body))

    async def bytes(self, body: bytes, status: int | None = None, headers: Headers | None = None) -> None:
        """A whole, properly framed answer, by default with status and headers of the right one."""
        self.keeps_open = True
        head = self.answer.headers if headers is None else headers
        framed = replaced(head, Content_Length=str(len(body)))
        await self.head(self.answer.status if status is None else status, framed)
        await self.send(body)

    async def json(self, document: Any) -> None:
        await self.bytes(json.dumps(document).encode())

    async def stream(self, pieces: Iterable[bytes]) -> None:
        """A chunked answer of any length, with status and headers of the right one."""
        await self.head(self.answer.status, self.answer.headers, chunked=True)
        for piece in pieces:
            await self.send(piece)
        await self.end()

    async def whole_file(self, transform: Callable[[bytes, int], bytes] | None = None) -> None:
        """The right bytes of the file; `transform` gets each piece and its place in the file."""
        self.keeps_open = True
        await self.head(self.answer.status, self.file_headers())
        if self.request.method == "HEAD":
            return
        async for at, piece in self.pieces():
            await self.send(piece if transform is None else transform(piece, at))

    def file_headers(self, **changes: str | None) -> Headers:
        length = str(self.answer.stop - self.answer.start)
        return replaced(replaced(self.answer.headers, Content_Length=length), **changes)

    async def pieces(
        self, start: int | None = None, stop: int | None = None, at_most: int = PIECE
    ) -> AsyncIterator[tuple[int, bytes]]:
        """Pieces of the file and where they begin, at the speed of the line."""
        at = self.answer.start if start is None else start
        for piece in self._cut(at, self.answer.stop if stop is None else stop, at_most):
            if self.line.bytes_per_s is not None:
                await self.line.pace.wait(len(piece), self.line.bytes_per_s)
            yield at, piece
            at += len(piece)

    def _cut(self, start: int, stop: int, at_most: int) -> Iterator[bytes]:
        limit = self.line.bytes_per_s
        size = at_most if limit is None else max(1, min(at_most, int(limit / 20)))
        if self.answer.blob is None:
            return
        for block in read(self.answer.blob.content, start, stop):
            for offset in range(0, len(block), size):
                yield block[offset : offset + size]

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
