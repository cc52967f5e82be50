"""What the votes of a series say: each pair, each target, the sides. In words: `verdicts.py`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.compare.votes import statistics as stats
from steelyard.core.compare.votes.verdicts import Facts, verdict
from steelyard.core.values.ballots import Interval, PairResult, PositionBias, Rating, Standings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.ballots import Choice

_SHARE_OF_LEFT = {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5}
_MIN_PROMPTS = 10
"""With fewer, a bootstrap over prompts knows too little of how prompts differ."""


@dataclass(frozen=True)
class CountedVote:
    """A vote as it counts. `prompt_key` is the same for votes on the same prompt."""

    left: str
    right: str
    choice: Choice
    prompt_key: str


@dataclass(frozen=True)
class Series:
    """Votes with what must be known to judge them. `withdrawn`: taken back after their reveal."""

    targets: tuple[str, ...]
    votes: Sequence[CountedVote]
    seed: int
    planned_share: float
    needed: int
    is_early: bool = False
    is_peeked: bool = False
    withdrawn: int = 0


@dataclass(frozen=True)
class _Tally:
    wins: int
    losses: int
    ties: int
    both_bad: int

    @property
    def votes(self) -> int:
        return self.wins + self.losses + self.ties + self.both_bad

    @property
    def share(self) -> Interval | None:
        return stats.wilson(self.wins + (self.ties + self.both_bad) / 2, self.votes)


def standings(series: Series) -> Standings:
    """Count, rate and judge. Takes up to a second for thousands of votes: not for the engine's loop."""
    pairs = [_pair(series, first, second) for first, second in combinations(series.targets, 2)]
    position = position_bias(series.votes)
    prompts = len({vote.prompt_key for vote in series.votes})
    has_few_prompts = prompts < _MIN_PROMPTS
    can_rank = not has_few_prompts and all(pair.votes for pair in pairs)
    if len(series.targets) == 2:
        ratings = _rated_by_share(series, pairs[0])
        is_apart = pairs[0].is_distinguishable
    else:
        ratings = _rated_by_strength(series, by_prompt=not has_few_prompts)
        pairs = [_by_strength(pair, ratings, can_rank=can_rank) for pair in pairs]
        is_apart = len(tiers(ratings)) > 1 and can_rank
    facts = Facts(
        prompts=prompts,
        planned_share=series.planned_share,
        needed=series.needed,
        is_early=series.is_early,
        is_peeked=series.is_peeked,
        withdrawn=series.withdrawn,
        tiers=tiers(ratings) if is_apart else [[rating.target for rating in ratings]],
        has_few_prompts=has_few_prompts,
    )
    return Standings(
        ratings=ratings,
        pairs=pairs,
        position=position,
        verdict=verdict(pairs, position, facts),
        is_distinguishable=is_apart,
    )


def position_bias(votes: Sequence[CountedVote]) -> PositionBias:
    """Whether decisive votes went to one side more often than a coin's would."""
    left = sum(vote.choice == "a" for vote in votes)
    right = sum(vote.choice == "b" for vote in votes)
    p = stats.sign_test(left, right)
    return PositionBias(left=left, right=right, p=p, is_biased=p is not None and p < stats.LEVEL)


def tiers(ratings: Sequence[Rating]) -> list[list[str]]:
    """Targets in groups, best first; between groups no interval overlaps, within one nothing is told."""
    ordered = sorted(ratings, key=lambda rating: -rating.strength.value)
    groups: list[list[str]] = [[]]
    for at, rating in enumerate(ordered):
        if at and min(r.strength.low for r in ordered[:at]) > max(r.strength.high for r in ordered[at:]):
            groups.append([])
        groups[-1].append(rating.target)
    return groups


