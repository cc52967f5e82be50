"""Cuts a stream of Markdown into blocks that never change again, and one open block. No Qt here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

PROSE_SPLIT_CHARS = 2 * 1024
"""An open list longer than this is cut at its next item."""
PROSE_MAX_CHARS = 8 * 1024
"""Prose without a blank line is cut here, so that an open block stays cheap to lay out."""

_FENCE = re.compile(r"^([ \t]*)((?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})[ \t]*([^`\n]*)$")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?:[ \t]|$)")
_ITEM = re.compile(r"^( {0,3})(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
_INDENTED = re.compile(r"^(?: {2,}|\t)")
_MAYBE_FENCE = re.compile(
    r"^[ \t]+$|^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)$"
)
_FENCE_LINE_MAX_CHARS = 120


@dataclass(frozen=True)
class Block:
    """A stretch of an answer: prose is Markdown, code is what stands between two fences."""

    kind: Literal["prose", "code"]
    text: str
    language: str = ""


@dataclass(frozen=True)
class _Fence:
    mark: str
    indent: int
    language: str

    def is_closed_by(self, line: str) -> bool:
        bare = line.strip()
        return len(bare) >= len(self.mark) and not bare.strip(self.mark[0])

    def dedented(self, line: str) -> str:
        return _dedented(line, self.indent)


class BlockSplitter:
    """Feed text as it arrives; take finished blocks out and look at the open one.

    `serial` counts opened blocks: while it stays the same, `open_text` only grows.
    """

    def __init__(self) -> None:
        self.serial = 0
        self._text = ""
        self._partial = ""
        self._fence: _Fence | None = None
        self._is_after_blank = False
        self._list_indent = 0
        self._finished: list[Block] = []

    @property
    def open_kind(self) -> Literal["prose", "code"]:
        """What the open block is."""
        return "code" if self._fence else "prose"

    @property
    def open_language(self) -> str:
        """The open code block's language, as written after the fence."""
        return self._fence.language if self._fence else ""

    @property
    def open_text(self) -> str:
        """The open block so far, without a last line that may still turn into a fence."""
        return self._text + self._visible_partial()

    def feed(self, text: str) -> list[Block]:
        """Take more text in; returns the blocks that it finished."""
        *lines, self._partial = (self._partial + text.replace("\r", "")).split("\n")
        for line in lines:
            self._take_line(line)
        if self._is_after_blank and self._partial and not self._partial[0].isspace():
            self._close_prose()  # whatever this line becomes, it does not go on with the block before
        while not self._fence and len(self._partial) > PROSE_MAX_CHARS:
            self._cut_partial()
        return self._taken()

    def finish(self) -> list[Block]:
        """The answer is over: whatever is open is finished, a fence without an end included."""
        partial, self._partial = self._partial, ""
        if self._fence:
            if not self._fence.is_closed_by(partial):
                self._text += self._fence.dedented(partial)
            self._close_code()
        else:
            if partial:
                self._take_line(partial)
            self._close_code() if self._fence else self._close_prose()
        return self._taken()

    def _taken(self) -> list[Block]:
        finished, self._finished = self._finished, []
        return finished

    def _visible_partial(self) -> str:
        line = self._partial
        if self._fence:
            is_held = line.lstrip().startswith(self._fence.mark[0]) and not line.strip().strip(
                self._fence.mark[0]
            )
            return "" if is_held else self._fence.dedented(line)
        is_held = len(line) < _FENCE_LINE_MAX_CHARS and _MAYBE_FENCE.match(line) is not None
        return "" if is_held else _dedented(line, self._list_indent)

    def _take_line(self, line: str) -> None:
        if self._fence:
            self._take_code_line(self._fence, line)
        elif not line.strip():
            self._is_after_blank = bool(self._text)
            self._text += "\n" if self._text else ""
        elif (fence := _FENCE.match(line)) is not None:
            self._open_code(fence)
        else:
            self._take_prose_line(line)

    def _take_code_line(self, fence: _Fence, line: str) -> None:
        if fence.is_closed_by(line):
            self._close_code()
        else:
            self._text += fence.dedented(line) + "\n"

    def _open_code(self, match: re.Match[str]) -> None:
        indent, marker, mark, info = match.groups()
        if marker:
            self._take_prose_line(indent + marker.rstrip())
        self._close_prose()
        self._list_indent = len(indent) + len(marker or "")
        words = info.split()
        self._fence = _Fence(mark, self._list_indent, words[0].strip("{}.").lower() if words else "")

    def _close_code(self) -> None:
        fence, self._fence = self._fence, None
        assert fence is not None
        self._finished.append(Block("code", self._text.removesuffix("\n"), fence.language))
        self._restart()

    def _take_prose_line(self, line: str) -> None:
        if self._list_indent and not line.startswith(" " * self._list_indent):
            self._list_indent = 0
        line = _dedented(line, self._list_indent)
        is_heading = _HEADING.match(line) is not None
        if self._text and (is_heading or self._starts_new_block(line)):
            self._close_prose()
        self._is_after_blank = False
        self._text += line + "\n"
        if is_heading:
            self._close_prose()

    def _starts_new_block(self, line: str) -> bool:
        if self._is_after_blank:
            return not self._is_continued_by(line)
        if len(self._text) > PROSE_SPLIT_CHARS and _ITEM.match(line) and _ITEM.match(self._text):
            return True
        return len(self._text) + len(line) > PROSE_MAX_CHARS and not self._text.lstrip().startswith(
            ("|", ">")
        )

    def _is_continued_by(self, line: str) -> bool:
        if self._text.startswith(("    ", "\t")):
            return line.startswith(("    ", "\t"))
        return _ITEM.match(self._text) is not None and _INDENTED.match(line) is not None

    def _close_prose(self) -> None:
        if self._text.strip():
            self._finished.append(_prose_block(self._text.rstrip()))
        self._restart()

    def _cut_partial(self) -> None:
        at = self._partial.rfind(" ", PROSE_MAX_CHARS // 2, PROSE_MAX_CHARS) + 1 or PROSE_MAX_CHARS
        head, self._partial = self._partial[:at], self._partial[at:]
        self._text += head
        self._close_prose()

    def _restart(self) -> None:
        self._text = ""
        self._is_after_blank = False
        self.serial += 1


def _dedented(line: str, indent: int) -> str:
    """The line without up to `indent` leading blanks."""
    lead = len(line) - len(line.lstrip(" \t"))
    return line[min(lead, indent) :]


def _prose_block(text: str) -> Block:
    """Indented code is code, too; Qt's parser does not know it."""
    lines = text.split("\n")
    if all(line.startswith(("    ", "\t")) or not line.strip() for line in lines):
        return Block("code", "\n".join(line[1:] if line.startswith("\t") else line[4:] for line in lines))
    return Block("prose", text)


def split_whole(text: str) -> list[Block]:
    """All blocks of a finished answer."""
    splitter = BlockSplitter()
    return splitter.feed(text) + splitter.finish()
