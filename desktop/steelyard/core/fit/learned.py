"""What former loads teach: how far predictions were off on this backend and driver."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from steelyard.core.values.fit import FitCorrection

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTED_LOADS = 8
_MOST_SHARE = 0.5
# Before a load was seen: what a GPU driver keeps for itself beside the engine's buffers.
_USUAL_OVERHEAD_BYTES = {"cuda": 300 << 20, "rocm": 300 << 20, "vulkan": 64 << 20}
_USUAL_SPREAD_SHARE = 0.02


def learn(loads: Sequence[tuple[int, int]]) -> FitCorrection | None:
    """The correction from pairs of predicted and measured bytes, newest first; None without any."""
    shares = [measured / predicted - 1 for predicted, measured in loads[:COUNTED_LOADS] if predicted > 0]
    if not shares:
        return None
    mean = statistics.fmean(shares)
    spread = max(abs(share - mean) for share in shares)
    return FitCorrection(loads=len(shares), error_share=_limited(mean), spread_share=_limited(spread))


def _limited(share: float) -> float:
    return max(-_MOST_SHARE, min(_MOST_SHARE, share))


def overhead_bytes(backend: str, engine_bytes: int, correction: FitCorrection | None) -> int:
    """What comes on top of the engine's own sum, never negative."""
    if correction is None:
        return _USUAL_OVERHEAD_BYTES.get(backend, 0)
    return max(0, round(engine_bytes * correction.error_share))


def estimate_range(total_bytes: int, overhead: int, correction: FitCorrection | None) -> tuple[int, int]:
    """Between which totals the truth is expected."""
    if correction is None:
        spread = round(total_bytes * _USUAL_SPREAD_SHARE) + overhead // 2
        return total_bytes - spread, total_bytes + spread
    low_share = min(
        0.0, correction.error_share
    )  # a sum that came out too high is not lowered, only its range
    spread = round(total_bytes * max(correction.spread_share, 0.001))
    return round(total_bytes * (1 + low_share)) - spread, total_bytes + spread
