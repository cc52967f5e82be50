"""Both dialects: what is sent, and what their events mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.runs.meter import Meter
from steelyard.core.targets.anthropic import AnthropicWire
from steelyard.core.targets.failures import http_error
from steelyard.core.targets.json_in import parse_json
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.targets.sse import SseEvent
from steelyard.core.targets.wire import checked_base_url, error_message
from steelyard.core.values.prompt import Message, Prompt, Sampling

if TYPE_CHECKING:
    from steelyard.core.targets.delta import Delta

ASKED = Prompt(
    messages=[Message(role="system", content="Be brief."), Message(role="user", content="Hi")],
    sampling=Sampling(max_tokens=7, temperature=0.5, seed=3),
)


def event(document: object, name: str = "") -> SseEvent:
    return SseEvent(name, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("base", "openai", "anthropic"),
    [
        ("http://h:1", "http://h:1/v1/chat/completions", "http://h:1/v1/messages"),
        ("http://h:1/v1", "http://h:1/v1/chat/completions", "http://h:1/v1/messages"),
        ("https://h/v1beta/openai", "https://h/v1beta/openai/chat/completions", None),
        ("https://h/api/anthropic", None, "https://h/api/anthropic/v1/messages"),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions", None),
        ("https://h/v1/messages", None, "https://h/v1/messages"),
    ],
)
def test_endpoint_from_base_url(base: str, openai: str | None, anthropic: str | None) -> None:
    assert openai is None or OpenAiWire().chat_url(base) == openai
    assert anthropic is None or AnthropicWire().chat_url(base) == anthropic


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h",
        "h/v1",
        "",
        "http://",
        "http://u:p@h",
        "http://h?key=1",
        "http://h:99999",
        "http://ex ample/v1",
        "http://h/\nv1",
    ],
)
def test_unusable_base_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        checked_base_url(url)


def test_base_url_is_tidied() -> None:
    assert checked_base_url(" https://H.example:8443/v1/ ") == "https://h.example:8443/v1"
    assert checked_base_url("http://[::1]:80/") == "http://[::1]:80"


def test_openai_body_asks_for_usage_and_leaves_defaults_to_the_server() -> None:
    body, not_sent = OpenAiWire().body("m", ASKED)
    assert body["stream_options"] == {"include_usage": True}
    assert (body["max_tokens"], body["temperature"], body["seed"]) == (7, 0.5, 3)
    assert "top_p" not in body
    assert "cache_prompt" not in body
    assert not_sent == []


def test_only_our_own_server_gets_its_extensions() -> None:
    body, _ = OpenAiWire(is_local=True).body("m", ASKED)
    assert body["cache_prompt"] is False
    assert body["return_progress"] is True


def test_openai_itself_gets_the_newer_name_of_the_limit() -> None:
    body, _ = OpenAiWire(host="api.openai.com").body("m", ASKED)
    assert body["max_completion_tokens"] == 7
    assert "max_tokens" not in body


def test_anthropic_body_says_what_it_cannot_carry() -> None:
    body, not_sent = AnthropicWire().body("m", ASKED)
    assert body["system"] == "Be brief."
    assert [m["role"] for m in body["messages"]] == ["user"]
    assert not_sent == ["seed"]


def test_anthropic_refuses_a_schema_instead_of_ignoring_it() -> None:
    schema = Prompt(messages=ASKED.messages, sampling=Sampling(json_schema={"type": "object"}))
    with pytest.raises(AppError, match="schema"):
        AnthropicWire().body("m", schema)


WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Of a city", "parameters": {"type": "object"}},
}
BARE = {"type": "function", "function": {"name": "now"}}


def with_sampling(sampling: Sampling) -> Prompt:
    return Prompt(messages=ASKED.messages, sampling=sampling)


def test_tools_pass_through_openai_as_they_are() -> None:
    body, not_sent = OpenAiWire().body("m", with_sampling(Sampling(tools=[WEATHER, BARE])))
    assert body["tools"] == [WEATHER, BARE]
    assert "tool_choice" not in body
    assert not_sent == []
    assert "tools" not in OpenAiWire().body("m", ASKED)[0]


@pytest.mark.parametrize(("choice", "anthropic"), [("auto", "auto"), ("none", "none"), ("required", "any")])
def test_tool_choice_in_the_words_of_each_format(choice: str, anthropic: str) -> None:
    prompt = with_sampling(msgspec.convert({"tools": [WEATHER], "tool_choice": choice}, Sampling))
    assert OpenAiWire().body("m", prompt)[0]["tool_choice"] == choice
    assert AnthropicWire().body("m", prompt)[0]["tool_choice"] == {"type": anthropic}


def test_anthropic_gets_tools_in_its_own_form() -> None:
    body, not_sent = AnthropicWire().body("m", with_sampling(Sampling(tools=[WEATHER, BARE])))
    assert body["tools"] == [
        {"name": "get_weather", "description": "Of a city", "input_schema": {"type": "object"}},
        {"name": "now", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert "tool_choice" not in body
    assert not_sent == []


def test_a_grammar_goes_to_our_own_server_only() -> None:
    prompt = with_sampling(Sampling(grammar='root ::= "a"'))
    body, not_sent = OpenAiWire(is_local=True).body("m", prompt)
    assert (body["grammar"], not_sent) == ('root ::= "a"', [])
    for wire in (OpenAiWire(), AnthropicWire()):
        body, not_sent = wire.body("m", prompt)
        assert "grammar" not in body
        assert not_sent == ["grammar"]


def test_a_schema_is_sent_as_the_form_of_the_answer() -> None:
    body, not_sent = OpenAiWire().body("m", with_sampling(Sampling(json_schema={"type": "object"})))
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert not_sent == []


def tool_calls_of(*deltas: Delta | None) -> Meter:
    meter = Meter()
    for delta in deltas:
        assert delta is not None
        meter.add(delta)
    return meter


CALL = [{"id": "c1", "name": "get_weather", "arguments": '{"city": "Paris"}'}]


def test_tool_calls_of_openai_arrive_in_pieces() -> None:
    def part(**function: str) -> dict[str, object]:
        return {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": function}]}}]}

    head = {"index": 0, "id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    wire = OpenAiWire()
    meter = tool_calls_of(
        wire.read(event({"choices": [{"index": 0, "delta": {"content": None, "tool_calls": [head]}}]})),
        wire.read(event(part(arguments='{"city": '))),
        wire.read(event(part(arguments='"Paris"}'))),
        wire.read(event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})),
    )
    assert (meter.tool_calls, meter.finish, meter.text) == (CALL, "tool_calls", "")


def test_tool_calls_of_anthropic_arrive_in_pieces() -> None:
    wire = AnthropicWire()
    block = {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {}}
    delta = {"type": "input_json_delta"}
    meter = tool_calls_of(
        wire.read(event({"type": "content_block_start", "index": 1, "content_block": block})),
        wire.read(
            event(
                {"type": "content_block_delta", "index": 1, "delta": {**delta, "partial_json": '{"city": '}}
            )
        ),
        wire.read(
            event({"type": "content_block_delta", "index": 1, "delta": {**delta, "partial_json": '"Paris"}'}})
        ),
        wire.read(event({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {}})),
    )
    assert (meter.tool_calls, meter.finish, meter.text) == (CALL, "tool_calls", "")


def test_openai_deltas() -> None:
    wire = OpenAiWire()
    delta = wire.read(
        event({"model": "m-1", "choices": [{"index": 0, "delta": {"content": "Hi", "role": "x"}}]})
    )
    assert delta is not None
    assert (delta.text, delta.model, delta.finish) == ("Hi", "m-1", None)
    thinking = wire.read(event({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}))
    assert thinking is not None
    assert (thinking.text, thinking.reasoning) == ("", "hm")
    other = wire.read(event({"choices": [{"index": 7, "delta": {"content": "not ours"}}]}))
    assert other is not None
    assert not other.has_content


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": -1}, {"prompt_tokens": "9"}, {"prompt_tokens": 1 << 60}, None, {}]
)
def test_implausible_usage_is_unknown_not_zero(usage: object) -> None:
    delta = OpenAiWire().read(event({"choices": [], "usage": usage}))
    assert delta is not None
    assert delta.usage is None or delta.usage.prompt_tokens is None


def test_content_that_is_no_text_is_an_error() -> None:
    with pytest.raises(AppError, match="not text"):
        OpenAiWire().read(event({"choices": [{"index": 0, "delta": {"content": {"a": 1}}}]}))


def test_error_inside_the_stream_names_the_reason_without_the_key() -> None:
    with pytest.raises(AppError) as caught:
        OpenAiWire().read(event({"error": {"message": "bad key sk-abcdefghijklmnop"}}))
    assert "bad key" in caught.value.detail
    assert "abcdefghijklmnop" not in caught.value.one_line()


def test_anthropic_counts_cached_tokens_as_part_of_the_prompt() -> None:
    usage = {
        "input_tokens": 9,
        "cache_read_input_tokens": 24,
        "cache_creation_input_tokens": 5,
        "output_tokens": 1,
    }
    delta = AnthropicWire().read(event({"type": "message_start", "message": {"model": "c", "usage": usage}}))
    assert delta is not None
    assert delta.usage is not None
    assert (delta.usage.prompt_tokens, delta.usage.cached_tokens, delta.usage.cache_write_tokens) == (
        38,
        24,
        5,
    )


def test_anthropic_unknown_events_say_nothing() -> None:
    assert AnthropicWire().read(event({"type": "ping"})) is None
    assert AnthropicWire().read(event({"type": "invented_tomorrow", "x": 1})) is None


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100 + b"1" + b"}" * 100, b"NaN", b"{", b"\xff"])
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        parse_json(data)


def test_brackets_inside_strings_are_no_depth() -> None:
    assert parse_json(json.dumps({"a": "[" * 500 + '"{'}).encode()) == {"a": "[" * 500 + '"{'}


def test_error_bodies_are_redacted_before_they_are_cut() -> None:
    body = json.dumps({"error": {"message": "x" * 290 + " sk-abcdefghijklmnopqrstuvwxyz"}}).encode()
    assert "sk-a" not in error_message(body)


def test_choices_of_one_event_are_put_together() -> None:
    choice = {"index": 0, "delta": {"content": "ab", "reasoning_content": "hm"}}
    delta = OpenAiWire().read(event({"choices": [choice, {"index": 1, "delta": {"content": "x"}}, choice]}))
    assert delta is not None
    assert (delta.text, delta.reasoning) == ("abab", "hmhm")


@pytest.mark.parametrize(
    "choices",
    [
        [{"delta": {"content": "a" * 32}}] * 40_000,
        [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "a" * 16}}] * 40_000}}],
    ],
)
def test_event_of_very_many_parts_is_refused_at_once(choices: list[object]) -> None:
    hostile = event({"choices": choices})
    with pytest.raises(AppError, match="broken event") as caught:
        OpenAiWire().read(hostile)
    assert "40000 parts" in caught.value.detail


TOO_LONG = [
    {"type": "exceed_context_size_error", "message": "request (18032 tokens) is larger"},
    {"code": "context_length_exceeded", "message": "Your input was cut"},
    {"message": "request (18032 tokens) exceeds the available context size (8192 tokens), try increasing it"},
    {"message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"},
    {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
]


@pytest.mark.parametrize("error", TOO_LONG)
def test_too_long_a_prompt_is_not_called_malformed(error: dict[str, str]) -> None:
    body = json.dumps({"error": error}).encode()
    api, local = http_error("m", 400, body), http_error("m", 400, body, is_local=True)
    assert api.title == local.title == "m found the prompt too long"
    assert "Shorten it" in api.hint
    assert "context size in Settings" in local.hint
    assert "Settings" not in api.hint
    assert not api.retryable
    assert error["message"] in api.detail


def test_another_bad_request_keeps_its_advice() -> None:
    body = json.dumps({"error": {"message": "unknown parameter in this context", "type": 7}}).encode()
    assert "Check the model name" in http_error("m", 400, body, is_local=True).hint
