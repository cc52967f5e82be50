"""Percentiles that are only given where the sample can carry them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between closest ranks (Hyndman and Fan, type 7).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def smallest_n(share: float) -> int:
    """Samples that it takes for their maximum to bound a quantile q with 95 % confidence: ln .05 / ln q."""
    return math.ceil(math.log(0.05) / math.log(share))


def guarded_percentile(values: Sequence[float], share: float) -> float | None:
    """The percentile, or None if there are too few values for it."""
    return percentile(values, share) if len(values) >= smallest_n(share) else None
