"""What a request may say, and what of it goes on to the engine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.gateway.answers import Refused, refused_by, refused_by_child
from steelyard.core.gateway.bodies import CHAT, COMPLETIONS, EMBEDDINGS, Endpoint, read_wanted
from steelyard.core.gateway.readers import CompletionReader, whole_answer
from steelyard.core.gateway.usage_filter import UsageFilter
from steelyard.core.targets.sse import SseEvent

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def refused(endpoint: Endpoint, body: Any) -> Refused:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(Refused) as caught:
        read_wanted(endpoint, data)
    error = json.loads(caught.value.body)["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    return caught.value


def chat(**fields: Any) -> Any:
    return read_wanted(CHAT, json.dumps({**HELLO, **fields}).encode())


BROKEN: dict[str, tuple[Endpoint, Any]] = {
    "empty": (CHAT, b""),
    "no json": (CHAT, b"hello"),
    "a list": (CHAT, []),
    "NaN": (CHAT, b'{"model": "m", "messages": [], "temperature": NaN}'),
    "not UTF-8": (CHAT, b'{"model": "\xff"}'),
    "lone surrogate": (CHAT, rb'{"model": "m", "messages": [{"role": "user", "content": "\ud800"}]}'),
    "deep": (CHAT, b'{"model": "m", "messages": ' + b"[" * 500 + b"]" * 500 + b"}"),
    "very deep": (CHAT, b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "no model": (CHAT, {"messages": HELLO["messages"]}),
    "model is a number": (CHAT, {**HELLO, "model": 1}),
    "long model": (CHAT, {**HELLO, "model": "m" * 1000}),
    "no messages": (CHAT, {"model": "m"}),
    "messages is text": (CHAT, {**HELLO, "messages": "hello"}),
    "messages is empty": (CHAT, {**HELLO, "messages": []}),
    "message is text": (CHAT, {**HELLO, "messages": ["hello"]}),
    "content is a number": (CHAT, {**HELLO, "messages": [{"role": "user", "content": 1}]}),
    "stream is text": (CHAT, {**HELLO, "stream": "yes"}),
    "stream options is text": (CHAT, {**HELLO, "stream_options": "yes"}),
    "prompt is an object": (COMPLETIONS, {"model": "m", "prompt": {"prompt_string": "x"}}),
    "prompt has files": (COMPLETIONS, {"model": "m", "prompt": [{"prompt_string": "x"}]}),
    "prompt is mixed": (COMPLETIONS, {"model": "m", "prompt": [1, "x"]}),
    "prompt is empty": (COMPLETIONS, {"model": "m", "prompt": []}),
    "input is an object": (EMBEDDINGS, {"model": "m", "input": {"content": []}}),
    "input is truth": (EMBEDDINGS, {"model": "m", "input": [True]}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_body_is_refused(name: str) -> None:
    endpoint, body = BROKEN[name]
    assert refused(endpoint, body).status == 400


def test_body_of_nothing_but_brackets_is_refused_before_it_is_parsed() -> None:
    assert refused(CHAT, b'{"a": [' + b"[]," * 1_000_000 + b"0]}").status == 413


def test_duplicate_key_has_one_meaning() -> None:
    """What is checked is what is sent: the last one."""
    wanted = read_wanted(
        CHAT, b'{"model": "a", "model": "b", "messages": [], "messages": [{"role": "user", "content": "x"}]}'
    )
    assert wanted.model == "b"
    assert json.dumps(wanted.body("alias")).count('"messages"') == 1


def test_fields_of_the_sampler_go_on_and_all_else_stays() -> None:
    wanted = chat(temperature=0.5, cache_prompt=False, grammar='root ::= "a"', id_slot=1, n_discard=-5)
    body = wanted.body("alias")
    assert body["model"] == "alias"
    assert (body["temperature"], body["cache_prompt"], body["grammar"]) == (0.5, False, 'root ::= "a"')
    assert wanted.not_sent == ["id_slot", "n_discard"]
    assert not {"id_slot", "n_discard"} & set(body)
    hostile = {
        "lora": [],
        "chat_parser": "x",
        "verbose": True,
        "speculative.type": "x",
        "response_fields": [],
    }
    assert set(chat(**hostile).body("alias")) == {"model", "messages"}


def test_parameters_are_recorded_without_the_content() -> None:
    params = chat(max_completion_tokens=7, temperature=0.5, tools=[{"type": "function"}]).params
    assert (params["max_tokens"], params["temperature"], params["seed"]) == (7, 0.5, "default")
    assert params["endpoint"] == "/v1/chat/completions"
    assert not {"messages", "tools", "model"} & set(params)


def test_roles_and_parts_are_kept_as_text() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "42", "tool_call_id": "x"},
    ]
    kept = [(m.role, m.content) for m in chat(messages=messages).messages]
    assert kept == [
        ("system", "Be brief."),
        ("user", "What is this?\n[image_url]"),
        ("assistant", ""),
        ("user", "[tool] 42"),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url", "image_url": "http://example.com"},
        {"type": "input_audio", "input_audio": {"data": "http://example.com/x.wav", "format": "wav"}},
        {"type": "input_audio", "input_audio": {"url": "HTTP://example.com/x.wav"}},
        {"type": "input_video", "input_video": {"url": "ftp://example.com/x"}},
        {"type": "video_url", "video_url": {"url": " http://example.com/x"}},
    ],
)
def test_engine_is_never_asked_to_fetch(part: dict[str, Any]) -> None:
    """llama-server itself would open the address: a picture must carry its data."""
    no = refused(CHAT, {**HELLO, "messages": [{"role": "user", "content": [part]}]})
    assert (no.status, no.code) == (400, "media_must_be_data")


def test_prompts_of_all_shapes() -> None:
    shapes = [("x", ["x"]), (["x", "y"], ["x", "y"]), ([1, 2, 3], ["[3 tokens]"])]
    for prompt, kept in shapes:
        wanted = read_wanted(COMPLETIONS, json.dumps({"model": "m", "prompt": prompt}).encode())
        assert [message.content for message in wanted.messages] == kept
    wanted = read_wanted(EMBEDDINGS, json.dumps({"model": "m", "input": [[1, 2], [3]]}).encode())
    assert [message.content for message in wanted.messages] == ["[2 tokens]", "[1 tokens]"]


# ---- usage that nobody asked for ---------------------------------------------------------------------------


def test_usage_is_asked_for_when_the_client_did_not() -> None:
    assert chat(stream=True).body("a")["stream_options"] == {"include_usage": True}
    assert chat(stream=True).strips_usage
    asked = chat(stream=True, stream_options={"include_usage": True})
    assert not asked.strips_usage
    assert "stream_options" not in chat().body("a")
    assert not chat().strips_usage


def event(document: Any) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def finish(**more: Any) -> bytes:
    return event({"choices": [{"finish_reason": "stop", "index": 0, "delta": {}}], "id": "x", **more})


TEXT = event(
    {"choices": [{"finish_reason": None, "index": 0, "delta": {"content": 'say "usage":{ "finish"'}}]}
)
TIMINGS = {"cache_n": 0, "prompt_n": 31}
USAGE = event({"choices": [], "id": "x", "usage": {"prompt_tokens": 31}, "timings": TIMINGS})
DONE = b"data: [DONE]\n\n"


def filtered(data: bytes, step: int) -> bytes:
    usage = UsageFilter()
    out = b"".join(usage.feed(data[at : at + step]) for at in range(0, len(data), step))
    return out + usage.rest()


@pytest.mark.parametrize("step", [1, 2, 3, 7, 50, 10_000])
def test_client_gets_what_it_would_have_got_without_us(step: int) -> None:
    """However the bytes are cut: usage is gone, its timings are where they would be, all else is the same."""
    asked = b":\n\n" + TEXT * 3 + finish() + USAGE + DONE
    assert filtered(asked, step) == b":\n\n" + TEXT * 3 + finish(timings=TIMINGS) + DONE
    untouched = TEXT + finish(timings=TIMINGS) + DONE
    assert filtered(untouched, step) == untouched
    several = TEXT + finish() + USAGE + finish() + USAGE + DONE
    assert filtered(several, step) == TEXT + finish(timings=TIMINGS) * 2 + DONE


@pytest.mark.parametrize(
    "data",
    [
        TEXT + b"data: {cut",
        finish(),
        event({"choices": [{"index": 0}], "usage": {"a": 1}}),
        event({"choices": [], "usage": {"a": 1}})[:-5],
        b'data: "usage":{ nonsense\n\n' + DONE,
        event({"error": {"message": "x"}}),
    ],
)
def test_what_is_not_usage_alone_is_left_alone(data: bytes) -> None:
    assert filtered(data, 10_000) == data
    assert filtered(data, 5) == data


def test_text_is_not_held_back() -> None:
    """Each whole event goes out with the read that brought it."""
    usage = UsageFilter()
    assert usage.feed(TEXT) == TEXT
    assert usage.feed(TEXT + TEXT[:10]) == TEXT
    assert usage.feed(TEXT[10:]) == TEXT


# ---- other answers -----------------------------------------------------------------------------------------


def test_plain_completions_are_read() -> None:
    chunk = {"choices": [{"text": "Hi", "index": 0, "finish_reason": None}], "usage": {"prompt_tokens": 1}}
    delta = CompletionReader().read(SseEvent("", json.dumps(chunk).encode()))
    assert delta is not None
    assert (delta.text, delta.finish, delta.raw["usage"]) == ("Hi", None, {"prompt_tokens": 1})
    done = CompletionReader().read(SseEvent("", b"[DONE]"))
    assert done is not None
    assert done.is_done
    with pytest.raises(AppError):
        CompletionReader().read(SseEvent("", b"{cut"))


def test_answers_in_one_piece_are_read() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Hi", "reasoning_content": "Hm", "tool_calls": [call, call]}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    delta, raw = whole_answer(
        json.dumps(
            {"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage}
        ).encode()
    )
    assert (delta.text, delta.reasoning, delta.finish, raw) == ("Hi", "Hm", "stop", usage)
    assert [part.index for part in delta.tool_calls] == [0, 1]
    delta, raw = whole_answer(
        b'{"object": "list", "data": [], "usage": {"prompt_tokens": 3, "total_tokens": 3}}'
    )
    assert delta.usage is not None
    assert (delta.usage.prompt_tokens, delta.usage.completion_tokens) == (3, 0)
    assert raw == {"prompt_tokens": 3, "total_tokens": 3}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"error":{"code":400,"message":"no grammar","type":"invalid_request_error"}}', 400, "no grammar"),
        (b"<html>", 400, "gave no reason"),
        (b"", 400, "gave no reason"),
        (b'{"error":"x"}', 400, "gave no reason"),
        (b'{"error":{"message":"' + b"x" * 5000 + b'"}}', 400, "xxx"),
        (b'{"error":{"message":"Bearer sk-abcdefghijklmnop"}}', 400, "redacted"),
    ],
)
def test_words_of_the_engine_are_bounded_and_masked(body: bytes, status: int, words: str) -> None:
    no = refused_by_child(status, body)
    assert (no.status, words in no.message) == (status, True)
    assert len(no.message) <= 1000
    assert "abcdefghijklmnop" not in no.message


def test_engines_own_refusal_of_a_long_prompt_has_openais_shape() -> None:
    told = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9, "n_ctx": 8}
    error = json.loads(refused_by_child(400, json.dumps({"error": told}).encode()).body)["error"]
    assert (error["code"], error["n_prompt_tokens"], error["n_ctx"]) == ("context_length_exceeded", 9, 8)


def test_our_own_failures_have_a_status() -> None:
    assert refused_by(UsageError("x")).status == 400
    busy = refused_by(AppError("x is busy", retryable=True))
    assert (busy.status, busy.retry_after_s is not None) == (503, True)
    assert refused_by(AppError("x")).status == 500
