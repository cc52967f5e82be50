"""Transport and HTTP failures in words: what happened, why, what to do."""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING

import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import redacted_head
from steelyard.core.targets.retry import RETRYABLE_STATUS
from steelyard.core.targets.wire import error_codes, error_message

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS_WORDS: dict[int, tuple[str, str]] = {
    400: ("refused the request as malformed", "Check the model name and the parameters."),
    401: ("refused the key", "Check the key of this target."),
    402: ("asks for payment", "Check the account's balance."),
    403: ("forbids this request", "Check that the key may use this model."),
    404: ("knows no such address or model", "Check base URL and model name."),
    405: ("does not take chat requests at this address", "Check the base URL."),
    407: ("is behind a proxy that wants a password", "Check HTTP_PROXY and its password."),
    408: ("gave up waiting for the request", "Try again."),
    413: ("found the prompt too large", "Shorten the prompt."),
    422: ("refused the request's content", "Check the model name and the parameters."),
    429: ("is limiting the rate of requests", "Wait a moment, or raise the account's limit."),
    503: ("is not available at the moment", "Try again later."),
    529: ("is overloaded", "Try again later."),
}
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNEXPECTED_MESSAGE"})
_NAMELESS = {
    "ReadError": "the connection was reset",
    "WriteError": "the connection was closed while the request was sent",
    "ConnectError": "no connection",
}
"""Words for what the transport raises without any."""
_LONG_WAIT_S = 86_400.0
_TOO_LONG_CODES = frozenset({"exceed_context_size_error", "context_length_exceeded"})
_TOO_LONG_WORDS = re.compile(
    r"(?i)prompt is too long|input token count|input is too long"
    r"|(?:exceed|maximum)[^.]{0,60}context (?:length|size|window)"
    r"|context (?:length|size|window)[^.]{0,60}exceed"
)


def http_error(
    who: str, status: int, body: bytes, waits_s: float | None = None, *, is_local: bool = False
) -> AppError:
    """The error for an HTTP status; the server's own words are redacted and cut."""
    if 300 <= status < 400:
        return AppError(
            f"{who} has moved", f"HTTP {status}", "Check the base URL: redirects are not followed."
        )
    words, hint = _words_for(status, body, is_local=is_local)
    if waits_s is not None:
        wait = f"{waits_s:.0f} s" if waits_s < _LONG_WAIT_S else "more than a day"
        hint = f"It asks to wait {wait}."
    said = error_message(body) or _kind_of_body(body)
    detail = f"HTTP {status}, {said}" if said else f"HTTP {status}"
    return AppError(f"{who} {words}", detail, hint, retryable=status in RETRYABLE_STATUS)


def _words_for(status: int, body: bytes, *, is_local: bool) -> tuple[str, str]:
    """What happened and what to do."""
    if status in (400, 413, 422) and _is_too_long(body):
        way_out = (
            "raise the context size in Settings (context_tokens in a --profile)"
            if is_local
            else "ask for fewer tokens (--max-tokens)"
        )
        return "found the prompt too long", f"Shorten it, or {way_out}."
    if status in (400, 422) and "schema" in error_message(body).lower():
        return "refused the JSON schema", "Correct the schema, or send the prompt without it."
    if status >= 500:
        return _STATUS_WORDS.get(status, ("failed", "Try again later."))
    return _STATUS_WORDS.get(status, ("gave no answer", "Check base URL, model name and parameters."))


def _is_too_long(body: bytes) -> bool:
    """Whether an error body says that the prompt is larger than the model's context."""
    codes = error_codes(body)
    return not _TOO_LONG_CODES.isdisjoint(codes) or _TOO_LONG_WORDS.search(error_message(body)) is not None


def not_a_stream(who: str, content_type: str, body: bytes) -> AppError:
    """An answer with status 200 that is no event stream."""
    if said := error_message(body):
        return AppError(
            f"{who} reported an error", said, "Check the account, the model name and the parameters."
        )
    kind = _kind_of_body(body) or content_type or "no content"
    return AppError(
        f"{who} did not stream an answer",
        f"it sent {kind}",
        "Check the base URL: it is usually the address that ends in /v1.",
    )


def transport_error(who: str, exc: Exception) -> AppError:
    """The error for a failed connection."""
    for cause in _causes(exc):
        if isinstance(cause, ssl.SSLError):
            return _tls_error(who, cause)
        if isinstance(cause, socket.gaierror):
            return AppError(
                f"{who} was not found", "its name does not resolve", "Check the base URL and the network."
            )
        if isinstance(cause, ConnectionRefusedError):
            return AppError(
                f"{who} refused the connection",
                "nothing listens there",
                "Check host and port, and that the server is running.",
                retryable=True,
            )
    if isinstance(exc, httpx2.ConnectTimeout):
        return AppError(
            f"{who} cannot be reached", "no connection in time", "Check the network.", retryable=True
        )
    if isinstance(exc, httpx2.ProxyError):
        said = _words(exc)
        return AppError(
            f"The proxy in front of {who} refused the connection",
            said,
            "Check HTTPS_PROXY and its password.",
            retryable=said.startswith("5"),
        )
    if isinstance(exc, httpx2.RemoteProtocolError) and "status line" in str(exc):
        return AppError(f"{who} does not speak HTTP there", "", "Check the address: is it https://?")
    if isinstance(exc, httpx2.RemoteProtocolError):
        return AppError(f"{who} broke the connection", _words(exc), "Try again.", retryable=True)
    if isinstance(exc, httpx2.UnsupportedProtocol | httpx2.InvalidURL | httpx2.LocalProtocolError):
        return AppError(f"{who} cannot be asked", _words(exc), "Check the base URL and the key.")
    return AppError(
        f"The connection to {who} failed", _words(exc), "Check the network and try again.", retryable=True
    )


def _tls_error(who: str, cause: ssl.SSLError) -> AppError:
    title = f"No secure connection to {who}"
    if cause.reason in _NOT_TLS:
        return AppError(title, "the server does not speak TLS there", "Check the address: is it http://?")
    reason = getattr(cause, "verify_message", "") or cause.reason or "TLS handshake failed"
    return AppError(title, str(reason), "Check the address and its certificate.")


def _causes(exc: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = exc
    while seen is not None:
        yield seen
        if isinstance(seen, BaseExceptionGroup):
            for inner in seen.exceptions:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
                yield from _causes(inner)  # pyright: ignore[reportUnknownArgumentType]
        seen = seen.__cause__ or seen.__context__


def _words(exc: Exception) -> str:
    return redacted_head(str(exc), 200) or _NAMELESS.get(type(exc).__name__, type(exc).__name__)


def _kind_of_body(body: bytes) -> str:
    start = body[:256].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith((b"{", b"[")):
        return "one JSON document"
    return ""
