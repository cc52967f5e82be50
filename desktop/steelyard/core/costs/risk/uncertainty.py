"""Draws with a fixed seed, and what they say: bands, and how often one side is the cheaper one.

Loads numpy: imported where costs are drawn. Each input has draws of its own, named by its key, so that moving
one input leaves the others' as they are and the same inputs always give the same answer. Figures are drawn
from a triangle around what is stated; its half width, as a share:

    measured      0.05   meters and clocks repeat that well (rates, watts)
    typed, preset 0.20   somebody's estimate
    a volume      0.20   at least: what was measured is the past, what is asked is the next month
    mix           odds of output to input times or by 2 (stated), 1.2 (measured), a triangle in the log-odds
    catalogue     0      a list says what it says, and so do prices of an API that a user typed

Triangular for parts that a user states, 5,000 draws: domain report 2, "Uncertainty".
"""

from __future__ import annotations

import functools
import math
import zlib
from typing import TYPE_CHECKING

import numpy as np

from steelyard.core.values.costs import Band

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steelyard.core.values.costs import Origin

    Draws = NDArray[np.float64]

DRAWS = 5_000
SHARE_NEEDED = 0.5
"""Of the draws that must have a break-even before a band of it is shown."""

_SEED = 20_260_101
_MEASURED = 0.05
_STATED = 0.20
_ODDS = {"measured": 1.2, "catalogue": 1.0}
_ODDS_STATED = 2.0
_PERCENTS = (10, 50, 90)


def spread_of(origin: Origin) -> float:
    """Half width of a figure's triangle as a share of it, by where the figure comes from."""
    return {"measured": _MEASURED, "catalogue": 0.0}.get(origin, _STATED)


def volume_spread(origin: Origin) -> float:
    """The same for tokens a month: the coming month is never measured."""
    return max(_STATED, spread_of(origin))


@functools.lru_cache(maxsize=128)
def unit_draws(key: str) -> Draws:
    """The draws of one input, by its dotted key: a triangle from -1 to 1, mirrored, so that its mean is 0."""
    random = np.random.Generator(np.random.PCG64([_SEED, zlib.crc32(key.encode())]))
    half = random.random(DRAWS // 2) + random.random(DRAWS // 2) - 1
    draws = np.concatenate([half, -half])
    draws.setflags(write=False)
    return draws


def drawn(key: str, value: float, spread: float) -> Draws:
    """Draws of a figure around its value."""
    return value * (1 + spread * unit_draws(key))


def drawn_output_share(output_share: float, origin: Origin, key: str = "workload.mix") -> Draws:
    """Draws of the share of output tokens, by its odds: it stays between 0 and 1."""
    if not 0 < output_share < 1:
        return np.full(DRAWS, output_share)
    factor = _ODDS.get(origin, _ODDS_STATED)
    odds = output_share / (1 - output_share) * np.exp(math.log(factor) * unit_draws(key))
    return odds / (1 + odds)


def band(values: Draws) -> Band:
    """P10, P50 and P90 of draws."""
    p10, p50, p90 = np.percentile(values, _PERCENTS)
    return Band(p10=float(p10), p50=float(p50), p90=float(p90))


def bands(rows: Draws) -> list[Band]:
    """The same for each row of a table of draws."""
    return [
        Band(p10=float(p10), p50=float(p50), p90=float(p90))
        for p10, p50, p90 in np.percentile(rows, _PERCENTS, axis=1).T
    ]


def share_true(hits: NDArray[np.bool_]) -> float:
    """How often something held."""
    return float(np.count_nonzero(hits)) / len(hits)
