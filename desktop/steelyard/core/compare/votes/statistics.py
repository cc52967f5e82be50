"""What votes can show: intervals, tests and sample sizes. Definitions: DESIGN.md."""

from __future__ import annotations

import math
from statistics import NormalDist

from steelyard.core.values.ballots import Interval, VoteStep

LEVEL = 0.05
POWER = 0.8
ELO_PER_STRENGTH = 400 / math.log(10)
STEP_SHARES = (0.75, 0.70, 0.65, 0.60, 0.55)

_Z = NormalDist().inv_cdf(1 - LEVEL / 2)
_Z_POWER = NormalDist().inv_cdf(POWER)
RIDGE_EACH = 0.25
"""Half a pseudo-vote for each pair, half of it to each side."""
_EXACT_BELOW = 29
"""Decisive votes: of fewer, mid-p would call too many splits real, and the exact test decides."""


def wilson(successes: float, n: int) -> Interval | None:
    """The share with Wilson's 95 % interval; None without votes. `successes` may hold halves (ties)."""
    if n == 0:
        return None
    share = successes / n
    scale = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return Interval(value=share, low=max(0.0, middle - half), high=min(1.0, middle + half))


def needed_votes(share: float) -> int:
    """Votes that show a true split of `share` with 80 % power at the 5 % level, two-sided.

    By the usual normal formula; where that asks for so few that the exact test decides, by that test.

    Raises:
        ValueError: the share is not above one half and below one.
    """
    if not 0.5 < share < 1:
        raise ValueError(f"no split: {share}")
    spread = _Z * 0.5 + _Z_POWER * math.sqrt(share * (1 - share))
    formula = math.ceil((spread / (share - 0.5)) ** 2)
    few = (votes for votes in range(formula, _EXACT_BELOW) if _power(votes, share) >= POWER)
    return next(few, max(formula, _EXACT_BELOW))


def _power(votes: int, share: float) -> float:
    """How likely a true split is told apart by so many votes without ties."""
    return sum(
        math.comb(votes, wins) * share**wins * (1 - share) ** (votes - wins)
        for wins in range(votes + 1)
        if is_told_apart(wins, votes - wins)
    )


def vote_steps(planned_share: float) -> list[VoteStep]:
    """The milestones of a series, fewest votes first; the planned split is one of them."""
    shares = sorted({*STEP_SHARES, planned_share}, reverse=True)
    return [VoteStep(share=share, votes=needed_votes(share)) for share in shares]


def sign_test(first: int, second: int) -> float | None:
    """The probability of a split at least as uneven as this if both are equally good; exact, two-sided.

    None without votes.
    """
    if first + second == 0:
        return None
    return min(1.0, 2 * sum(_tail(max(first, second), first + second)))


def mid_p(first: int, second: int) -> float | None:
    """The sign test that counts the split itself half: its level is 5 % on the whole, not far below it."""
    if first + second == 0:
        return None
    here, *beyond = _tail(max(first, second), first + second)
    return 1.0 if first == second else min(1.0, 2 * (here / 2 + sum(beyond)))


def _tail(k: int, n: int) -> list[float]:
    """P(X = k), P(X = k + 1), … of a fair coin thrown n times, as far as they count; k is at least n / 2."""
    log_first = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
    terms = [math.exp(log_first)]
    for at in range(k, n):
        term = terms[-1] * (n - at) / (at + 1)
        if term < 1e-18 * terms[0]:
            break
        terms.append(term)
    return terms


def is_told_apart(first: int, second: int) -> bool:
    """Whether decisive votes tell two targets apart at the 5 % level.

    By mid-p, the test whose level and power the planned sample sizes are for; with fewer decisive votes
    than the smallest of those it would be too free, and the exact test decides.
    """
    p = mid_p(first, second) if first + second >= _EXACT_BELOW else sign_test(first, second)
    return p is not None and p < LEVEL


def strength_of_share(share: Interval, n: int) -> Interval:
    """The difference of two log-strengths that a win rate means; the ridge keeps a share of 1 finite."""
    edge = RIDGE_EACH / (n + 2 * RIDGE_EACH)

    def log_odds(value: float) -> float:
        inside = min(max(value, edge), 1 - edge)
        return math.log(inside / (1 - inside))

    return Interval(value=log_odds(share.value), low=log_odds(share.low), high=log_odds(share.high))


def scaled(interval: Interval, factor: float) -> Interval:
    """All of it times a number; the bounds stay in order."""
    low, high = sorted((interval.low * factor, interval.high * factor))
    return Interval(value=interval.value * factor, low=low, high=high)
