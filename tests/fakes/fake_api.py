"""A loopback API in OpenAI's and Anthropic's streaming formats, and in every broken form of them.

A real HTTP/1.1 server in a thread of its own. The model id of a request picks the behaviour: `BEHAVIOURS`
below, by the part before a `#`, so that `ok#1` and `ok#2` behave alike and are counted apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

CERTIFICATE = Path(__file__).with_name("self_signed.pem")
WORDS = ["Grüße ", "aus ", "der ", "Fälscherei: ", "👋🏽 ", "Ende."]
TEXT = "".join(WORDS)
PROMPT_TOKENS, COMPLETION_TOKENS = 11, 6
BLOCK = b"a" * (256 << 10)
LONG_LINE_BYTES = 100 << 20
LONG_CHUNKS = 4500  # 8 KiB each: more than 32 MiB on the wire
TUNNEL_S = 0.1


@dataclass
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))


def event(document: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(document, ensure_ascii=False)}\n\n".encode()


class OpenAi:
    """Chat completion chunks."""

    def begin(self) -> bytes:
        return self.chunk({"role": "assistant", "content": None})

    def text(self, text: Any) -> bytes:
        return self.chunk({"content": text})

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        return event({"model": "fake-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def finish(self, usage: Any, reason: str = "stop") -> bytes:
        closing = self.chunk({}, reason)
        return closing if usage is None else closing + event({"choices": [], "usage": usage})

    def usage(self, prompt: Any = PROMPT_TOKENS, completion: Any = COMPLETION_TOKENS) -> dict[str, Any]:
        return {"prompt_tokens": prompt, "completion_tokens": completion}

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def error(self, message: str) -> bytes:
        return event({"error": {"message": message, "type": "server_error"}})


class Anthropic:
    """Message events."""

    def begin(self) -> bytes:
        usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}
        start = {"type": "message_start", "message": {"model": "fake-1", "usage": usage}}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        return event(start, "message_start") + event(block, "content_block_start")

    def text(self, text: Any) -> bytes:
        delta = {"type": "text_delta", "text": text}
        document = {"type": "content_block_delta", "index": 0, "delta": delta}
        return event(document, "content_block_delta")

    def finish(self, usage: Any, reason: str = "end_turn") -> bytes:
        document = {"type": "message_delta", "delta": {"stop_reason": reason}}
        return event(document if usage is None else {**document, "usage": usage}, "message_delta")

    def usage(self, prompt: Any = PROMPT_TOKENS, completion: Any = COMPLETION_TOKENS) -> dict[str, Any]:
        return {"input_tokens": prompt, "output_tokens": completion}

    def end(self) -> bytes:
        return event({"type": "message_stop"}, "message_stop")

    def error(self, message: str) -> bytes:
        return event({"type": "error", "error": {"type": "overloaded_error", "message": message}}, "error")


Dialect = OpenAi | Anthropic


class Reply:
    """What a behaviour may do with one connection."""

    def __init__(self, api: FakeApi, asked: Asked, nth: int, writer: asyncio.StreamWriter) -> None:
        self.asked = asked
        self.nth = nth
        self.open_gates = api.open_gates
        self.dialect: Dialect = Anthropic() if asked.path.endswith("/messages") else OpenAi()
        self._api = api
        self._writer = writer
        self._is_chunked = True

    async def head(
        self, status: int = 200, *, kind: str = "text/event-stream", chunked: bool = True, **headers: str
    ) -> None:
        self._is_chunked = chunked
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += ["Transfer-Encoding: chunked"] if chunked else []
        await self._write("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        await self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._is_chunked else data)

    async def close(self) -> None:
        """End the body as HTTP wants it."""
        if self._is_chunked:
            await self._write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Drop the connection as a dying network does."""
        self._writer.transport.abort()

    async def document(
        self, status: int, body: bytes, kind: str = "application/json", **headers: str
    ) -> None:
        await self.head(status, kind=kind, **headers)
        await self.send(body)
        await self.close()

    async def whole(self) -> None:
        await self.head()
        for piece in pieces(self.dialect):
            await self.send(piece)
        await self.close()

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        self._api.note_sent(self.asked.model, len(data))


def pieces(dialect: Dialect) -> Iterator[bytes]:
    """A proper stream, event by event."""
    yield dialect.begin()
    for word in WORDS:
        yield dialect.text(word)
    yield dialect.finish(dialect.usage())
    yield dialect.end()


