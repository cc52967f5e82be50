"""Cutting a stream of Markdown into blocks: the same blocks whatever the size of the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.ui.widgets.markdown_blocks import PROSE_MAX_CHARS, Block, BlockSplitter, split_whole

ANSWER = """# Title
A paragraph
of two lines.

```python
def f():

    return 1
```

- one
- two

  more of two

- three
1. Do this:
   ```sh
   ls
   ```
   and that
2. Then

| a | b |
|---|---|
| 1 | 2 |

Last `inline` words"""


def fed_in_pieces(text: str, size: int) -> list[Block]:
    splitter = BlockSplitter()
    blocks: list[Block] = []
    for at in range(0, len(text), size):
        blocks += splitter.feed(text[at : at + size])
    return blocks + splitter.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_pieces_do_not_matter(size: int) -> None:
    assert fed_in_pieces(ANSWER, size) == split_whole(ANSWER)


def test_blocks_of_an_answer() -> None:
    blocks = split_whole(ANSWER)
    assert [block.text for block in blocks if block.kind == "code"] == ["def f():\n\n    return 1", "ls"]
    assert [block.language for block in blocks if block.kind == "code"] == ["python", "sh"]
    assert blocks[0] == Block("prose", "# Title")
    assert "| 1 | 2 |" in blocks[-2].text


def test_a_numbered_list_goes_on_after_its_code() -> None:
    texts = [block.text for block in split_whole("1. Do:\n   ```\n   x\n   ```\n   More.\n2. Next\n")]
    assert texts == ["1. Do:", "x", "More.\n2. Next"]


def test_an_open_fence_is_closed_by_the_end() -> None:
    assert split_whole("```sql\nselect 1;\n") == [Block("code", "select 1;", "sql")]
    assert split_whole("~~~\na ``` b\n~~~") == [Block("code", "a ``` b", "")]


def test_a_line_that_may_become_a_fence_is_not_shown_yet() -> None:
    splitter = BlockSplitter()
    splitter.feed("Look:\n\n``")
    assert "`" not in splitter.open_text
    splitter.feed("`py")
    assert "py" not in splitter.open_text
    splitter.feed("\nx")
    assert (splitter.open_kind, splitter.open_language, splitter.open_text) == ("code", "py", "x")


def test_a_block_is_finished_by_the_first_character_of_the_next() -> None:
    splitter = BlockSplitter()
    assert splitter.feed("One.\n\n") == []
    assert splitter.feed("T") == [Block("prose", "One.")]
    assert splitter.open_text == "T"


def test_inline_code_at_the_start_of_a_line_is_shown() -> None:
    splitter = BlockSplitter()
    splitter.feed("`ls` lists")
    assert splitter.open_text == "`ls` lists"


def test_open_text_only_grows_while_the_serial_stays() -> None:
    splitter = BlockSplitter()
    serial, before = splitter.serial, ""
    for char in ANSWER:
        splitter.feed(char)
        if splitter.serial == serial:
            assert splitter.open_text.startswith(before.rstrip("\n"))
        serial, before = splitter.serial, splitter.open_text


def test_one_endless_line_is_cut() -> None:
    blocks = fed_in_pieces("word " * 10_000, 500)
    assert max(len(block.text) for block in blocks) <= PROSE_MAX_CHARS
    assert "".join(block.text + " " for block in blocks).split() == ["word"] * 10_000


def test_indented_code_is_code() -> None:
    assert split_whole("Text\n\n    x = 1\n    y = 2\n\nMore")[1] == Block("code", "x = 1\ny = 2")


@given(st.text(alphabet="ab`~#-*>|1. \n\t\r_[]()!", max_size=200), st.integers(1, 9))
def test_any_text_gives_the_same_blocks_in_any_pieces(text: str, size: int) -> None:
    assert fed_in_pieces(text, size) == split_whole(text)


@given(st.text(max_size=300))
def test_no_word_is_lost(text: str) -> None:
    shown = "\n".join(block.text for block in split_whole(text))
    plain = {word for word in text.split() if word.isalnum()}
    missing = {word for word in plain if word not in shown}
    # What stands behind a fence names a language and is not part of the answer.
    assert not missing or "```" in text or "~~~" in text
