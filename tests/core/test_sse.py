"""The parser gives the same events however the bytes are cut, and stops at its caps."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.base.errors import AppError
from steelyard.core.targets.sse import SseEvent, SseParser

STREAM = (
    ': a comment\r\nevent: greeting\r\ndata: {"t": "Grüße 🌱"}\r\n\r\n'
    "data:no space\n\ndata: one\ndata: two\n\nid: 7\nretry: 10\ndata\n\nevent: empty\n\ndata: [DONE]\n\n"
).encode()
EVENTS = [
    SseEvent("greeting", '{"t": "Grüße 🌱"}'.encode()),
    SseEvent("", b"no space"),
    SseEvent("", b"one\ntwo"),
    SseEvent("", b""),
    SseEvent("", b"[DONE]"),
]


def feed(chunks: list[bytes]) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_whole_stream() -> None:
    assert feed([STREAM]) == EVENTS


def test_cut_at_every_byte() -> None:
    assert feed([STREAM[at : at + 1] for at in range(len(STREAM))]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_cut_anywhere(cuts: list[int]) -> None:
    marks = [0, *sorted(cuts), len(STREAM)]
    assert feed([STREAM[a:b] for a, b in pairwise(marks)]) == EVENTS


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_line_endings(ending: bytes) -> None:
    stream = b"data: a" + ending + ending + b"data: b" + ending + ending
    for cut in range(len(stream)):
        assert feed([stream[:cut], stream[cut:]]) == [SseEvent("", b"a"), SseEvent("", b"b")]


def test_byte_order_mark_is_dropped_even_when_cut() -> None:
    assert feed([b"\xef", b"\xbb", b"\xbfdata: a\n\n"]) == [SseEvent("", b"a")]


def test_a_huge_line_is_refused_before_it_is_whole() -> None:
    parser = SseParser(max_line_bytes=1000, max_body_bytes=10_000)
    parser.feed(b"x" * 900)
    with pytest.raises(AppError, match="too much"):
        parser.feed(b"x" * 400)


def test_a_huge_event_of_small_lines_is_refused() -> None:
    parser = SseParser(max_line_bytes=1000, max_body_bytes=100_000)
    with pytest.raises(AppError, match="too much"):
        parser.feed(b"data: 0123456789\n" * 200)


def test_an_endless_body_is_refused() -> None:
    parser = SseParser(max_line_bytes=1000, max_body_bytes=5000)
    parser.feed(b"data: hello\n\n" * 300)
    with pytest.raises(AppError, match="too much"):
        parser.feed(b"data: hello\n\n" * 300)
    # Whoever asked for a very long answer must know which number to change.
    with pytest.raises(AppError, match="--max-tokens"):
        parser.feed(b"x")


def test_an_event_of_empty_lines_is_refused() -> None:
    parser = SseParser(max_line_bytes=1000, max_body_bytes=100_000)
    with pytest.raises(AppError, match="too much"):
        parser.feed(b"data:\n" * 2000)


def test_a_long_line_in_tiny_reads_costs_no_more_than_its_length() -> None:
    parser = SseParser()
    parser.feed(b"data: " + b"x" * (3 << 20))
    started = time.process_time()
    for _ in range(5000):
        parser.feed(b"yz")
    assert time.process_time() - started < 3, "seconds more mean squares of the length"
    (event,) = parser.feed(b"!\n\n")
    assert event.data == b"x" * (3 << 20) + b"yz" * 5000 + b"!"
