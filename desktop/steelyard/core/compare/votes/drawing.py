"""Which pair of answers is voted on next, and on which side each stands. Pure: the same seed and the same
votes give the same draws.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING

from steelyard.core.store.ballot_pairs import Candidate, Sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from steelyard.core.store.ballot_rows import StoredBallot, StoredVote

    Pair = tuple[str, str]

MOST_AHEAD = 3
"""So many times more on one side than on the other, and the coin is not asked (a "big stick" design).

Sides in blocks of two would be even more balanced, but each second side would be known as soon as the first
vote is revealed.
"""


def choose_sides(
    ballot: StoredBallot, votes: Sequence[StoredVote], candidates: Sequence[Candidate]
) -> Sides | None:
    """The next pair; None if none is left.

    The pair of targets with the fewest votes, by the coin if there are several; of it the oldest prompt.
    """
    waiting = pairs_left(ballot.targets, votes, candidates)
    if not waiting:
        return None
    number = max((vote.number for vote in votes), default=0) + 1
    counts = pair_counts(ballot.targets, votes)
    fewest = min(counts[pair] for pair in waiting)
    pair = _coin(ballot.seed, number, "pair").choice([pair for pair in waiting if counts[pair] == fewest])
    first, second = waiting[pair][0]
    is_first_left = _is_first_left(ballot.seed, number, pair, votes)
    return Sides(first, second) if is_first_left else Sides(second, first)


def pairs_left(
    targets: Sequence[str], votes: Iterable[StoredVote], candidates: Iterable[Candidate]
) -> dict[Pair, list[tuple[Candidate, Candidate]]]:
    """What can still be drawn, by the pair of targets, in the order of the candidates.

    An answer that was revealed is no longer blind: it stands in no other pair. A skipped pair does not come
    again, its answers may.
    """
    votes = list(votes)
    revealed = {run for vote in votes if vote.state != "skipped" for run in (vote.left_run, vote.right_run)}
    skipped = {frozenset((vote.left_run, vote.right_run)) for vote in votes if vote.state == "skipped"}
    prompts: dict[tuple[str, int], dict[str, Candidate]] = {}
    for one in candidates:
        if one.run_id not in revealed:
            prompts.setdefault((one.comparison_id, one.case), {})[one.target] = one
    left: dict[Pair, list[tuple[Candidate, Candidate]]] = {}
    for pair in combinations(targets, 2):
        for answers in prompts.values():
            if pair[0] in answers and pair[1] in answers:
                first, second = answers[pair[0]], answers[pair[1]]
                if frozenset((first.run_id, second.run_id)) not in skipped:
                    left.setdefault(pair, []).append((first, second))
    return left


def pair_counts(targets: Sequence[str], votes: Iterable[StoredVote]) -> dict[Pair, int]:
    """How many votes each pair of targets has."""
    counts = dict.fromkeys(combinations(targets, 2), 0)
    for vote in votes:
        if vote.state == "voted":
            pair, turned = (vote.left_target, vote.right_target), (vote.right_target, vote.left_target)
            counts[pair if pair in counts else turned] += 1
    return counts


def _is_first_left(seed: int, number: int, pair: Pair, votes: Iterable[StoredVote]) -> bool:
    """A fair coin, unless one of the two has stood left too often."""
    ahead = 0
    for vote in votes:
        if vote.state == "voted" and {vote.left_target, vote.right_target} == set(pair):
            ahead += 1 if vote.left_target == pair[0] else -1
    if abs(ahead) >= MOST_AHEAD:
        return ahead < 0
    return _coin(seed, number, "side").random() < 0.5


def _coin(seed: int, number: int, what: str) -> random.Random:
    """One for each draw and question: what was drawn before does not move what comes after."""
    return random.Random(f"{seed}:{number}:{what}")
