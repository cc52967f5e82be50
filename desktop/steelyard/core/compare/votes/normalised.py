"""An answer as it is shown for a blind vote: every model writes with the same marks, and no names are in it.

What is said is kept. Only the form is made even: heading levels, bullet marks, rules, empty lines, marks that
nobody sees. Code between fences stays as it is, names apart.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steelyard.core.compare.votes.name_masks import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARS = 100_000
CUT = "[The rest of this answer is too long to be shown for a vote.]"

# Controls, marks that turn the direction, and marks without width; joiners belong to words and stay.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_HEADING = re.compile(r" {0,3}#{1,6}(?=\s|$)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{2,})$")
_RULE = re.compile(r" {0,3}(?:(?:\* ?){3,}|(?:- ?){3,}|(?:_ ?){3,})$")
_BULLET = re.compile(r"(\s*)[*+•‣▪◦·–-]\s+(\S.*)$")  # noqa: RUF001 - models write a dash as a bullet
_NUMBERED = re.compile(r"(\s*)(\d{1,9})[.)]\s+(\S.*)$")
_UNDERSCORED = re.compile(r"(?<!\w)__(?=\S)([^_\n]{1,500})(?<=\S)__(?!\w)")
_EMPTY_LINES = re.compile(r"\n{3,}")


def normalised(text: str, names: re.Pattern[str] | None) -> str:
    """The text in the common form, with what `names` finds masked; at most `MAX_CHARS` of it, and a line
    that says so.
    """
    lines = [_UNSEEN.sub("", line).rstrip() for line in text[:MAX_CHARS].splitlines()]
    blocks = [_code(block) if is_code else _prose(block) for is_code, block in _blocks(lines)]
    even = "\n".join(block for block in blocks if block).strip("\n")
    masked = even if names is None else names.sub(HIDDEN, even)
    return f"{masked}\n\n{CUT}" if len(text) > MAX_CHARS else masked


def _blocks(lines: list[str]) -> Iterator[tuple[bool, list[str]]]:
    """The text in turns of prose and code; code has its fence as first line and no last one."""
    block: list[str] = []
    fence = ""
    for line in lines:
        mark = _FENCE.match(line)
        if fence and mark is not None and mark[1].startswith(fence) and not mark[2]:
            yield True, block
            fence, block = "", []
        elif not fence and mark is not None and "`" not in mark[2]:
            yield False, block
            fence, block = mark[1], [mark[1] + mark[2]]
        else:
            block.append(line)
    yield bool(fence), block


def _code(block: list[str]) -> str:
    fence = block[0][: len(block[0]) - len(block[0].lstrip("`~"))]
    return "\n".join(["", *block, fence, ""])


def _prose(block: list[str]) -> str:
    even: list[str] = []
    is_done = False
    for at, line in enumerate(block):
        if is_done:
            is_done = False
        elif not line:
            even.append("")
        elif _is_underlined(block, at):
            even += _bold(line)
            is_done = True
        elif _HEADING.match(line):
            even += _bold(line.strip().strip("#"))
        else:
            even.append("" if _RULE.match(line) else _even_line(line))
    return _EMPTY_LINES.sub("\n\n", "\n".join(even)).strip("\n")


def _even_line(line: str) -> str:
    line = line.expandtabs(4)
    if bullet := _BULLET.match(line):
        line = f"{bullet[1]}- {bullet[2]}"
    elif numbered := _NUMBERED.match(line):
        line = f"{numbered[1]}{numbered[2]}. {numbered[3]}"
    return _UNDERSCORED.sub(r"**\1**", line)


def _is_underlined(block: list[str], at: int) -> bool:
    """A line of text with a line of = or - below it, itself the only line of its paragraph."""
    line = block[at]
    if at + 1 >= len(block) or (at > 0 and block[at - 1]) or "|" in line:
        return False
    others = (_BULLET, _NUMBERED, _HEADING, _RULE)
    return not any(other.match(line) for other in others) and bool(_UNDERLINE.match(block[at + 1]))


def _bold(title: str) -> list[str]:
    """A heading of any level as a line in bold with room around it."""
    words = title.replace("**", "").replace("__", "").strip()
    return ["", f"**{words}**", ""] if words else [""]