@contextlib.asynccontextmanager
async def open_proxy(port: int, refusal: str = "") -> AsyncIterator[str]:
    """URL of a proxy in this loop whose every tunnel leads to a port of this machine.

    With `refusal`, such as "407 Proxy Authentication Required", it opens none.
    """

    tunnels: set[asyncio.Task[Any] | None] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnels.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.CancelledError), contextlib.closing(writer):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT ")
            if refusal:
                writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            await asyncio.sleep(TUNNEL_S)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with contextlib.closing(far_writer):
                await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for tunnel in filter(None, tunnels):
            tunnel.cancel()
        await asyncio.gather(*filter(None, tunnels))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()


class FakeApi:
    """The server. `requests` and the counters may be read from any thread."""

    def __init__(self, *, tls: bool = False) -> None:
        self.requests: list[Asked] = []
        self.sent_bytes: Counter[str] = Counter()
        self.hung_up: Counter[str] = Counter()
        self.open_gates: set[str] = set()
        self.port = 0
        self._tls = tls
        self._counts: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._live, name="fake api")

    def __enter__(self) -> FakeApi:
        self._thread.start()
        self.wait_for(lambda: self.port > 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def count(self, model: str) -> int:
        """Requests for this model id so far."""
        return self._counts[model]

    def last(self, model: str) -> Asked:
        return [asked for asked in self.requests if asked.model == model][-1]

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Block until something that this server did makes the condition true."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), "the fake API saw nothing of the kind"

    def note_sent(self, model: str, size_bytes: int) -> None:
        with self._changed:
            self.sent_bytes[model] += size_bytes
            self._changed.notify_all()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=context, limit=1 << 20)
        with self._changed:
            self.port = server.sockets[0].getsockname()[1]
            self._changed.notify_all()
        await self._stopping.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(await _read_request(reader), reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._changed:
            self.requests.append(asked)
            self._counts[asked.model] += 1
            reply = Reply(self, asked, self._counts[asked.model], writer)
            self._changed.notify_all()
        work = asyncio.ensure_future(BEHAVIOURS[asked.model.split("#")[0]](reply))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            has_hung_up = not work.done()
            work.cancel()
            gone.cancel()
            done = await asyncio.gather(work, gone, return_exceptions=True)
            with self._changed:
                self.hung_up[asked.model] += has_hung_up or isinstance(done[0], ConnectionError)
                self._changed.notify_all()


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    first = await reader.readexactly(1)
    if not first.isalpha():
        raise ConnectionError("this is no HTTP, probably TLS")
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(head[0].split()[1], headers, json.loads(body or b"{}"))


# ---- behaviours --------------------------------------------------------------------------------------------

BEHAVIOURS: dict[str, Callable[[Reply], Awaitable[None]]] = {}


def behaviour(name: str) -> Callable[[Any], Any]:
    def register(function: Callable[[Reply], Awaitable[None]]) -> Callable[[Reply], Awaitable[None]]:
        BEHAVIOURS[name] = function
        return function

    return register


def _status(code: int, words: str, **headers: str) -> Callable[[Reply], Awaitable[None]]:
    async def answer(reply: Reply) -> None:
        await reply.document(code, json.dumps({"error": {"message": words}}).encode(), **headers)

    return answer


_TOO_LONG = "request (18032 tokens) exceeds the available context size (8192 tokens), try increasing it"


def _once(code: int, **headers: str) -> Callable[[Reply], Awaitable[None]]:
    async def answer(reply: Reply) -> None:
        if reply.nth == 1:
            await reply.document(code, b'{"error": {"message": "not now"}}', **headers)
        else:
            await reply.whole()

    return answer


BEHAVIOURS |= {
    "ok": Reply.whole,
    "404": _status(404, "no such model"),
    "400": _status(400, "temperature is too hot"),
    "400-long": _status(400, _TOO_LONG),
    "204": _status(204, ""),
    "429": _status(429, "slow down"),
    "429-long": _status(429, "slow down", Retry_After="9999"),
    "429-1s-ok": _once(429, Retry_After="1"),
    "429-nonsense-ok": _once(429, Retry_After="²"),
    "500": _status(500, "it burns"),
    "500-ok": _once(500),
    "302": _status(302, "", Location="http://127.0.0.1:9/v1/chat/completions"),
}


@behaviour("401")
async def _wrong_key(reply: Reply) -> None:
    """Echoes what it was sent, as some providers do."""
    sent = {name: reply.asked.headers.get(name) for name in ("authorization", "x-api-key")}
    await reply.document(401, json.dumps({"error": {"message": f"invalid key: {sent}"}}).encode())


@behaviour("html")
async def _html(reply: Reply) -> None:
    await reply.document(
        200, b"<!DOCTYPE html><html><body>Log in to the hotel's network</body></html>", "text/html"
    )


@behaviour("json")
async def _json(reply: Reply) -> None:
    await reply.document(200, b'{"choices": [{"message": {"content": "not streamed"}}]}')


@behaviour("plain")
async def _plain(reply: Reply) -> None:
    await reply.document(200, b"It works!\n", "text/plain")


@behaviour("gzip")
async def _gzip(reply: Reply) -> None:
    await reply.document(
        200, gzip.compress(b"".join(pieces(reply.dialect))), "text/event-stream", Content_Encoding="gzip"
    )


@behaviour("one-byte")
async def _one_byte(reply: Reply) -> None:
    """Every byte a chunk of its own."""
    await reply.head()
    for byte in b"".join(pieces(reply.dialect)):
        await reply.send(bytes([byte]))
    await reply.close()


async def _begun(reply: Reply) -> None:
    await reply.head()
    await reply.send(reply.dialect.begin())
    for word in WORDS[:3]:
        await reply.send(reply.dialect.text(word))


@behaviour("cut-in-emoji")
async def _cut_in_emoji(reply: Reply) -> None:
    await _begun(reply)
    piece = reply.dialect.text(WORDS[4])
    await reply.send(piece[: piece.index("👋".encode()) + 2])
    await asyncio.sleep(0.1)  # an abort discards what the other side has not read yet
    reply.cut()


@behaviour("cut-in-data")
async def _cut_in_data(reply: Reply) -> None:
    await _begun(reply)
    await reply.send(b"\nda")
    await asyncio.sleep(0.1)
    reply.cut()


@behaviour("cut-clean")
async def _cut_clean(reply: Reply) -> None:
    """A proper end of the body in the middle of the answer."""
    await _begun(reply)
    await reply.close()


@behaviour("cut-after-finish")
async def _cut_after_finish(reply: Reply) -> None:
    await _begun(reply)
    await reply.send(reply.dialect.finish(reply.dialect.usage()))
    await asyncio.sleep(0.1)
    reply.cut()


@behaviour("no-done")
async def _no_done(reply: Reply) -> None:
    await _begun(reply)
    await reply.send(reply.dialect.finish(reply.dialect.usage()))
    await reply.close()


@behaviour("silent-after-finish")
async def _silent_after_finish(reply: Reply) -> None:
    await _begun(reply)
    await reply.send(reply.dialect.finish(reply.dialect.usage()))
    await asyncio.sleep(600)


@behaviour("close-delimited")
async def _close_delimited(reply: Reply) -> None:
    """HTTP/1.0 style: no length, the end of the connection is the end of the body."""
    await reply.head(chunked=False)
    for piece in pieces(reply.dialect):
        await reply.send(piece)


def _with_usage(*usage: Any) -> Callable[[Reply], Awaitable[None]]:
    async def answer(reply: Reply) -> None:
        dialect = reply.dialect
        await _begun(reply)
        await reply.send(dialect.finish(dialect.usage(*usage) if usage else None))
        await reply.send(dialect.end())
        await reply.close()

    return answer


BEHAVIOURS |= {
    "usage-missing": _with_usage(),
    "usage-negative": _with_usage(-5, -7),
    "usage-string": _with_usage("11", "six"),
    "usage-null": _with_usage(None, None),
    "usage-huge": _with_usage(10**15, 10**15),
    "usage-absurd": _with_usage(10**30, 10**30),
}


def _then(make: Callable[[Dialect], bytes]) -> Callable[[Reply], Awaitable[None]]:
    """A good beginning, one bad piece, a good end."""

    async def answer(reply: Reply) -> None:
        await _begun(reply)
        await reply.send(make(reply.dialect))
        await reply.send(reply.dialect.finish(reply.dialect.usage()) + reply.dialect.end())
        await reply.close()

    return answer


BEHAVIOURS |= {
    "error-inside": _then(lambda dialect: dialect.error("the cluster is on fire")),
    "glued": _then(lambda dialect: b'data: {"choices": []}{"choices": []}\n\n'),
    "garbage": _then(lambda dialect: b"data: \xff\xfe{{{\n\n"),
    "deep": _then(lambda dialect: b'data: {"choices": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n\n"),
    "quotes": _then(lambda dialect: b'data: {"a": ' + b"[" * 100 + b'"' + b'\\"' * 16_000 + b"\n\n"),
    "content-number": _then(lambda dialect: dialect.text(42)),
    "unknown-events": _then(
        lambda dialect: (
            b': a comment\n\nevent: surprise\ndata: {"type": "surprise", "x": [1]}\n\n'
            b'data: [1, 2]\n\ndata: null\n\nid: 7\nretry: 1\n\ndata: {"choices": [null, 7, {"delta": 5}]}\n\n'
        )
    ),
}


@behaviour("error-first")
async def _error_first(reply: Reply) -> None:
    await reply.head()
    await reply.send(reply.dialect.error("the cluster is on fire"))
    await reply.close()


@behaviour("done-only")
async def _done_only(reply: Reply) -> None:
    await reply.head()
    await reply.send(reply.dialect.end())
    await reply.close()


@behaviour("long-line")
async def _long_line(reply: Reply) -> None:
    await _begun(reply)
    await reply.send(reply.dialect.text("@").split(b"@")[0])
    for _ in range(LONG_LINE_BYTES // len(BLOCK)):
        await reply.send(BLOCK)


@behaviour("endless")
async def _endless(reply: Reply) -> None:
    await reply.head()
    await reply.send(reply.dialect.begin())
    piece = reply.dialect.text("word ") * 100
    while True:
        await reply.send(piece)


@behaviour("endless-calls")
async def _endless_calls(reply: Reply) -> None:
    """Ever new tool calls."""
    await reply.head()
    assert isinstance(reply.dialect, OpenAi)
    at = 0
    while True:
        at += 100
        await reply.send(reply.dialect.chunk({"tool_calls": [{"index": at + n} for n in range(100)]}))


@behaviour("endless-nothing")
async def _endless_nothing(reply: Reply) -> None:
    """Events without content, as fast as they go."""
    await reply.head()
    while True:
        await reply.send(reply.dialect.text("") * 100)


@behaviour("drip")
async def _drip(reply: Reply) -> None:
    """A word every 0.2 s, for ever."""
    await reply.head()
    await reply.send(reply.dialect.begin())
    while True:
        await reply.send(reply.dialect.text("drip "))
        await asyncio.sleep(0.2)


@behaviour("pings")
async def _pings(reply: Reply) -> None:
    """Signs of life but never a word."""
    await reply.head()
    while True:
        await reply.send(
            b": ping\n\n" if isinstance(reply.dialect, OpenAi) else event({"type": "ping"}, "ping")
        )
        await asyncio.sleep(0.1)


@behaviour("silence")
async def _silence(reply: Reply) -> None:
    """Takes the request and never says a word."""
    await asyncio.sleep(600)


@behaviour("headers-then-silence")
async def _headers_then_silence(reply: Reply) -> None:
    await reply.head()
    await asyncio.sleep(600)


@behaviour("stall")
async def _stall(reply: Reply) -> None:
    await _begun(reply)
    await asyncio.sleep(600)


@behaviour("pings-after-text")
async def _pings_after_text(reply: Reply) -> None:
    await _begun(reply)
    while True:
        await reply.send(b": ping\n\n")
        await asyncio.sleep(0.1)


@behaviour("long-answer")
async def _long_answer(reply: Reply) -> None:
    await reply.head()
    dialect = reply.dialect
    for _ in range(400):
        await reply.send(dialect.text("word ") * 100)
    await reply.send(dialect.finish(dialect.usage()) + dialect.end())
    await reply.close()


@behaviour("long-chunks")
async def _long_chunks(reply: Reply) -> None:
    """Few words in much wrapping, as some APIs send them."""
    await reply.head()
    wrapping = b": " + b"w" * (8 << 10) + b"\n\n"
    for at in range(LONG_CHUNKS):
        await reply.send(wrapping + reply.dialect.text(f"{at} "))
    await reply.send(reply.dialect.finish(reply.dialect.usage()) + reply.dialect.end())
    await reply.close()


@behaviour("gate")
async def _gate(reply: Reply) -> None:
    """Begins, waits until the test opens the gate of this model id, and ends well."""
    await _begun(reply)
    while reply.asked.model not in reply.open_gates:
        await asyncio.sleep(0.02)
    await reply.send(reply.dialect.finish(reply.dialect.usage()) + reply.dialect.end())
    await reply.close()


@behaviour("named")
async def _named(reply: Reply) -> None:
    """Says which model it is: whoever is told this word was told what this model answered."""
    await reply.head()
    await reply.send(reply.dialect.begin() + reply.dialect.text(f"canary of {reply.asked.model}"))
    await reply.send(reply.dialect.finish(reply.dialect.usage()) + reply.dialect.end())
    await reply.close()


@behaviour("hang-up")
async def _hang_up(reply: Reply) -> None:
    """Closes the connection without a word."""
    reply.cut()
