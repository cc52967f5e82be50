"""One prompt's way over HTTP and back, stamped at the transport.

Both kinds of target go through here, so both are measured alike. The stamps are monotonic nanoseconds:
`start` when the request is handed to the client, the trace events of the connection, one stamp per network
read for the content. Nothing is retried after the first byte of an answer, and a local server never from
here: whoever owns it knows whether it lives.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec

from steelyard.core.base.clock import ms_between, now_ns
from steelyard.core.base.errors import AppError
from steelyard.core.targets.clients import load_transport
from steelyard.core.targets.failures import http_error, not_a_stream, transport_error
from steelyard.core.targets.retry import MAX_ATTEMPTS, MAX_WAIT_S, RETRYABLE_STATUS, backoff_s, retry_after_s
from steelyard.core.targets.sse import MAX_BODY_BYTES, SseParser

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.targets.delta import Delta
    from steelyard.core.targets.wire import Wire

_MAX_ERROR_BODY_BYTES = 64 << 10
_HEAD_BYTES = 256
_AFTER_FINISH_S = 5.0
# For each content event that is allowed. Limits allow eight a token, which makes this 2 KiB a token:
# llama-server sends about 240 bytes for one, APIs with long ids and filter results several times as many.
_BODY_BYTES_PER_EVENT = 256
_MOST_BODY_BYTES = 512 << 20
_MAX_TEXT_CHARS = 32 << 20
_REFUSED_TYPES = ("text/html", "application/json", "application/xhtml+xml")


@dataclass(frozen=True)
class Limits:
    """Deadlines in seconds, all on progress but the last; `max_content_events` bounds an endless answer."""

    connect_s: float
    first_token_s: float
    stall_s: float
    total_s: float
    max_content_events: int


@dataclass(frozen=True)
class Request:
    """All that goes over the wire. `who` names the target in error texts."""

    who: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    is_local: bool


@dataclass
class RawTimes:
    """Stamps of the last attempt, monotonic ns; 0 = not reached."""

    start: int = 0
    connected: int = 0
    secured: int = 0
    sent: int = 0
    headers: int = 0
    first_delta: int = 0
    last_delta: int = 0
    finished: int = 0
    """The finish reason, or the end mark of a stream that gave none."""
    end: int = 0
    attempts: int = 0
    waited_ms: float = 0.0
    content: list[int] = field(default_factory=list[int])
    """Stamp of each content or reasoning delta."""


class _TryAgain(Exception):
    def __init__(self, error: AppError, after_s: float) -> None:
        super().__init__(error.title)
        self.error = error
        self.after_s = after_s


class Exchange:
    """Sends one request and hands its deltas to `on_deltas`, in order, with their stamp.

    `prolong()` may be called while `run` waits, by whoever sees a sign of life elsewhere.
    """

    def __init__(self, client: httpx2.AsyncClient, wire: Wire, request: Request, limits: Limits) -> None:
        self._client = client
        self._wire = wire
        self._request = request
        self._limits = limits
        self._deadline: asyncio.Timeout | None = None
        self._ends_at = 0.0
        self.times = RawTimes()
        self.has_stalled = False
        self._has_finish = False
        self._is_answered = False
        self._is_tunnelling = False
        self._pieces = 0
        self._text_chars = 0

    @property
    def body(self) -> dict[str, Any]:
        """What is sent; keys are in the headers."""
        return self._request.body

    @property
    def has_content(self) -> bool:
        """Whether the answer has begun."""
        return self.times.first_delta > 0

    def prolong(self) -> None:
        """Count this moment as progress."""
        if self._deadline is None:
            return
        wait_s = self._limits.stall_s if self.has_content else self._limits.first_token_s
        if self._has_finish:
            wait_s = min(wait_s, _AFTER_FINISH_S)  # only usage and the end mark are still to come
        at = min(asyncio.get_running_loop().time() + wait_s, self._ends_at)
        # Moving a timer costs more than reading a clock, and this runs once a token.
        if abs(at - (self._deadline.when() or 0.0)) > 0.25:
            self._deadline.reschedule(at)

    async def run(
        self, on_deltas: Callable[[list[Delta], int], None], note: Callable[[str], None] | None = None
    ) -> None:
        """Do it, with at most MAX_ATTEMPTS attempts before the first byte.

        `note` is told what is waited for between two attempts.

        Raises:
            AppError: in words of this target; `times` and what `on_deltas` got stay valid.
        """
        await load_transport()
        waited_from = now_ns()
        while True:
            attempt = self.times.attempts + 1
            self.times = RawTimes(
                attempts=attempt, waited_ms=ms_between(waited_from, now_ns()) if attempt > 1 else 0.0
            )
            try:
                await self._attempt(on_deltas)
                return
            except _TryAgain as again:
                if attempt >= MAX_ATTEMPTS or again.after_s > MAX_WAIT_S:
                    raise again.error from again.__cause__
                refusal = again
            finally:
                self.times.end = now_ns()
            await _wait(refusal, attempt + 1, note or _say_nothing)

    async def _attempt(self, on_deltas: Callable[[list[Delta], int], None]) -> None:
        loop = asyncio.get_running_loop()
        self._ends_at = loop.time() + self._limits.total_s
        self._is_answered = False
        self.times.start = now_ns()
        try:
            first_s = min(self._limits.connect_s + self._limits.first_token_s, self._limits.total_s)
            async with asyncio.timeout(first_s) as self._deadline:
                await self._exchange(on_deltas)
        except AppError as exc:
            # Dialects do not know whose event they read; a user with four columns must.
            exc.title = exc.title.replace("The server", self._request.who, 1)
            raise
        except TimeoutError as exc:
            if not self._has_finish:
                self.has_stalled = True
                raise self._stall_error(is_total=loop.time() >= self._ends_at) from exc
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, UnicodeError) as exc:
            # Whatever happens to the connection after the finish reason, the answer is whole.
            if not self._has_finish:
                self._translate(exc)
        finally:
            self._deadline = None

    def _translate(self, exc: Exception) -> None:
        error = transport_error(self._request.who, exc)
        if self._is_answered:
            kept = " What arrived is kept." if self.has_content else ""
            raise AppError(
                f"{self._request.who} broke off", error.detail, f"Try again.{kept}", retryable=True
            ) from exc
        is_refused = isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError)
        if is_refused and error.retryable and not self._request.is_local:
            # An API may have begun to bill once the request was sent, so only failed connects are repeated.
            raise _TryAgain(error, backoff_s(self.times.attempts)) from exc
        raise error from exc

    async def _exchange(self, on_deltas: Callable[[list[Delta], int], None]) -> None:
        if self._client.is_closed:  # its server has ended, and whoever owns it has noticed just now
            raise httpx2.ConnectError("the server has ended")
        timeout = httpx2.Timeout(None, connect=self._limits.connect_s)
        request = self._client.build_request(
            "POST",
            self._request.url,
            content=msgspec.json.encode(self._request.body),
            headers={"Content-Type": "application/json", **self._request.headers},
            timeout=timeout,
            extensions={"trace": self._on_trace},
        )
        response = await self._client.send(request, stream=True)
        self._is_answered = True
        try:
            await self._check(response)
            await self._read(response, on_deltas)
        finally:
            await response.aclose()

    async def _on_trace(self, name: str, info: dict[str, Any]) -> None:
        match name:
            case "http11.send_request_headers.started":
                self._is_tunnelling = info["request"].method == b"CONNECT"
                if self._is_tunnelling:
                    self.times.connected = self.times.secured = 0  # so far only the proxy is reached
            case "proxy.start_tls.started":
                self.times.connected = now_ns()
            case "connection.connect_tcp.complete" | "connection.connect_unix_socket.complete":
                self.times.connected = now_ns()
            case "connection.start_tls.complete" | "proxy.start_tls.complete":
                self.times.secured = now_ns()
            case "http11.send_request_body.complete" if not self._is_tunnelling:
                self.times.sent = now_ns()
                self.prolong()
            case "http11.receive_response_headers.complete" if not self._is_tunnelling:
                self.times.headers = now_ns()
            case _:
                pass

    async def _check(self, response: httpx2.Response) -> None:
        status, who = response.status_code, self._request.who
        content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
        if status == 200 and response.headers.get("content-encoding", "identity").lower() != "identity":
            raise AppError(
                f"{who} sent a compressed stream",
                "although it was asked not to",
                "Use the API without a proxy.",
            )
        if status == 200 and content_type not in _REFUSED_TYPES:
            return
        body = await _head_of_body(response)
        if status == 200:
            raise not_a_stream(who, content_type, body)
        waits_s = retry_after_s(response.headers.get("retry-after"), response.headers.get("date"))
        error = http_error(who, status, body, waits_s, is_local=self._request.is_local)
        if status not in RETRYABLE_STATUS or self._request.is_local:
            raise error
        raise _TryAgain(error, backoff_s(self.times.attempts) if waits_s is None else waits_s)

    async def _read(self, response: httpx2.Response, on_deltas: Callable[[list[Delta], int], None]) -> None:
        parser = SseParser(max_body_bytes=_body_limit(self._limits))
        head, event_count = b"", 0
        async for chunk in response.aiter_raw():
            stamp = now_ns()
            head = head or chunk[:_HEAD_BYTES]
            deltas: list[Delta] = []
            try:
                for event in parser.feed(chunk):
                    event_count += 1
                    delta = self._wire.read(event)
                    if delta is None:
                        continue
                    deltas.append(delta)
                    if self._note(delta, stamp):
                        return
            finally:
                # Also when a later event of the same read is broken: what came before it is kept.
                if deltas:
                    on_deltas(deltas, stamp)
        if not event_count:
            raise not_a_stream(self._request.who, response.headers.get("content-type", ""), head)
        if not self._has_finish:
            raise AppError(
                f"{self._request.who} broke off in the middle of its answer",
                "the stream ended without an end mark",
                "Run it again; what arrived is kept.",
                retryable=True,
            )

    def _note(self, delta: Delta, stamp: int) -> bool:
        """Account for one delta; True when the stream is over."""
        times = self.times
        if delta.has_content:
            times.first_delta = times.first_delta or stamp
            times.last_delta = stamp
            if delta.text or delta.reasoning:
                times.content.append(stamp)
            self._check_size(delta)
        if delta.finish is not None:
            self._has_finish = True
        if delta.finish is not None or delta.is_done:
            times.finished = times.finished or stamp
        if delta.has_content or delta.progress or delta.finish:
            self.prolong()
        return delta.is_done

    def _check_size(self, delta: Delta) -> None:
        self._pieces += len(delta.tool_calls) or 1
        self._text_chars += len(delta.text) + len(delta.reasoning)
        self._text_chars += sum(len(part.arguments) for part in delta.tool_calls)
        if self._pieces > self._limits.max_content_events:
            raise AppError(
                f"{self._request.who} does not stop",
                f"it sent over {self._limits.max_content_events} pieces, far more than were asked for",
                "What arrived is kept.",
            )
        if self._text_chars > _MAX_TEXT_CHARS:
            raise AppError(
                f"{self._request.who} does not stop",
                f"it sent over {_MAX_TEXT_CHARS >> 20} million characters",
                "What arrived is kept. Ask for less with --max-tokens.",
            )

    def _stall_error(self, *, is_total: bool) -> AppError:
        who = self._request.who
        if is_total:
            return AppError(
                f"{who} took too long", f"over {self._limits.total_s:.0f} s", "What arrived is kept."
            )
        if self.has_content:
            return AppError(
                f"{who} went silent",
                f"no token for {self._limits.stall_s:.0f} s",
                "Run it again.",
                retryable=True,
            )
        return AppError(
            f"{who} gave no first token",
            f"nothing for {self._limits.first_token_s:.0f} s",
            "Try again, or raise the limit in Settings.",
            retryable=True,
        )


async def _head_of_body(response: httpx2.Response) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(5.0):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _MAX_ERROR_BODY_BYTES:
                    break
    except (TimeoutError, httpx2.HTTPError):
        pass  # an error page that does not arrive whole is still an error with a status
    return body[:_MAX_ERROR_BODY_BYTES]


def _body_limit(limits: Limits) -> int:
    """Bytes that the answer may have on the wire: enough for all that was asked for, and never endless."""
    asked = _BODY_BYTES_PER_EVENT * limits.max_content_events
    return min(max(MAX_BODY_BYTES, asked), _MOST_BODY_BYTES)


async def _wait(refusal: _TryAgain, attempt: int, note: Callable[[str], None]) -> None:
    """Let the time before the given attempt pass, and say so."""
    which = f"attempt {attempt} of {MAX_ATTEMPTS}"
    note(f"{which} in {refusal.after_s:.3g} s ({refusal.error.detail})")
    await asyncio.sleep(refusal.after_s)
    note(which)


def _say_nothing(_reason: str) -> None:
    pass
