"""Blind votes: which answer is better, without knowing whose it is.

Definitions and numbers: `core/compare/DESIGN.md`. Shares and probabilities are 0 to 1.
"""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.prompt import Message
from steelyard.core.values.row import Row
from steelyard.core.values.run import Run

Choice = Literal["a", "b", "tie", "both_bad"]
"""`a` is the left answer, `b` the right one."""


class VoteStep(Row, frozen=True):
    """So many votes show a true split of `share` with 80 % power at the 5 % level."""

    share: float
    votes: int


class Interval(Row, frozen=True):
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float


class Rating(Row, frozen=True):
    """One target's place. `strength` is the natural logarithm of its Bradley-Terry strength, mean 0.

    `win_rate` over all its votes, ties half.
    """

    target: str
    strength: Interval
    elo: Interval
    win_rate: Interval
    votes: int
    wins: int
    losses: int
    ties: int
    both_bad: int


class PairResult(Row, frozen=True):
    """Two targets against each other. `win_rate` is the first one's, ties half (Wilson); `p` by the sign
    test on the decisive votes, two-sided."""

    first: str
    second: str
    votes: int
    wins: int
    losses: int
    ties: int
    both_bad: int
    win_rate: Interval | None
    p: float | None
    is_distinguishable: bool


class PositionBias(Row, frozen=True):
    """Whether a side was preferred. `p` by an exact binomial test against one half, two-sided."""

    left: int
    right: int
    p: float | None
    is_biased: bool


class Standings(Row, frozen=True):
    """What the votes say. `verdict` in words; "cannot be told apart" is one."""

    ratings: list[Rating]
    pairs: list[PairResult]
    position: PositionBias
    verdict: str
    is_distinguishable: bool


class Ballot(Row, frozen=True):
    """A series of votes over the same targets.

    `needed` votes of each pair show a split of `planned_share`; `votes` are those of the pair that has the
    fewest, so that "34 of 85" is true of every pair. `standings` stays None until then, so that
    peeking cannot end the series early; with `is_peeked` somebody looked before.
    """

    id: str
    started_at: str
    title: str
    targets: list[str]
    seed: int
    planned_share: float
    needed: int
    votes: int
    skipped: int
    steps: list[VoteStep]
    left_counts: dict[str, int]
    """How often each target stood left, over the votes that count."""
    total_votes: int = 0
    """Of all pairs."""
    withdrawn: int = 0
    """Taken back after their reveal."""
    position: PositionBias | None = None
    is_peeked: bool = False
    standings: Standings | None = None
    last: Reveal | None = None


class Draw(Row, frozen=True):
    """A pair to vote on: nothing tells whose the answers are. Texts are in a normalised form."""

    id: str
    ballot_id: str
    number: int
    """Of this vote in its series, from 1."""
    comparison_id: str
    case: int
    question: Message
    left_text: str
    right_text: str
    is_last: bool = False
    """No further pair of this comparison waits."""


class Reveal(Row, frozen=True):
    """A vote that is stored, and who had answered."""

    vote_id: str
    ballot_id: str
    voted_at: str
    choice: Choice
    left: Run
    right: Run


class Voted(Row, frozen=True):
    """The answer to a vote."""

    reveal: Reveal
    ballot: Ballot
