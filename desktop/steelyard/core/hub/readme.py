"""A model card as plain text: no markup, no pictures, nothing that is loaded from anywhere."""

from __future__ import annotations

import re

_EXCERPT_CHARS = 4000
_FRONT_MATTER = re.compile(r"\A\ufeff?---\r?\n.*?\r?\n---\r?\n", re.DOTALL)
_COMMENT = re.compile(r"<!--.{0,2000}?-->", re.DOTALL)
_TAG = re.compile(r"<[^<>\n]{1,400}>")
_IMAGE = re.compile(r"!\[[^\]\n]{0,400}\]\([^)\n]{0,2000}\)")
_LINK = re.compile(r"\[([^\]\n]{1,400})\]\([^)\n]{0,2000}\)")
_MARKS = re.compile(r"^\s{0,3}(?:#{1,6}\s+|>\s?)", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|`")
_RULE = re.compile(r"^[ \t|:\-=*]+$", re.MULTILINE)
_GAPS = re.compile(r"\n\s*\n\s*")


def plain_excerpt(markdown: str) -> str:
    """The beginning of a card without front matter, pictures, tags and marks."""
    text = _FRONT_MATTER.sub("", markdown[: 16 * _EXCERPT_CHARS])
    for pattern, replacement in (
        (_COMMENT, ""),
        (_IMAGE, ""),
        (_LINK, r"\1"),
        (_TAG, ""),
        (_MARKS, ""),
        (_EMPHASIS, ""),
        (_RULE, ""),
        (_GAPS, "\n\n"),
    ):
        text = pattern.sub(replacement, text)
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in text).strip()
    if len(text) <= _EXCERPT_CHARS:
        return text
    return text[:_EXCERPT_CHARS].rsplit(" ", 1)[0] + " …"
