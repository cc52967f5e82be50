"""What the two wire formats have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.redaction import redact, redacted_head
from steelyard.core.targets.json_in import as_dict, as_text, parse_json

if TYPE_CHECKING:
    from steelyard.core.targets.delta import Delta
    from steelyard.core.targets.sse import SseEvent
    from steelyard.core.values.prompt import Prompt

_MAX_ERROR_CHARS = 300


class Wire(Protocol):
    """One API dialect: where to send, what to send, how to read the stream."""

    def chat_url(self, base_url: str) -> str:
        """Full URL of the chat endpoint."""
        ...

    def models_url(self, base_url: str) -> str:
        """Full URL of the list of models."""
        ...

    def headers(self, key: str | None) -> dict[str, str]:
        """Authentication and version headers."""
        ...

    def body(self, model: str, prompt: Prompt) -> tuple[dict[str, Any], list[str]]:
        """The JSON body, and the names of sampling parameters that this dialect cannot carry."""
        ...

    def read(self, event: SseEvent) -> Delta | None:
        """One event's content; None for an event that says nothing to us.

        Raises:
            AppError: the event is an error, or not what the dialect allows.
        """
        ...


def checked_base_url(url: str) -> str:
    """A base URL without trailing slash, query or fragment.

    Raises:
        UsageError: not an http(s) URL, or one that carries a user name or password.
    """
    hint = "Give the address of the API, such as https://api.example.com/v1."
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise UsageError("Not a usable base URL", str(exc), hint) from exc
    if any(c.isspace() or not c.isprintable() for c in url.strip()):
        raise UsageError("Not a usable base URL", f"{redact(url)!r} has a space or a control character", hint)
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError("Not a usable base URL", f"{redact(url)!r} is not an http or https address", hint)
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "A base URL must not carry a password",
            "it would end up in logs",
            "Store the key as the target's key.",
        )
    if parts.query or parts.fragment:
        raise UsageError("Not a usable base URL", "it has a query or a fragment", hint)
    netloc = f"[{host}]" if ":" in host else host
    netloc = netloc if port is None else f"{netloc}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))


def event_json(event: SseEvent) -> dict[str, Any]:
    """The event's data as a JSON object.

    Raises:
        AppError: it is no JSON object.
    """
    try:
        document = parse_json(event.data)
    except ValueError as exc:
        raise broken_event(str(exc)) from exc
    return as_dict(document)


def broken_event(detail: str) -> AppError:
    """An event that is not what the dialect allows."""
    return AppError(
        "The server sent a broken event",
        redact(detail),
        "Run it again, or check that the target's format is right; what arrived is kept.",
        retryable=True,
    )


def error_message(body: bytes) -> str:
    """The human part of an error body, redacted first and then cut."""
    document = _error_document(body)
    error = document.get("error")
    text = as_text(error) or as_text(as_dict(error).get("message")) or as_text(document.get("message"))
    text = text or as_text(document.get("detail"))
    return redacted_head(text, _MAX_ERROR_CHARS)


def error_codes(body: bytes) -> set[str]:
    """The words by which an error body names its kind to programs."""
    error = as_dict(_error_document(body).get("error"))
    return {as_text(error.get("type")), as_text(error.get("code"))}


def _error_document(body: bytes) -> dict[str, Any]:
    try:
        return as_dict(parse_json(body))
    except ValueError:
        return {}
