"""Failures in the shape that OpenAI's clients know: {"error": {message, type, param, code}}."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.redaction import redact, redacted_head
from steelyard.core.runs.engine_questions import PromptTooLong
from steelyard.core.targets.json_in import as_count, as_dict, as_text, parse_json

_INVALID = "invalid_request_error"
_SERVER = "server_error"
_MAX_CHILD_CHARS = 1000
_TOO_LONG = "exceed_context_size_error"


class Refused(Exception):
    """A request that gets an error for an answer. `retry_after_s`: when it may come again."""

    def __init__(
        self,
        status: int,
        message: str,
        kind: str = _INVALID,
        code: str | None = None,
        param: str | None = None,
        *,
        retry_after_s: int | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = redact(message)
        self.code = code
        self.retry_after_s = retry_after_s
        error = {"message": self.message, "type": kind, "param": param, "code": code, **(more or {})}
        self.body = msgspec.json.encode({"error": error})

    def as_app_error(self, who: str) -> AppError:
        """The same for the ledger."""
        return AppError(f"{who} refused the request", f"HTTP {self.status}, {self.message}")


def refused_by(error: AppError) -> Refused:
    """Our own failure as a client gets it: what may succeed later is 503, the rest is 400 or 500."""
    message = error.one_line()
    if isinstance(error, PromptTooLong):
        return too_long(error.prompt_tokens, error.ctx)
    if isinstance(error, UsageError):
        return Refused(400, message)
    if error.retryable:
        return Refused(503, message, _SERVER, "unavailable", retry_after_s=2)
    return Refused(500, message, _SERVER, "model_not_usable")


_TOO_LARGE = "is too large to process"


def refused_by_child(status: int, body: bytes) -> Refused:
    """The engine's own refusal, in its words, bounded and masked."""
    try:
        error = as_dict(as_dict(parse_json(body)).get("error"))
    except ValueError:
        error = {}
    kind = as_text(error.get("type")) or _SERVER
    message = redacted_head(as_text(error.get("message")), _MAX_CHILD_CHARS)
    if kind == _TOO_LONG:
        tokens, ctx = as_count(error.get("n_prompt_tokens")), as_count(error.get("n_ctx"))
        if tokens is not None and ctx is not None:
            return too_long(tokens, ctx)
    if _TOO_LARGE in message:
        return Refused(400, message, code="context_length_exceeded", param="input")
    return Refused(status if 400 <= status < 600 else 502, message or "The engine gave no reason.", kind)


def too_long(tokens: int, ctx: int) -> Refused:
    """A prompt that is larger than the context."""
    return Refused(
        400,
        f"This model's maximum context length is {ctx} tokens here, and the prompt has {tokens}. "
        "Shorten it, or serve the model with a larger context.",
        code="context_length_exceeded",
        param="messages",
        more={"n_prompt_tokens": tokens, "n_ctx": ctx},
    )


def unknown_model(name: str, there_are: list[str]) -> Refused:
    """`model` names nothing that is offered."""
    known = ", ".join(there_are[:20]) or "none"
    more = f" and {len(there_are) - 20} more" if len(there_are) > 20 else ""
    return Refused(
        404,
        f"The model {name[:200]!r} does not exist here. There is: {known}{more}.",
        code="model_not_found",
        param="model",
    )
