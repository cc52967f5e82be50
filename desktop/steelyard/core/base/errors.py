"""The one exception that carries words for a user."""

from __future__ import annotations

import re
from typing import NoReturn

# C0 and C1 without line feed and tab, DEL, and the controls that turn the direction of what follows.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class AppError(Exception):
    """An expected failure, told as what happened, why, and what to do.

    Attributes:
        title: what happened, a few words without a full stop.
        detail: why, as far as it is known; may be empty.
        hint: what the user can do; may be empty.
        retryable: whether the same call may succeed later.
    """

    def __init__(self, title: str, detail: str = "", hint: str = "", *, retryable: bool = False) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint
        self.retryable = retryable

    def one_line(self) -> str:
        """The whole error on one line, safe for a terminal."""
        return one_line(self.title, self.detail, self.hint)

    def __str__(self) -> str:
        return self.one_line()


class UsageError(AppError):
    """The request itself is wrong (exit code 2)."""


def one_line(title: str, detail: str = "", hint: str = "") -> str:
    """Join what, why and what to do; control characters become spaces."""
    text = title
    if detail:
        text = f"{text}: {detail}"
    if hint:
        text = f"{text.rstrip('.')}. {hint}"
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """For lines of our own: spaces in place of all that steers a terminal or is not seen, tabs included."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def terminal_text(text: str) -> str:
    """Replace what could steer a terminal (ANSI, CR, bidi overrides) by spaces, and nothing else.

    For answers: tabs, joiners of emoji and of Persian or Indic words, soft hyphens are part of them.
    """
    return _STEERING.sub(" ", text)


def unreachable(what: object) -> NoReturn:
    """Mark a branch that the types rule out."""
    raise AssertionError(f"unexpected {what!r}")
