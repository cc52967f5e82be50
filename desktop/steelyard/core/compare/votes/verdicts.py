"""The result of a series of votes in words: who is preferred, or that nobody can be told apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.base.units import split_text
from steelyard.core.base.words import listed
from steelyard.core.compare.votes import statistics as stats
from steelyard.core.values.ballots import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.ballots import PairResult, PositionBias

_TOO_EVEN = 0.51
"""Nearer to one half than this, and thousands of votes would not tell two apart."""
_JUST = "It is close: the exact sign test, which is stricter than the 5 % level, asks for some more votes."


@dataclass(frozen=True)
class Facts:
    """What a verdict tells beside the counts. `tiers`: groups of targets, best first."""

    prompts: int
    planned_share: float
    needed: int
    is_early: bool
    is_peeked: bool
    withdrawn: int
    tiers: list[list[str]]
    has_few_prompts: bool


def verdict(pairs: Sequence[PairResult], position: PositionBias, facts: Facts) -> str:
    """Whole sentences; the first one is the result."""
    result = _of_two(pairs[0], facts) if len(pairs) == 1 else _of_several(pairs, facts)
    return " ".join([*result, *_one_sided(pairs), *_doubts(pairs, position, facts)])


def _of_two(pair: PairResult, facts: Facts) -> list[str]:
    if pair.win_rate is None:
        return ["There are no votes yet."]
    if pair.p is None:
        return [f"{pair.first} and {pair.second} cannot be told apart: all {pair.votes} votes are ties."]
    better, worse, share = _better(pair)
    most, least = max(pair.wins, pair.losses), min(pair.wins, pair.losses)
    counts = f"{better} wins {most} of {pair.votes} votes, {worse} {least}{_evens(pair)}"
    rate = (
        f"With ties as half a win, {better} wins {_percent(share.value)} (95 % interval"
        f" {_percent(share.low)} to {_percent(share.high)}; exact sign test p {_p(pair.p)})."
    )
    if pair.is_distinguishable:
        seen = f"Most votes saw no difference; {most} of the {most + least} that did were for {better}."
        notes = [*([_JUST] if pair.p >= stats.LEVEL else []), *([seen] if share.low <= 0.5 else [])]
        return [f"{better} is preferred: {counts}.", rate, *notes]
    missing = _what_it_would_take(share.value, pair.votes)
    shown = f"A true split of {split_text(facts.planned_share)} would have shown in four of five such series."
    return [
        f"{pair.first} and {pair.second} cannot be told apart: {counts}.",
        *(rate, missing),
        *([] if facts.is_early else [shown]),
    ]


def _of_several(pairs: Sequence[PairResult], facts: Facts) -> list[str]:
    if not facts.tiers[0]:
        return ["There are no votes yet."]
    if len(facts.tiers) > 1:
        ahead = [listed(group) for group in facts.tiers]
        steps = ", then ".join(ahead[1:])
        even = [f"{listed(group)} cannot be told apart." for group in facts.tiers if len(group) > 1]
        return [f"{ahead[0]} {_is(facts.tiers[0])} ahead of {steps}: the intervals do not overlap.", *even]
    result = [f"{listed(facts.tiers[0])} cannot be told apart: the intervals of their strengths overlap."]
    met = [pair for pair in pairs if pair.win_rate is not None and pair.wins != pair.losses]
    if met:
        widest = max(met, key=lambda pair: _better(pair)[2].value)
        better, worse, share = _better(widest)
        result.append(
            f"The widest gap is {better} against {worse}, {_percent(share.value)} of {widest.votes} votes."
        )
        result.append(_what_it_would_take(share.value, widest.votes))
    return result


def _better(pair: PairResult) -> tuple[str, str, Interval]:
    """Who won more often, against whom, and the share of that one."""
    share = pair.win_rate or Interval(value=0.5, low=0.0, high=1.0)
    if pair.wins >= pair.losses:
        return pair.first, pair.second, share
    return pair.second, pair.first, Interval(value=1 - share.value, low=1 - share.high, high=1 - share.low)


def _what_it_would_take(share: float, votes: int) -> str:
    if share < _TOO_EVEN:
        return "They are so even that thousands of votes would not part them."
    needed = stats.needed_votes(min(share, 0.99))
    split = f"If the true split is {split_text(share)} as seen"
    if needed <= votes:
        return f"{split}, about {needed:,} votes show it in four of five series; this was not one of them."
    return f"{split}, about {needed - votes:,} more votes would be needed to show it."


def _one_sided(pairs: Sequence[PairResult]) -> list[str]:
    """How far ahead somebody is who won every vote cannot be known."""
    votes, lost = Counter[str](), Counter[str]()
    for pair in pairs:
        for target, won in ((pair.first, pair.wins), (pair.second, pair.losses)):
            votes[target] += pair.votes
            lost[target] += pair.votes - won
    clean = [target for target, count in votes.items() if count and not lost[target]]
    return [f"{target} won every vote: how far it is ahead cannot be measured." for target in clean]


def _doubts(pairs: Sequence[PairResult], position: PositionBias, facts: Facts) -> list[str]:
    """Everything that weakens the result."""
    doubts: list[str] = []
    votes = sum(pair.votes for pair in pairs)
    fewest = min(pair.votes for pair in pairs)
    if facts.is_early:
        of_pair = "" if len(pairs) == 1 else " of the pair with the fewest"
        doubts.append(
            f"This is an early look, at {fewest} of {facts.needed} votes{of_pair}. Looking early weakens the"
            " 5 %: whoever stops when it looks good finds differences that are not there."
        )
    elif facts.is_peeked:
        doubts.append("Somebody looked before the planned number of votes; looking early weakens the 5 %.")
    if len(pairs) > 1 and not fewest:
        doubts.append("Not every pair has been voted on, so nothing is ranked.")
    if votes and (facts.has_few_prompts or facts.prompts < votes / 2):
        ranking = ", too few for a ranking" if facts.has_few_prompts and len(pairs) > 1 else ""
        doubts.append(
            f"All votes are on {_counted(facts.prompts, 'prompt')}{ranking}: they say little about others."
        )
    if position.is_biased:
        side = "left" if position.left > position.right else "right"
        doubts.append(
            f"The {side} answer was preferred as such ({position.left} left, {position.right} right, p"
            f" {_p(position.p)}). Sides are balanced, so nobody gains by it, but the votes tell less."
        )
    if facts.withdrawn:
        was = "was" if facts.withdrawn == 1 else "were"
        doubts.append(
            f"{_counted(facts.withdrawn, 'vote')} {was} taken back after the reveal, which can tilt a result."
        )
    return doubts


def _evens(pair: PairResult) -> str:
    ties = f", {_counted(pair.ties, 'tie')}" if pair.ties else ""
    return ties + (f", {pair.both_bad} both bad" if pair.both_bad else "")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _p(p: float | None) -> str:
    if p is None:
        return "unknown"
    return "below 0.001" if p < 0.001 else f"= {p:.3f}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
