"""The text that a voter reads: one form for all answers, and no name that tells whose it is."""

from __future__ import annotations

import re

import pytest

from steelyard.core.compare.votes.name_masks import HIDDEN, name_pattern
from steelyard.core.compare.votes.normalised import CUT, MAX_CHARS, normalised
from steelyard.core.values.run import TargetInfo, WeightsInfo

QWEN = TargetInfo(
    name="qwen-7b",
    kind="local",
    model="Qwen2.5-7B-Instruct",
    weights=WeightsInfo(
        repo="bartowski/Qwen2.5-7B-Instruct-GGUF",
        file="Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        revision=None,
        sha256=None,
        quant="Q4_K_M",
        size_bytes=1,
    ),
)
GPT = TargetInfo(name="office", kind="api", model="gpt-4o-mini", endpoint_host="api.openai.com")


def masked(text: str) -> str:
    return normalised(text, name_pattern([QWEN, GPT], ["office"]))


@pytest.mark.parametrize(
    "name",
    [
        "Qwen",
        "Qwen2.5",
        "Qwen 2.5 7B",
        "qwen2.5-7b-instruct",
        "Qwen2.5-7B-Instruct-Q4_K_M",
        "Alibaba Cloud",
        "bartowski",
        "GPT-4o",
        "gpt-4o-mini",
        "ChatGPT",
        "OpenAI",
        "openai",
        "office",
        "Q\u200bwen",
    ],
)
def test_names_of_the_compared_targets_are_masked_as_whole_words(name: str) -> None:
    assert masked(f"Hello, I am {name}, and {name}'s answer is 4.") == (
        f"Hello, I am {HIDDEN}, and {HIDDEN}'s answer is 4."
    )


@pytest.mark.parametrize(
    "text",
    [
        "The officers met in the offices.",
        "Gemini and Claude are constellations of other people.",
        "A tiny model was asked to instruct the base.",
        "Qwenya is a place.",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert masked(text) == text


def test_an_ordinary_word_that_is_a_makers_name_goes_only_as_a_name() -> None:
    llama = TargetInfo(name="ll", kind="local", model="Llama-3.2-1B")
    text = "Meta made Llama 3.2; a meta analysis."
    assert normalised(text, name_pattern([llama])) == f"{HIDDEN} made {HIDDEN}; a meta analysis."


def test_names_in_code_are_masked_too() -> None:
    assert masked('```python\nmodel = "gpt-4o-mini"\n```') == f'```python\nmodel = "{HIDDEN}"\n```'


def test_targets_without_a_usable_name_mask_nothing() -> None:
    nameless = TargetInfo(name="", kind="api", model="!", endpoint_host="127.0.0.1")
    assert name_pattern([nameless]) is None
    assert normalised("as it is", None) == "as it is"


def test_the_same_content_in_different_styles_looks_the_same() -> None:
    one = "# Summary\n\n* first\n* second\n\n\n\n1) one\n2) two\n\n***\n\n__Mind__ this.  \n"
    other = "Summary\n=======\n- first\n- second\n\n1. one\n2. two\n\n**Mind** this."
    assert normalised(one, None) == normalised(other, None)
    assert normalised(one, None) == ("**Summary**\n\n- first\n- second\n\n1. one\n2. two\n\n**Mind** this.")


def test_heading_levels_and_bold_headings_are_even() -> None:
    for line in ("# Cause", "###### Cause ##", "## **Cause**", "Cause\n---", "**Cause**"):
        assert normalised(line, None) == "**Cause**"
    assert normalised("#hashtag stays", None) == "#hashtag stays"


def test_code_between_fences_stays_as_it_is() -> None:
    code = "```python\n# a comment, no heading\n* not = a_bullet\n\n\n\nprint(1)\n```"
    assert normalised(f"Look:\n{code}\nDone.", None) == f"Look:\n\n{code}\n\nDone."
    tildes = "~~~\n```\n# inner\n```\n~~~"
    assert normalised(tildes, None) == tildes


def test_a_fence_that_is_left_open_is_closed() -> None:
    assert normalised("```\ncode", None) == "```\ncode\n```"


def test_a_table_is_no_heading() -> None:
    table = "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert normalised(table, None) == table


def test_marks_that_are_not_seen_are_taken_out() -> None:
    assert normalised("a\u202eb\x00c\u2066d\ufeff\r\ne", None) == "abcd\ne"
    family = "\U0001f468\u200d\U0001f469"
    assert normalised(family, None) == family


@pytest.mark.parametrize(
    "text",
    [
        "x" * (10 << 20),
        "# " + " " * (1 << 20) + "y",
        "# x" + " #" * (1 << 20),
        "* " * (1 << 20),
        "__" * (1 << 20),
        "qwen" + " 1.1" * (1 << 20),
        "qwen-" * (1 << 20),
        "`" * (1 << 20),
        "\n" * (1 << 20) + "end",
        "-" * (1 << 20),
    ],
    ids=range(10),
)
def test_huge_and_hostile_texts_are_bounded(text: str) -> None:
    found = masked(text)
    assert len(found) <= MAX_CHARS * 4
    assert found.endswith(CUT)


def test_a_hostile_target_cannot_break_the_pattern() -> None:
    hostile = TargetInfo(name="(((a+)+)+$" * 500, kind="api", model="[", endpoint_host="." * 5000)
    pattern = name_pattern([hostile, *(TargetInfo(name=f"n{i}", kind="api", model="m") for i in range(1000))])
    assert isinstance(pattern, re.Pattern)
    assert normalised("a" * 5000, pattern) == "a" * 5000
