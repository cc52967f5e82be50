"""Means, intervals and tests for small samples of rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TINY = 1e-300
_MAX_STEPS = 300


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    return math.fsum(values) / len(values)


def sample_sd(values: Sequence[float]) -> float | None:
    """The standard deviation of the population that the sample is from; None for fewer than two values."""
    if len(values) < 2:
        return None
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float] | None:
    """Student's interval of the mean; None for fewer than two values."""
    spread = sample_sd(values)
    if spread is None:
        return None
    half = t_quantile(1 - (1 - confidence) / 2, len(values) - 1) * spread / math.sqrt(len(values))
    return mean(values) - half, mean(values) + half


def p_of_mean(values: Sequence[float]) -> float:
    """How likely a mean this far from 0 is by chance (two-sided t-test); 1 where nothing can be said."""
    spread = sample_sd(values)
    if spread is None:
        return 1.0
    return t_p_value(mean(values), spread / math.sqrt(len(values)), len(values) - 1)


def p_of_single(value: float, others: Sequence[float]) -> float:
    """How likely a single value this far from the mean of others is, if it is from the same population."""
    spread = sample_sd(others)
    if spread is None:
        return 1.0
    return t_p_value(value - mean(others), spread * math.sqrt(1 + 1 / len(others)), len(others) - 1)


def t_p_value(difference: float, error: float, freedom: int) -> float:
    """Two-sided p of a difference with this standard error."""
    if error <= 0:
        return 1.0 if difference == 0 else 0.0
    t = difference / error
    return _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5)


def holm(p_values: Mapping[str, float], level: float = 0.05) -> set[str]:
    """Which of several hypotheses can be refused so that one false refusal is at most `level` likely."""
    refused: set[str] = set()
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for position, (name, p) in enumerate(ordered):
        if p > level / (len(ordered) - position):
            break
        refused.add(name)
    return refused


def t_quantile(share: float, freedom: int) -> float:
    """What Student's t with so many degrees of freedom stays below with this probability (> 0.5)."""
    return _bisect(lambda t: 1 - _beta_share(freedom / (freedom + t * t), freedom / 2, 0.5) / 2 - share)


def _bisect(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    while rising(high) < 0 and high < 1e9:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MAX_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            result *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return result


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
