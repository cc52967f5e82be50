"""Somebody else's text in files that people open: nothing in it may act, and what is not seen is shown."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STEERING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_FENCES = re.compile("`{3,}")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$&])")


def visible(text: str) -> str:
    """Line ends as line feeds; control characters as the pictures that Unicode has for them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """For headings and cells: no line breaks, nothing that turns the direction of what follows."""
    return " ".join(_STEERING.sub("", visible(text)).split())


def fenced(text: str, info: str = "") -> str:
    """A Markdown block that its text cannot end."""
    text = visible(text)
    longest = max((len(found) for found in _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{info}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def plain(text: str) -> str:
    """One line of Markdown or of a Markdown table that is shown as it is."""
    return _SPECIAL.sub(r"\\\1", one_line(text))
