"""The figures of a case that published rules are held against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from steelyard.core.values.costs import Origin


@dataclass(frozen=True)
class Facts:
    """None is unknown. Money is USD a month, volume and capacity are tokens a month."""

    tokens_month: Decimal | None = None
    blended_usd_per_m: Decimal | None = None
    """USD for a million tokens of the case's mix at the API."""
    api_usd_month: Decimal | None = None
    self_usd_month: Decimal | None = None
    """Sized for the peak, with redundancy and people."""
    hybrid_usd_month: Decimal | None = None
    managed_usd_month: Decimal | None = None
    break_even_tokens_month: Decimal | None = None
    utilisation: Decimal | None = None
    """Of the capacity of the machines that the peak takes."""
    utilisation_at_break_even: Decimal | None = None
    """Above 1: more than one machine can do."""
    payback_months: Decimal | None = None
    """Only where the case has a profile with a purchase price."""
    peak_to_mean: Decimal | None = None
    duty_share: Decimal | None = None
    redundancy: Decimal | None = None
    capacity: Decimal | None = None
    """Of one machine."""
    origins: Mapping[str, Origin] = field(default_factory=dict[str, "Origin"])
    """By the names above and by dotted keys of the case; absent means typed by the user."""

    def origin(self, key: str) -> Origin:
        """Where a figure comes from; a computed one is only as good as the worst figure in it."""
        return self.origins.get(key, "user")
