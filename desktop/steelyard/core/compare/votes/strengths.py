"""Strengths of three or more targets from votes on pairs. Loads numpy: imported where votes are rated.

Definitions: DESIGN.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from steelyard.core.compare.votes.statistics import LEVEL, RIDGE_EACH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 1000

_MAX_ROUNDS = 20_000
_STILL = 1e-10
_STILL_IN_A_DRAW = 1e-5


def grouped_wins(votes: Iterable[tuple[str, int, int, float]], size: int) -> Floats:
    """`(group, first, second, share of first)` as a matrix of wins for each group, in their order."""
    matrices: dict[str, Floats] = {}
    for group, first, second, share in votes:
        matrix = matrices.setdefault(group, np.zeros((size, size)))
        matrix[first, second] += share
        matrix[second, first] += 1 - share
    return np.stack([matrices[group] for group in sorted(matrices)])


def bradley_terry(wins: Floats, still: float = _STILL, ridge: Floats | float = RIDGE_EACH) -> Floats:
    """Log-strengths with mean 0 that make the votes most likely, by minorisation and maximisation.

    `wins[..., i, j]`: how often i was preferred to j, ties half to each; leading axes are independent sets
    of votes. Where no finite strengths are most likely (one never lost, or the pairs do not hang
    together), each pair of that set gets a pseudo-vote that is a tie, `ridge` to each side. It ends when no
    strength moves by more than `still`.
    """
    size = wins.shape[-1]
    stack = _made_finite(wins.reshape(-1, size, size).astype(np.float64), ridge)
    logs = np.zeros(stack.shape[:2])
    moving = np.arange(len(stack))
    won, met = stack.sum(axis=2), stack + stack.transpose(0, 2, 1)
    for _ in range(_MAX_ROUNDS):
        strength = np.exp(logs[moving])
        weight = (met[moving] / (strength[:, :, None] + strength[:, None, :])).sum(axis=2)
        after = np.log(won[moving] / weight)
        after -= after.mean(axis=1, keepdims=True)
        is_moving = np.abs(after - logs[moving]).max(axis=1) > still
        logs[moving] = after
        moving = moving[is_moving]
        if not len(moving):
            break
    return logs.reshape(wins.shape[:-1])


def is_bounded(wins: Floats) -> NDArray[np.bool_]:
    """Whether finite strengths are most likely: from each target a chain of wins leads to each other."""
    size = wins.shape[-1]
    reach = ((wins > 0) | np.eye(size, dtype=bool)).astype(np.float64)
    for _ in range(max(1, math.ceil(math.log2(size)))):
        reach = np.minimum(reach @ reach, 1.0)
    return np.asarray((reach > 0).all(axis=(-2, -1)))


def _made_finite(stack: Floats, ridge: Floats | float) -> Floats:
    each = np.broadcast_to(np.asarray(ridge, dtype=np.float64), len(stack))[:, None, None]
    others = 1 - np.eye(stack.shape[-1])
    return np.where(is_bounded(stack)[:, None, None], stack, stack + each * others)


def bootstrap_strengths(by_prompt: Floats, seed: int) -> tuple[Floats, Floats]:
    """The 2.5 and 97.5 % bounds of the strengths, from a thousand draws of the prompts with replacement.

    `by_prompt[p]` are the `wins` on prompt p: votes on one prompt are not independent, prompts are. Where a
    draw does not bound the strengths, somebody lost nothing. What that leaves open (the rate of an event that
    was never seen is exponential) goes on top of the ridge; without it such an interval had no width.
    """
    count, size, _ = by_prompt.shape
    generator = np.random.default_rng(seed)
    times = generator.multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    ridge = RIDGE_EACH + generator.exponential(size=RESAMPLES) / (size - 1)
    drawn = (times @ by_prompt.reshape(count, -1)).reshape(RESAMPLES, size, size)
    low, high = np.percentile(
        bradley_terry(drawn, _STILL_IN_A_DRAW, ridge), [100 * LEVEL / 2, 100 - 100 * LEVEL / 2], axis=0
    )
    return low, high
