"""Anthropic's messages format, as Anthropic and llama-server speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError
from steelyard.core.targets.content import anthropic_content, message_text
from steelyard.core.targets.delta import Delta, ToolCallPart, UsageDelta
from steelyard.core.targets.json_in import as_count, as_dict, as_text
from steelyard.core.targets.openai import stream_error
from steelyard.core.targets.tools import anthropic_choice, anthropic_tools
from steelyard.core.targets.wire import event_json

if TYPE_CHECKING:
    from steelyard.core.targets.sse import SseEvent
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import FinishReason

_VERSION = "2023-06-01"
_FINISH: dict[str, FinishReason] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class AnthropicWire:
    """The `anthropic` format."""

    def chat_url(self, base_url: str) -> str:
        """BASE/v1/messages, with or without /v1 in the address."""
        return _rooted(base_url) + "/messages"

    def models_url(self, base_url: str) -> str:
        """BASE/v1/models."""
        return _rooted(base_url) + "/models"

    def headers(self, key: str | None) -> dict[str, str]:
        """The version and, if there is one, the key."""
        headers = {"anthropic-version": _VERSION}
        return {**headers, "x-api-key": key} if key else headers

    def body(self, model: str, prompt: Prompt) -> tuple[dict[str, Any], list[str]]:
        """A streaming request; the format has no seed and no grammar.

        Raises:
            AppError: a JSON schema was asked for, which is refused rather than ignored.
        """
        sampling = prompt.sampling
        if sampling.json_schema is not None:
            raise AppError(
                "This target cannot hold an answer to a JSON schema",
                "the anthropic format is sent without one",
                "Leave the schema out, or use an openai target.",
            )
        system = "\n\n".join(message_text(m) for m in prompt.messages if m.role == "system")
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": sampling.max_tokens,
            "messages": [
                {"role": m.role, "content": anthropic_content(m)}
                for m in prompt.messages
                if m.role != "system"
            ],
            "stream": True,
        }
        optional = {"system": system or None, "temperature": sampling.temperature, "top_p": sampling.top_p}
        body.update({name: value for name, value in optional.items() if value is not None})
        if sampling.tools:
            body["tools"] = anthropic_tools(sampling.tools)
            if sampling.tool_choice is not None:
                body["tool_choice"] = anthropic_choice(sampling.tool_choice)
        not_carried = {"seed": sampling.seed, "grammar": sampling.grammar}
        return body, [name for name, value in not_carried.items() if value is not None]

    def read(self, event: SseEvent) -> Delta | None:
        """One of the format's events; unknown ones (and pings) say nothing."""
        document = event_json(event)
        match as_text(document.get("type")) or event.name:
            case "message_start":
                message = as_dict(document.get("message"))
                usage = as_dict(message.get("usage"))
                counts = _usage(usage)
                counts.completion_tokens = None  # a placeholder at this point; message_delta has the count
                return Delta(model=as_text(message.get("model")), usage=counts, raw={"usage": usage})
            case "content_block_start":
                return _block_started(document)
            case "content_block_delta":
                return _block_grew(document)
            case "message_delta":
                return _message_changed(document)
            case "message_stop":
                return Delta(is_done=True)
            case "error":
                raise stream_error(document)
            case _:
                return None


def _rooted(base_url: str) -> str:
    base = base_url.removesuffix("/messages")
    return base if base.endswith("/v1") else base + "/v1"


def _block_started(document: dict[str, Any]) -> Delta:
    block = as_dict(document.get("content_block"))
    if as_text(block.get("type")) == "tool_use":
        index = as_count(document.get("index")) or 0
        return Delta(tool_calls=[ToolCallPart(index, as_text(block.get("id")), as_text(block.get("name")))])
    return Delta(text=as_text(block.get("text")), reasoning=as_text(block.get("thinking")))


def _block_grew(document: dict[str, Any]) -> Delta:
    delta = as_dict(document.get("delta"))
    if partial := as_text(delta.get("partial_json")):
        return Delta(tool_calls=[ToolCallPart(as_count(document.get("index")) or 0, arguments=partial)])
    return Delta(text=as_text(delta.get("text")), reasoning=as_text(delta.get("thinking")))


def _message_changed(document: dict[str, Any]) -> Delta:
    usage = as_dict(document.get("usage"))
    result = Delta(usage=_usage(usage), raw={"usage": usage} if usage else {})
    if reason := as_text(as_dict(document.get("delta")).get("stop_reason")):
        result.finish = _FINISH.get(reason, "stop")
    return result


def _usage(usage: dict[str, Any]) -> UsageDelta:
    fresh = as_count(usage.get("input_tokens"))
    read = as_count(usage.get("cache_read_input_tokens"))
    written = as_count(usage.get("cache_creation_input_tokens"))
    return UsageDelta(
        # The format counts cached tokens apart; ours is the whole prompt.
        prompt_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
        cached_tokens=read,
        cache_write_tokens=written,
        completion_tokens=as_count(usage.get("output_tokens")),
    )
