"""The one exception that carries words for a user."""

from __future__ import annotations

from typing import NoReturn


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
    """Replace what could steer a terminal (ANSI, CR, bidi overrides) by spaces."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def unreachable(what: object) -> NoReturn:
    """Mark a branch that the types rule out."""
    raise AssertionError(f"unexpected {what!r}")
