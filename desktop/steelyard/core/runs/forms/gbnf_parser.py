"""Reads llama.cpp's grammar format (GBNF)."""

from __future__ import annotations

from steelyard.core.runs.forms.gbnf_nodes import (
    CharSet,
    Choice,
    GrammarError,
    Node,
    Repeat,
    Rule,
    Sequence,
    UncheckableError,
)

_MAX_CHARS = 1 << 18
_MAX_DEPTH = 100
_MAX_REPEAT = 2000  # llama.cpp's own limit
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "\\": "\\", '"': '"', "[": "[", "]": "]"}
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


class GrammarParser:
    """Goes through the text once, as llama.cpp does: a rule ends with its line, except within parentheses
    and after `::=` and `|`.
    """

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_CHARS:
            raise GrammarError(f"more than {_MAX_CHARS:,} characters")
        self._text = text
        self._at = 0
        self._used: dict[str, int] = {}

    def rules(self) -> dict[str, Node]:
        """All of them, by name."""
        rules: dict[str, Node] = {}
        self._skip(over_lines=True)
        while self._next():
            name = self._name()
            self._skip(over_lines=False)
            if not self._text.startswith("::=", self._at):
                raise self._error("expected ::= after the name of a rule")
            self._at += 3
            self._skip(over_lines=True)
            rules[name] = self._choice(0)  # the last one of a name holds, as for the engine
            if self._next() not in ("", "\n", "\r"):
                raise self._error(f"unexpected {self._next()!r}")
            self._skip(over_lines=True)
        for name, place in {"root": len(self._text), **self._used}.items():
            if name not in rules:
                raise self._error(f"there is no rule {name}", place)
        return rules

    def _choice(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise self._error("parentheses are nested too deep")
        options = [self._sequence(depth)]
        while self._next() == "|":
            self._at += 1
            self._skip(over_lines=True)
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Choice(options)

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while True:
            char = self._next()
            if char in ("*", "+", "?", "{") and char:
                least, most = self._times()
                if not parts:
                    raise self._error("there is nothing to repeat")
                parts.append(Repeat(parts.pop(), least, most))
            elif (part := self._part(char, depth)) is not None:
                parts.append(part)
            else:
                return parts[0] if len(parts) == 1 else Sequence(parts)
            self._skip(over_lines=depth > 0)

    def _part(self, char: str, depth: int) -> Node | None:
        """What stands here; None if the sequence ends."""
        if char == '"':
            return self._literal()
        if char == "[":
            return self._char_class()
        if char == ".":
            self._at += 1
            return CharSet([], is_negated=True)
        if char == "(":
            self._at += 1
            self._skip(over_lines=True)
            inside = self._choice(depth + 1)
            self._expect(")")
            return inside
        if char in _WORD and char:
            place = self._at
            name = self._name()
            self._used.setdefault(name, place)
            return Rule(name)
        if char == "<" or self._text.startswith("!<", self._at):
            raise UncheckableError("the grammar names tokens of a vocabulary, which text does not show")
        return None

    def _literal(self) -> Node:
        self._at += 1
        parts: list[Node] = []
        while self._next() != '"':
            code = self._char()
            parts.append(CharSet([(code, code)]))
        self._at += 1
        return Sequence(parts)

    def _char_class(self) -> Node:
        self._at += 1
        is_negated = self._next() == "^"
        self._at += is_negated
        ranges: list[tuple[int, int]] = []
        while self._next() != "]":
            low = high = self._char()
            if self._next() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._char()
            ranges.append((low, high))
        self._at += 1
        return CharSet(ranges, is_negated)

    def _char(self) -> int:
        char = self._next()
        if not char:
            raise self._error("a quote or bracket is not closed")
        self._at += 1
        if char != "\\":
            return ord(char)
        kind = self._next()
        self._at += 1
        if kind in _ESCAPES:
            return ord(_ESCAPES[kind])
        if not (length := _HEX_ESCAPES.get(kind)):
            raise self._error(f"unknown escape \\{kind}", self._at - 1)
        digits = self._text[self._at : self._at + length]
        try:
            code = int(digits, 16) if digits.isalnum() and len(digits) == length else -1
        except ValueError:
            code = -1
        if not 0 <= code <= 0x10FFFF:
            raise self._error(f"\\{kind} needs {length} hexadecimal digits")
        self._at += length
        return code

    def _times(self) -> tuple[int, int | None]:
        char = self._next()
        self._at += 1
        if char != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        self._skip(over_lines=True)
        least = self._number()
        most: int | None = least
        if self._next() == ",":
            self._at += 1
            self._skip(over_lines=True)
            most = self._number() if self._next().isdecimal() else None
        self._expect("}")
        if most is not None and most < least:
            raise self._error(f"cannot repeat {least} to {most} times")
        return least, most

    def _number(self) -> int:
        begin = self._at
        while self._next() in "0123456789" and self._next():
            self._at += 1
        digits = self._text[begin : self._at]
        if not digits:
            raise self._error("expected a number")
        if len(digits) > 6 or int(digits) > _MAX_REPEAT:
            raise self._error(f"more than {_MAX_REPEAT:,} repetitions")
        self._skip(over_lines=True)
        return int(digits)

    def _name(self) -> str:
        begin = self._at
        while self._next() in _WORD and self._next():
            self._at += 1
        if begin == self._at:
            raise self._error("expected the name of a rule (letters, digits, hyphens)")
        return self._text[begin : self._at]

    def _expect(self, char: str) -> None:
        if self._next() != char:
            raise self._error(f"expected {char}")
        self._at += 1

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self, *, over_lines: bool) -> None:
        """Spaces and comments."""
        blank = " \t\r\n" if over_lines else " \t"
        while char := self._next():
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif char in blank:
                self._at += 1
            else:
                return

    def _error(self, what: str, place: int | None = None) -> GrammarError:
        before = self._text[: self._at if place is None else place]
        column = len(before) - (before.rfind("\n") + 1) + 1
        return GrammarError(f"line {before.count(chr(10)) + 1}, column {column}: {what}")
