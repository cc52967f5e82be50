"""What grammars are made of, and the errors about them."""

from __future__ import annotations

from dataclasses import dataclass, field


class GrammarError(ValueError):
    """The text is no grammar."""


class UncheckableError(ValueError):
    """A grammar that can be sent but that we cannot check an answer against."""


@dataclass
class CharSet:
    """Characters by inclusive ranges of code points; `known` remembers what was asked."""

    ranges: list[tuple[int, int]]
    is_negated: bool = False
    known: dict[str, bool] = field(default_factory=dict[str, bool])

    def has(self, char: str) -> bool:
        """Whether it is one of them."""
        if (answer := self.known.get(char)) is None:
            code = ord(char)
            answer = any(low <= code <= high for low, high in self.ranges) != self.is_negated
            self.known[char] = answer
        return answer


@dataclass(frozen=True)
class Rule:
    """A use of a rule."""

    name: str


@dataclass(frozen=True)
class Sequence:
    """One after another."""

    parts: list[Node]


@dataclass(frozen=True)
class Choice:
    """One of several."""

    options: list[Node]


@dataclass(frozen=True)
class Repeat:
    """So often at least, and at most; None: without an end."""

    part: Node
    least: int
    most: int | None


Node = CharSet | Rule | Sequence | Choice | Repeat
