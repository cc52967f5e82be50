"""The verdict on an answer's form and the tools that it calls, as words of the facts line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from steelyard.core.values.run import Run, Structured

_MAX_CHARS = 200
_NAMES = {"json_schema": "JSON schema", "grammar": "grammar"}


def form_words(run: Run) -> list[str]:
    """Nothing for a run that was asked for neither."""
    words = [] if run.structured is None else [_verdict(run.structured)]
    return [*words, *(_call(call) for call in run.tool_calls or [])]


def _verdict(verdict: Structured) -> str:
    word = {True: "followed", False: "not followed", None: "not checked"}[verdict.is_valid]
    reason = f" ({verdict.detail})" if verdict.detail else ""
    return f"{_NAMES[verdict.kind]} {word}{reason}{'' if verdict.is_held else ', it was not sent'}"


def _call(call: Any) -> str:
    fields = cast("dict[str, Any]", call) if isinstance(call, dict) else {}
    text = f"calls {fields.get('name')}({fields.get('arguments')})"
    return text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 1] + "…"
