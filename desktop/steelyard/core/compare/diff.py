"""Two texts against each other, by words or by lines.

Myers' algorithm where the texts are alike; where they are not, words that occur once in both hold them
together first. Work is bounded: what is left after that is told as one replaced stretch, which the note says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from steelyard.core.values.comparison import DiffPiece, TextDiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.comparison import DiffBy, DiffOp

_TOKENS: dict[DiffBy, re.Pattern[str]] = {
    "words": re.compile(r"\w+|\s+|[^\w\s]"),
    "lines": re.compile(r"[^\n]*\n|[^\n]+"),
}
_MOST_WORDS = 200_000
_MOST_STEPS = 3_000_000
_MOST_EDITS = 1_500
"""Of one stretch: beyond it, it is split or told as a whole."""

Span = tuple[int, int, int, int]
"""Tokens `left from, left to, right from, right to` that are different."""


def diff_texts(left: str, right: str, by: DiffBy) -> TextDiff:
    """Both texts in pieces; joined, they give back each text exactly. Takes about a second at most."""
    note = ""
    left_tokens, right_tokens = _TOKENS[by].findall(left), _TOKENS[by].findall(right)
    if by == "words" and len(left_tokens) + len(right_tokens) > _MOST_WORDS:
        by, note = "lines", "Compared by lines: the answers are too long to compare word by word."
        left_tokens, right_tokens = _TOKENS[by].findall(left), _TOKENS[by].findall(right)
    work = _Work(left_tokens, right_tokens)
    pieces = _joined(list(_pieces(left_tokens, right_tokens, work.differences())))
    if work.is_coarse:
        note = f"{note} Some stretches that share little are shown as replaced as a whole.".strip()
    same = sum(len(piece.left) for piece in pieces if piece.op == "equal")
    total = len(left) + len(right)
    return TextDiff(pieces=pieces, by=by, similarity=2 * same / total if total else 1.0, note=note)


def first_difference(left: str, right: str) -> int | None:
    """The first character, from 0, that is not the same in both; None if they are equal."""
    if left == right:
        return None
    low, high = 0, min(len(left), len(right))
    while low < high:  # comparing slices is far quicker than comparing characters
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class _Work:
    """Finds where two lists of tokens differ, within a bound."""

    def __init__(self, left: list[str], right: list[str]) -> None:
        numbers: dict[str, int] = {}
        self._left = [numbers.setdefault(token, len(numbers)) for token in left]
        self._right = [numbers.setdefault(token, len(numbers)) for token in right]
        self._steps = _MOST_STEPS
        self.is_coarse = False

    def differences(self) -> list[Span]:
        """All stretches that differ, in order."""
        found: list[Span] = []
        waiting: list[tuple[Span, bool]] = [((0, len(self._left), 0, len(self._right)), True)]
        while waiting:
            whole, may_split = waiting.pop()
            span = self._trimmed(whole)
            left_from, left_to, right_from, right_to = span
            if left_from == left_to or right_from == right_to:
                found += [span] if left_from < left_to or right_from < right_to else []
            elif (edits := self._by_edits(span)) is not None:
                found += edits
            elif may_split and (parts := self._split(span)):
                waiting += [(part, len(parts) > 1) for part in reversed(parts)]
            else:
                self.is_coarse = True
                found.append(span)
        return found

    def _trimmed(self, span: Span) -> Span:
        left, right = self._left, self._right
        left_from, left_to, right_from, right_to = span
        while left_from < left_to and right_from < right_to and left[left_from] == right[right_from]:
            left_from, right_from = left_from + 1, right_from + 1
        while left_from < left_to and right_from < right_to and left[left_to - 1] == right[right_to - 1]:
            left_to, right_to = left_to - 1, right_to - 1
        return left_from, left_to, right_from, right_to

    def _split(self, span: Span) -> list[Span]:
        """The stretches between tokens that occur once in each side, in an order that both have."""
        left_from, left_to, right_from, right_to = span
        left, right = self._left[left_from:left_to], self._right[right_from:right_to]
        once = {token for token, count in Counter(left).items() if count == 1}
        once &= {token for token, count in Counter(right).items() if count == 1}
        where = {token: at for at, token in enumerate(right) if token in once}
        pairs = [(at, where[token]) for at, token in enumerate(left) if token in once]
        parts: list[Span] = []
        for left_at, right_at in _rising(pairs):
            parts.append((left_from, span[0] + left_at, right_from, span[2] + right_at))
            left_from, right_from = span[0] + left_at + 1, span[2] + right_at + 1
        return [*parts, (left_from, left_to, right_from, right_to)] if parts else []

    def _by_edits(self, span: Span) -> list[Span] | None:
        """The shortest way from one to the other; None if it is too long to be found here."""
        left, right = self._left[span[0] : span[1]], self._right[span[2] : span[3]]
        rows, cols = len(left), len(right)
        most = min(_MOST_EDITS, rows + cols)
        zero = most + 1
        far = [0] * (2 * most + 3)  # by diagonal, `zero` is the middle one
        trace: list[list[int]] = []
        for edits in range(most + 1):
            self._steps -= edits + 1
            if self._steps < 0:
                return None
            trace.append(far[zero - edits - 1 : zero + edits + 2])
            for k in range(-edits, edits + 1, 2):
                x = _step(far, zero, edits, k)
                y = x - k
                while x < rows and y < cols and left[x] == right[y]:
                    x, y = x + 1, y + 1
                far[zero + k] = x
                if x >= rows and y >= cols:
                    return _walked_back(trace, rows, cols, span)
        return None


def _step(far: list[int], zero: int, edits: int, k: int) -> int:
    """Where diagonal `k` is entered with so many edits: by an insertion or by a deletion."""
    below, above = far[zero + k - 1], far[zero + k + 1]
    return above if k == -edits or (k != edits and below < above) else below + 1


def _walked_back(trace: list[list[int]], x: int, y: int, span: Span) -> list[Span]:
    """The edits of the way that `trace` found, put together where they touch."""
    found: list[Span] = []
    for edits in range(len(trace) - 1, 0, -1):
        far, zero, k = trace[edits], edits + 1, x - y
        below, above = far[zero + k - 1], far[zero + k + 1]
        is_insertion = k == -edits or (k != edits and below < above)
        old_k, x = (k + 1, above) if is_insertion else (k - 1, below)
        y = x - old_k
        edit = (x, x + (not is_insertion), y, y + is_insertion)
        if found and (found[-1][0], found[-1][2]) == (edit[1], edit[3]):
            edit = (edit[0], found[-1][1], edit[2], found.pop()[3])
        found.append(edit)
    return [(span[0] + a, span[0] + b, span[2] + c, span[2] + d) for a, b, c, d in reversed(found)]


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs whose second numbers rise; the first ones do already."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, number) in enumerate(pairs):
        place = bisect_left(ends, number)
        before.append(last[place - 1] if place else -1)
        if place == len(ends):
            ends.append(number)
            last.append(at)
        else:
            ends[place], last[place] = number, at
    chain: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]


def _pieces(left: list[str], right: list[str], differences: list[Span]) -> Iterator[DiffPiece]:
    left_at = 0
    for left_from, left_to, right_from, right_to in [*differences, (len(left), len(left), len(right), 0)]:
        if left_at < left_from:
            same = "".join(left[left_at:left_from])
            yield DiffPiece(op="equal", left=same, right=same)
        yield _changed("".join(left[left_from:left_to]), "".join(right[right_from:right_to]))
        left_at = left_to


def _changed(left: str, right: str) -> DiffPiece:
    op: DiffOp = "replace" if left and right else "delete" if left else "insert"
    return DiffPiece(op=op, left=left, right=right)


def _joined(pieces: list[DiffPiece]) -> list[DiffPiece]:
    """Without empty pieces; changes that only white space keeps apart become one."""
    joined: list[DiffPiece] = []
    for piece in pieces:
        if not piece.left and not piece.right:
            continue
        joined.append(piece)
        while (merged := _with_the_one_before(joined)) is not None:
            joined[-merged[0] :] = [merged[1]]
    return joined


def _with_the_one_before(pieces: list[DiffPiece]) -> tuple[int, DiffPiece] | None:
    """How many of the last pieces are better told as one, and that one."""
    if len(pieces) < 2 or pieces[-1].op == "equal":
        return None
    if pieces[-2].op != "equal":
        last = pieces[-2:]
    elif len(pieces) > 2 and pieces[-2].left.isspace() and "\n" not in pieces[-2].left:
        last = pieces[-3:]
    else:
        return None
    return len(last), _changed("".join(p.left for p in last), "".join(p.right for p in last))
