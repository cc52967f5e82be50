"""Text for people: answers stay whole, and nothing steers a terminal."""

from __future__ import annotations

import io

import pytest

from steelyard.cli import show
from steelyard.core.base.errors import one_line, terminal_text
from steelyard.core.values.events import TextArrived

WHOLE = (
    "all:\n\tcc -o x x.c\n",
    "👩‍👩‍👧 🏳️‍🌈",
    "می‌خواهم",
    "क्‍ष",
    "Zeilen\u00adumbruch, 10\u00a0km",
    "\u200e\u05e2\u05d1\u05e8\u05d9\u05ea\u200f",
)
STEERING = ("\x1b[2J", "\x9b2J", "a\rb", "\x07", "\x7f", "\u202egpj.exe", "\u2066x\u2069", "\x0c")


def shown(text: str, monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool) -> str:
    """What `run` puts on stdout for this piece of an answer."""
    stdout = io.StringIO()
    stdout.isatty = lambda: is_terminal
    monkeypatch.setattr("sys.stdout", stdout)
    event = TextArrived(
        request="r", run_id="1", column=0, text=text, is_reasoning=False, chunks=1, elapsed_ms=1, ttft_ms=1
    )
    show.Follower(shows_text=True)(event)
    return stdout.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("text", WHOLE)
def test_answers_are_printed_whole(text: str, is_terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(text, monkeypatch, is_terminal=is_terminal) == text


@pytest.mark.parametrize("text", STEERING)
def test_an_answer_cannot_steer_a_terminal(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = shown(text, monkeypatch, is_terminal=True)
    assert len(harmless) == len(text)
    assert not set(harmless) & set("\x1b\x9b\r\x07\x7f\x0c\u202e\u2066\u2069")
    assert shown(text, monkeypatch, is_terminal=False) == text, "a file gets what the model wrote"


@pytest.mark.parametrize("text", STEERING)
def test_errors_are_one_line_of_visible_characters(text: str) -> None:
    assert one_line(f"a\tb{text}", "c\nd\u200d").isprintable()


def test_every_control_is_known() -> None:
    controls = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"}
    assert terminal_text("".join(sorted(controls))) == " " * len(controls)
