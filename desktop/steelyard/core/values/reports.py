"""Small answers that several commands share."""

from __future__ import annotations

from steelyard.core.values.row import Row


class Spending(Row, frozen=True):
    """Money of the runs since local midnight; USD decimal strings, None when nothing is priced."""

    today_usd: str | None
    runs: int
    unpriced_runs: int


class CostPreview(Row, frozen=True):
    """What sending would cost at most; None when a price is unknown."""

    api_usd_max: str | None
    api_targets: int
    local_targets: int
    unpriced: list[str]
