"""OpenAI's chat completions: OpenAI itself, llama-server, vLLM, Ollama, OpenRouter and many more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import redacted_head
from steelyard.core.targets.content import openai_content
from steelyard.core.targets.delta import Delta, ToolCallPart, UsageDelta
from steelyard.core.targets.json_in import as_count, as_dict, as_list, as_text
from steelyard.core.targets.wire import broken_event, event_json

if TYPE_CHECKING:
    from steelyard.core.targets.sse import SseEvent
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import FinishReason

_ENDPOINT = "/chat/completions"
_MAX_PARTS = 1024  # choices of an event, tool-call fragments of a choice; servers send one or a few
_FINISH: dict[str, FinishReason] = {
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAiWire:
    """The `openai` format; `is_local` adds what only our own llama-server understands."""

    def __init__(self, *, is_local: bool = False, host: str = "") -> None:
        self._is_local = is_local
        # OpenAI's own reasoning models refuse the older name, most other servers know only the older one.
        self._limit_name = "max_completion_tokens" if host == "api.openai.com" else "max_tokens"

    def chat_url(self, base_url: str) -> str:
        """BASE/chat/completions, with /v1 put in where the address has no path of its own."""
        return _rooted(base_url) + _ENDPOINT

    def models_url(self, base_url: str) -> str:
        """BASE/models."""
        return _rooted(base_url) + "/models"

    def headers(self, key: str | None) -> dict[str, str]:
        """A bearer token, if there is a key."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def body(self, model: str, prompt: Prompt) -> tuple[dict[str, Any], list[str]]:
        """A streaming request that asks for usage."""
        sampling = prompt.sampling
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": m.role, "content": openai_content(m)} for m in prompt.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            self._limit_name: sampling.max_tokens,
        }
        optional = {"temperature": sampling.temperature, "top_p": sampling.top_p, "seed": sampling.seed}
        body.update({name: value for name, value in optional.items() if value is not None})
        if sampling.json_schema is not None:
            schema = {"name": "answer", "schema": sampling.json_schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if sampling.tools:
            body["tools"] = sampling.tools
            if sampling.tool_choice is not None:
                body["tool_choice"] = sampling.tool_choice
        not_sent = [] if sampling.grammar is None or self._is_local else ["grammar"]
        if self._is_local:
            # return_progress: a sign of life for each batch of a long prefill, for the stall deadline.
            body.update(cache_prompt=prompt.cache_prompt, return_progress=True)
            if sampling.grammar is not None:
                body["grammar"] = sampling.grammar
        return body, not_sent

    def read(self, event: SseEvent) -> Delta | None:
        """One chat.completion.chunk."""
        if event.data.strip() == b"[DONE]":
            return Delta(is_done=True)
        document = event_json(event)
        if "error" in document or event.name == "error":
            raise stream_error(document)
        delta = Delta(model=as_text(document.get("model")))
        if (usage := as_dict(document.get("usage"))) != {}:
            delta.usage = _usage(usage)
            delta.raw["usage"] = usage
        if (timings := as_dict(document.get("timings"))) != {}:
            delta.raw["timings"] = timings
            cached = as_count(timings.get("cache_n"))
            if delta.usage is None and cached is not None:
                delta.usage = UsageDelta(cached_tokens=cached)
        if fingerprint := as_text(document.get("system_fingerprint")):
            delta.raw["system_fingerprint"] = fingerprint
        delta.progress = "prompt_progress" in document
        _read_choices(_few(document.get("choices")), delta)
        return delta


def _rooted(base_url: str) -> str:
    base = base_url.removesuffix(_ENDPOINT)
    return base if urlsplit(base).path.strip("/") else base + "/v1"


def _few(value: Any) -> list[Any]:
    """The value as an array.

    Raises:
        AppError: it has so many items that reading them would hold up everything else.
    """
    items = as_list(value)
    if len(items) > _MAX_PARTS:
        raise broken_event(f"one event has {len(items)} parts")
    return items


def _read_choices(choices: list[Any], delta: Delta) -> None:
    text: list[str] = []
    reasoning: list[str] = []
    for choice in map(as_dict, choices):
        if choice.get("index", 0) != 0:
            continue
        content = as_dict(choice.get("delta"))
        value = content.get("content")
        if value is not None and not isinstance(value, str):
            raise broken_event("an answer's content is not text")
        text.append(as_text(value))
        reasoning.append(as_text(content.get("reasoning_content")) or as_text(content.get("reasoning")))
        _read_tool_calls(content, delta)
        if reason := as_text(choice.get("finish_reason")):
            delta.finish = _FINISH.get(reason, "stop")
    delta.text, delta.reasoning = "".join(text), "".join(reasoning)


def _read_tool_calls(content: dict[str, Any], delta: Delta) -> None:
    for call in map(as_dict, _few(content.get("tool_calls"))):
        function = as_dict(call.get("function"))
        delta.tool_calls.append(
            ToolCallPart(
                index=as_count(call.get("index")) or 0,
                id=as_text(call.get("id")),
                name=as_text(function.get("name")),
                arguments=as_text(function.get("arguments")),
            )
        )


def _usage(usage: dict[str, Any]) -> UsageDelta:
    prompt_details = as_dict(usage.get("prompt_tokens_details"))
    completion_details = as_dict(usage.get("completion_tokens_details"))
    return UsageDelta(
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        cached_tokens=as_count(prompt_details.get("cached_tokens")),
        cache_write_tokens=as_count(prompt_details.get("cache_write_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        reasoning_tokens=as_count(completion_details.get("reasoning_tokens")),
    )


def stream_error(document: dict[str, Any]) -> AppError:
    """An error that arrived inside the stream."""
    error = document.get("error")
    message = as_text(as_dict(error).get("message")) or as_text(error) or as_text(document.get("message"))
    detail = redacted_head(message, 300) or "no reason given"
    return AppError(
        "The server reported an error in its answer",
        detail,
        "Run it again; what arrived before it is kept.",
        retryable=True,
    )
