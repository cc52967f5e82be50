"""Text diff: nothing is lost, equal is equal, and big or hostile texts take no longer than a moment."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.core.compare.diff import diff_texts, first_difference

if TYPE_CHECKING:
    from steelyard.core.values.comparison import DiffBy, TextDiff

WORDS = st.lists(
    st.sampled_from(["a", "b", "cat ", " ", "\n", "é", ".", "lock_timeout", "\U0001f389", "\r\n"])
)
TEXTS = WORDS.map("".join) | st.text(max_size=200)


def check(left: str, right: str, by: DiffBy) -> TextDiff:
    found = diff_texts(left, right, by)
    assert "".join(piece.left for piece in found.pieces) == left
    assert "".join(piece.right for piece in found.pieces) == right
    for piece in found.pieces:
        assert (piece.left == piece.right) == (piece.op == "equal")
        assert bool(piece.left) == (piece.op != "insert")
        assert bool(piece.right) == (piece.op != "delete")
    assert 0 <= found.similarity <= 1
    return found


@given(TEXTS, TEXTS, st.sampled_from(["words", "lines"]))
@settings(max_examples=300, deadline=None)
def test_pieces_give_back_both_texts(left: str, right: str, by: DiffBy) -> None:
    check(left, right, by)


@given(TEXTS)
def test_a_text_is_like_itself(text: str) -> None:
    found = check(text, text, "words")
    assert found.similarity == 1
    assert [piece.op for piece in found.pieces] == (["equal"] if text else [])


def test_words_are_told_as_words() -> None:
    found = check("Use CREATE INDEX here.", "Use DROP INDEX here, now.", "words")
    assert [(piece.op, piece.left, piece.right) for piece in found.pieces] == [
        ("equal", "Use ", "Use "),
        ("replace", "CREATE", "DROP"),
        ("equal", " INDEX here", " INDEX here"),
        ("insert", "", ", now"),
        ("equal", ".", "."),
    ]


def test_changed_words_beside_each_other_are_one_change() -> None:
    found = check("the red fox ran", "the old dog ran", "words")
    assert [piece.left for piece in found.pieces if piece.op == "replace"] == ["red fox"]


def test_lines_are_told_as_lines() -> None:
    found = check("one\ntwo\nthree\n", "one\n2\nthree\nfour", "lines")
    assert [(piece.op, piece.left, piece.right) for piece in found.pieces] == [
        ("equal", "one\n", "one\n"),
        ("replace", "two\n", "2\n"),
        ("equal", "three\n", "three\n"),
        ("insert", "", "four"),
    ]


def test_a_big_text_with_few_changes_is_compared_word_by_word() -> None:
    rng = random.Random(5)
    words = [f"{rng.choice('abcdefgh')}{rng.randrange(500)}" for _ in range(40_000)]
    changed = [*words[:9000], "NEW", *words[9001:30_000], *words[30_020:]]
    found = check(" ".join(words), " ".join(changed), "words")
    assert found.by == "words"
    assert found.note == ""
    assert len([piece for piece in found.pieces if piece.op != "equal"]) == 2


def test_beyond_the_bound_it_goes_by_lines_and_says_so() -> None:
    text = "word and more\n" * 40_000
    found = check(text, text[:300_000] + "changed\n" + text[300_000:], "words")
    assert found.by == "lines"
    assert "too long" in found.note


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ab " * 30_000, "ba " * 30_000),
        ("x" + " y" * 50_000, "z " * 50_000),
        ("".join(chr(0x4E00 + i % 9000) + "." for i in range(40_000)), "".join(map(str, range(20_000)))),
    ],
    ids=["shifted", "alien", "letters"],
)
def test_texts_that_share_little_are_bounded_work(left: str, right: str) -> None:
    """Minutes, where it is not."""
    assert check(left, right, "words").similarity < 1


@given(TEXTS, TEXTS)
def test_first_difference(left: str, right: str) -> None:
    at = first_difference(left, right)
    if at is None:
        assert left == right
    else:
        assert left[:at] == right[:at]
        assert left[at : at + 1] != right[at : at + 1]