def _tally(votes: Sequence[CountedVote], target: str) -> _Tally:
    """Of one target, over the votes that it is in."""
    mine = [
        (vote, "a" if vote.left == target else "b") for vote in votes if target in (vote.left, vote.right)
    ]
    return _Tally(
        wins=sum(vote.choice == side for vote, side in mine),
        losses=sum(vote.choice in ("a", "b") and vote.choice != side for vote, side in mine),
        ties=sum(vote.choice == "tie" for vote, _ in mine),
        both_bad=sum(vote.choice == "both_bad" for vote, _ in mine),
    )


def _pair(series: Series, first: str, second: str) -> PairResult:
    tally = _tally([vote for vote in series.votes if {vote.left, vote.right} == {first, second}], first)
    return PairResult(
        first=first,
        second=second,
        votes=tally.votes,
        wins=tally.wins,
        losses=tally.losses,
        ties=tally.ties,
        both_bad=tally.both_bad,
        win_rate=tally.share,
        p=stats.sign_test(tally.wins, tally.losses),
        is_distinguishable=stats.is_told_apart(tally.wins, tally.losses),
    )


def _by_strength(pair: PairResult, ratings: list[Rating], *, can_rank: bool) -> PairResult:
    """Of three or more a pair is apart only where intervals do not overlap: many pairs are looked at."""
    strengths = {rating.target: rating.strength for rating in ratings}
    one, other = strengths.get(pair.first), strengths.get(pair.second)
    is_apart = can_rank and one is not None and other is not None and _are_apart(one, other)
    return msgspec.structs.replace(pair, is_distinguishable=is_apart)


def _are_apart(one: Interval, other: Interval) -> bool:
    return one.low > other.high or other.low > one.high


def _rated_by_share(series: Series, pair: PairResult) -> list[Rating]:
    """Of two, the strengths are the win rate in another unit, and so are their intervals."""
    if pair.win_rate is None:
        return []
    apart = stats.strength_of_share(pair.win_rate, pair.votes)
    first, second = series.targets
    halves = {first: stats.scaled(apart, 0.5), second: stats.scaled(apart, -0.5)}
    return _ratings(series.votes, halves)


def _rated_by_strength(series: Series, *, by_prompt: bool) -> list[Rating]:
    """Bradley-Terry over all votes, intervals from a bootstrap over prompts (over votes: too few prompts).

    A target without a vote has no place.
    """
    from steelyard.core.compare.votes import strengths as bt

    met = {target for vote in series.votes for target in (vote.left, vote.right)}
    at = {target: number for number, target in enumerate(name for name in series.targets if name in met)}
    if not at:
        return []
    shares = [
        (
            vote.prompt_key if by_prompt else f"{number:09}",
            *(at[vote.left], at[vote.right], _SHARE_OF_LEFT[vote.choice]),
        )
        for number, vote in enumerate(series.votes)
    ]
    groups = bt.grouped_wins(shares, len(at))
    values = bt.bradley_terry(groups.sum(axis=0))
    lows, highs = bt.bootstrap_strengths(groups, series.seed)
    strengths = {
        target: _around(float(values[number]), float(lows[number]), float(highs[number]))
        for target, number in at.items()
    }
    return _ratings(series.votes, strengths)


def _around(value: float, low: float, high: float) -> Interval:
    """The bounds hold the value, too: of few votes it may lie just outside of the percentiles."""
    return Interval(value=value, low=min(value, low), high=max(value, high))


def _ratings(votes: Sequence[CountedVote], strengths: dict[str, Interval]) -> list[Rating]:
    """Best first."""
    found: list[Rating] = []
    for target, strength in strengths.items():
        tally = _tally(votes, target)
        if (share := tally.share) is None:
            continue
        found.append(
            Rating(
                target=target,
                strength=strength,
                elo=stats.scaled(strength, stats.ELO_PER_STRENGTH),
                win_rate=share,
                votes=tally.votes,
                wins=tally.wins,
                losses=tally.losses,
                ties=tally.ties,
                both_bad=tally.both_bad,
            )
        )
    return sorted(found, key=lambda rating: -rating.strength.value)
