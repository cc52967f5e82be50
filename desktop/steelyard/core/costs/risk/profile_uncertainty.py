"""How sure a profile's comparison with an API is. Loads numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steelyard.core.costs.exact import MILLION
from steelyard.core.costs.machines.profile_file import MAX_TOKENS
from steelyard.core.costs.risk.drawn_costs import ProfileDraws, drawn_costs
from steelyard.core.costs.risk.uncertainty import DRAWS, SHARE_NEEDED, band, bands, share_true
from steelyard.core.values.costs import Band, BandRow, Uncertainty

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from numpy.typing import NDArray

    from steelyard.core.values.costs import CostProfile

    Draws = NDArray[np.float64]

_M = float(MILLION)


class ProfileUncertainty:
    """The draws of one profile; each API is held against the same ones.

    Args:
        profile: a checked one.
        tokens_month: its volume, if it has one.
        volumes: where the self-hosted line gets a band.
    """

    def __init__(self, profile: CostProfile, tokens_month: Decimal | None, volumes: Sequence[float]) -> None:
        self._costs = drawn_costs(profile)
        self._volume = None if tokens_month is None else ProfileDraws(profile).volume(tokens_month)
        self._curve = self._band_rows(volumes)

    def against(self, price_in: Decimal, price_out: Decimal, price_cached: Decimal | None) -> Uncertainty:
        """Saving and how often it is one, and the break-even on one machine; prices are not drawn."""
        cached = None if price_cached is None else float(price_cached)
        blended = self._costs.blended(float(price_in), float(price_out), cached)
        reached, share_reached = self._break_even(blended)
        saving = self._saving(blended)
        return Uncertainty(
            draws=DRAWS,
            share_self_cheaper=None if saving is None else share_true(saving > 0),
            saving_usd=None if saving is None else band(saving),
            break_even=reached,
            break_even_share=share_reached,
            curve=self._curve,
        )

    def _saving(self, blended: Draws) -> Draws | None:
        if self._volume is None:
            return None
        return self._volume * blended / _M - self._costs.self_usd(self._volume, self._costs.machines)

    def _break_even(self, blended: Draws) -> tuple[Band | None, float]:
        """Fixed costs of one machine by what each token saves, where the machine can do as many."""
        costs = self._costs
        margin = (blended - costs.marginal_usd_per_m) / _M
        fixed = costs.per_machine_usd + costs.shared_usd
        capacity = costs.capacity_per_machine
        most = float(MAX_TOKENS) if capacity is None else np.minimum(capacity, float(MAX_TOKENS))
        tokens = np.divide(fixed, margin, out=np.full(DRAWS, np.inf), where=margin > 0)
        is_reached = tokens <= most
        share = share_true(is_reached)
        return (band(tokens[is_reached]) if share >= SHARE_NEEDED else None), share

    def _band_rows(self, volumes: Sequence[float]) -> list[BandRow]:
        if not volumes:
            return []
        column = np.array(volumes, dtype=np.float64)[:, np.newaxis]
        found = bands(self._costs.self_usd(column))
        return [
            BandRow(tokens_month=tokens, self_usd=usd) for tokens, usd in zip(volumes, found, strict=True)
        ]
