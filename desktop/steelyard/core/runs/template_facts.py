"""What a chat template made of the messages: words that it added, messages that it did not pass on whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_WORDS_CHARS = 2000
"""So much of what was added is kept; a whole tool manual is told by its beginning."""
_MOST_LOOKED_AT_CHARS = 8000
_MOST_PLACES = 50
"""A word that stands everywhere is taken where it stands first."""

_CONTROL = re.compile(
    r"""
      <[|\uff5c][^<>|\uff5c\n]{1,64}[|\uff5c]>   # <|im_start|>, and DeepSeek's wide bars
    | </?[A-Za-z_][\w.:-]{0,40}/?>           # <start_of_turn>, <s>, </think>
    | </?<?/?SYS>>                           # <<SYS>>, <</SYS>>
    | \[/?[A-Z][A-Z_]{1,40}\]                # [INST], [/SYSTEM_PROMPT]
    """,
    re.VERBOSE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = rf"""
      \d{{4}}-\d{{1,2}}(?:-\d{{1,2}})?
    | (?:\d{{1,2}}\.?\s+)?{_MONTH}(?:\s+\d{{1,2}},?)?\s+\d{{4}}
    | \d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}
"""
_DATES = re.compile(
    rf"""
      (?:(?:\b\w{{1,20}}[ \t]{{1,4}}){{0,2}}(?:date|cutoff)(?:[ \t]is)?[ \t]?:?[ \t]{{0,4}})?
      \b(?:{_DATE})\b[.]?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ROLES = re.compile(
    r"^\W*(?:system|user|assistant|model|human|ai|bot|developer|tool|instructions?|input|response|question|answer"
    r"|message|final|channel)\W*$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"\w")


@dataclass(frozen=True)
class TemplateFacts:
    """`added`: words beside the messages, if any. `left_out`: roles of messages that are not found whole."""

    added: str = ""
    left_out: list[str] = field(default_factory=list[str])


def template_facts(messages: Sequence[tuple[str, str]], templated: str) -> TemplateFacts:
    """Compare messages, as (role, content), with the text that the model got.

    Many templates trim white space at the ends of a message: that is no loss.
    """
    rest = [templated]
    at = 0
    left_out: list[str] = []
    for role, content in messages:
        wanted = content.strip()
        if not wanted:
            continue
        place = _find(rest, at, wanted) or _find(rest, 0, wanted)  # some move the system prompt back
        if place is None:
            left_out.append(role)
            continue
        piece, start = place
        text = rest[piece]
        rest[piece : piece + 1] = [text[:start], text[start + len(wanted) :]]
        at = piece + 1
    return TemplateFacts(_words_in(rest), list(dict.fromkeys(left_out)))


def _find(rest: Sequence[str], first: int, wanted: str) -> tuple[int, int] | None:
    """(Piece, position) of a content; rather where a message would stand than inside other words."""
    anywhere: tuple[int, int] | None = None
    for piece in range(first, len(rest)):
        text, start = rest[piece], -1
        for _ in range(_MOST_PLACES):
            start = text.find(wanted, start + 1)
            if start < 0:
                break
            if _stands_free(text, start, start + len(wanted)):
                return piece, start
            anywhere = anywhere or (piece, start)
    return anywhere


def _stands_free(text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 2) : start].rstrip(" ")[-1:], text[end : end + 2].lstrip(" ")[:1]
    return before in ("", "\n", ">", "]", ":") and after in ("", "\n", "<", "[")


def _words_in(rest: Iterable[str]) -> str:
    """What is left without control tokens, names of roles, and dates."""
    looked_at = "\n".join(piece[:_MOST_LOOKED_AT_CHARS] for piece in rest)[:_MOST_LOOKED_AT_CHARS]
    lines = _CONTROL.sub("\n", looked_at).split("\n")
    kept = (" ".join(_DATES.sub(" ", line).split()) for line in lines if not _ROLES.match(line))
    words = " ".join(line for line in kept if _WORDS.search(line))
    return words[:MOST_WORDS_CHARS]
