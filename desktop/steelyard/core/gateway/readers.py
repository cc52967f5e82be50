"""Answers of the engine's other endpoints and in one piece, told as the events that the meter knows."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.core.targets.delta import Delta
from steelyard.core.targets.json_in import as_count, as_dict, as_list, as_text, parse_json
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.targets.sse import SseEvent

_CHAT = OpenAiWire(is_local=True)


class ChatReader:
    """Chat completions."""

    def read(self, event: SseEvent) -> Delta | None:
        """One chat.completion.chunk."""
        return _CHAT.read(event)


class CompletionReader:
    """Plain completions: their chunks carry `text` where those of a chat have a delta."""

    def read(self, event: SseEvent) -> Delta | None:
        """One text_completion chunk."""
        try:
            document = as_dict(parse_json(event.data))
        except ValueError:
            return _CHAT.read(event)  # [DONE], or broken, which it says in its own words
        document["choices"] = [
            {**choice, "delta": {"content": choice.get("text")}}
            for choice in map(as_dict, as_list(document.get("choices")))
        ]
        return _CHAT.read(SseEvent(event.name, msgspec.json.encode(document)))


def whole_answer(body: bytes) -> tuple[Delta, dict[str, Any]]:
    """An answer of any endpoint in one piece, and the usage as the server gave it.

    Raises:
        ValueError: it is no JSON.
        AppError: it is not what the format allows.
    """
    document = as_dict(parse_json(body))
    usage = as_dict(document.get("usage"))
    told = {name: document[name] for name in ("model", "system_fingerprint", "timings") if name in document}
    told["choices"] = [_as_chunk(choice) for choice in map(as_dict, as_list(document.get("choices")))]
    told["usage"] = usage
    if usage and "completion_tokens" not in usage:
        told["usage"] = {**usage, "completion_tokens": 0}  # embeddings: nothing is written
    return _CHAT.read(SseEvent("", msgspec.json.encode(told))) or Delta(), usage


def _as_chunk(choice: dict[str, Any]) -> dict[str, Any]:
    message = as_dict(choice.get("message"))
    calls = [
        {**call, "index": index}
        for index, call in enumerate(map(as_dict, as_list(message.get("tool_calls"))))
    ]
    content = message.get("content") if message else choice.get("text")
    return {
        "index": as_count(choice.get("index")) or 0,
        "finish_reason": choice.get("finish_reason"),
        "delta": {
            "content": as_text(content),
            "reasoning_content": message.get("reasoning_content"),
            "tool_calls": calls,
        },
    }
