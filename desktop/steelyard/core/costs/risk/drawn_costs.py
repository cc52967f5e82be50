"""The cost model once more, over draws: the formulas of `model` and `electricity` on arrays.

Draws without a spread give what the exact model gives; a test holds the two together. Loads numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from steelyard.core.costs.exact import MILLION, MONTH_H, MONTH_S
from steelyard.core.costs.mix import parse_mix
from steelyard.core.costs.risk.uncertainty import DRAWS, drawn, drawn_output_share, spread_of, volume_spread

if TYPE_CHECKING:
    from decimal import Decimal

    from numpy.typing import NDArray

    from steelyard.core.values.costs import CostProfile, Origin

    Draws = NDArray[np.float64]

_SHARES = frozenset({"hardware.residual_share", "workload.cached_share"})
_AS_STATED = frozenset({"rates.headroom"})
"""Chosen by the user, not estimated."""
_TO_KWH_PER_M = 3.6  # a joule for each token is 1 / 3.6 kWh for a million
_LEAST_SECONDS = 1e-15  # draws in which all input is cached
_M, _HOURS, _SECONDS = float(MILLION), float(MONTH_H), float(MONTH_S)


@dataclass(frozen=True)
class DrawnCosts:
    """A profile's costs, USD a month, one figure for each draw; as `MachineCosts`."""

    per_machine_usd: Draws
    shared_usd: Draws
    marginal_usd_per_m: Draws
    capacity_per_machine: Draws | None
    machines: int
    output_share: Draws
    cached_share: Draws

    def blended(self, price_in: float, price_out: float, price_cached: float | None) -> Draws:
        """USD for a million tokens at an API with each draw's mix and cache share."""
        cached = price_in if price_cached is None else price_cached
        input_usd = price_in * (1 - self.cached_share) + cached * self.cached_share
        return input_usd * (1 - self.output_share) + price_out * self.output_share

    def self_usd(self, tokens: Draws, least: int = 1) -> Draws:
        """A month with so many tokens on as many machines as they take, at least `least`.

        `tokens` has a figure for each draw, or a column of volumes for a table of draws.
        """
        if self.capacity_per_machine is None:
            count: Draws | float = float(self.machines)
        else:
            count = np.maximum(least, np.ceil(tokens / self.capacity_per_machine))
        return count * self.per_machine_usd + self.shared_usd + tokens * self.marginal_usd_per_m / _M


class ProfileDraws:
    """Draws of a profile's figures by dotted key."""

    def __init__(self, profile: CostProfile) -> None:
        self._profile = profile

    def origin(self, key: str) -> Origin:
        """Where a figure comes from; what says nothing was typed."""
        return self._profile.origins.get(key, "user")

    def find(self, key: str) -> Draws | None:
        """None if the profile does not have it."""
        section, name = key.split(".")
        value = cast("Decimal | None", getattr(getattr(self._profile, section), name))
        if value is None:
            return None
        spread = 0.0 if key in _AS_STATED else spread_of(self.origin(key))
        draws = drawn(key, float(value), spread)
        return np.minimum(draws, 1.0) if key in _SHARES else draws

    def of(self, key: str, default: float = 0.0) -> Draws:
        """With a default for what the profile does not have."""
        found = self.find(key)
        return np.full(DRAWS, default) if found is None else found

    def output_share(self) -> Draws:
        """Of all tokens; 0 without a mix, which is not used then."""
        mix = self._profile.workload.mix
        if mix is None:
            return np.zeros(DRAWS)
        return drawn_output_share(float(parse_mix(mix).output_share), self.origin("workload.mix"))

    def volume(self, tokens_month: Decimal) -> Draws:
        """Draws of the tokens of the coming month."""
        key = "workload.tokens_month"
        return drawn(key, float(tokens_month), volume_spread(self.origin(key)))


def drawn_costs(profile: CostProfile) -> DrawnCosts:
    """Draws of a checked profile's costs."""
    draws = ProfileDraws(profile)
    people, scales = _people(draws), bool(profile.people.scale_with_machines)
    idle_usd, marginal = _electricity(draws, profile)
    nothing = np.zeros(DRAWS)
    per_machine = _depreciation(draws) + idle_usd + draws.of("rent.usd_month_per_machine")
    return DrawnCosts(
        per_machine_usd=per_machine + (people if scales else nothing),
        shared_usd=draws.of("other.usd_month") + (nothing if scales else people),
        marginal_usd_per_m=marginal,
        capacity_per_machine=_capacity(draws, profile),
        machines=profile.hardware.machines or 1,
        output_share=draws.output_share(),
        cached_share=draws.of("workload.cached_share"),
    )


def _depreciation(draws: ProfileDraws) -> Draws:
    life_months = draws.find("hardware.life_months")
    if life_months is None:
        return np.zeros(DRAWS)
    lost = draws.of("hardware.capex_usd") * (1 - draws.of("hardware.residual_share"))
    return (lost + draws.of("hardware.setup_usd")) / life_months


def _people(draws: ProfileDraws) -> Draws:
    hours = draws.of("people.hours_month") * draws.of("people.rate_usd")
    return hours + draws.of("people.fte_share") * draws.of("people.salary_usd_year") / 12


def _electricity(draws: ProfileDraws, profile: CostProfile) -> tuple[Draws, Draws]:
    """Idle, a month of one machine; and above idle, for a million tokens. 0 where it is not known."""
    nothing, tariff = np.zeros(DRAWS), draws.find("energy.tariff_usd_per_kwh")
    if tariff is None:
        return nothing, nothing
    usd_per_kwh = tariff * _pue(draws, profile)
    idle_usd = draws.of("energy.idle_w") / 1000 * _HOURS * usd_per_kwh
    prefill_w, decode_w = _watts_above_idle(draws, profile)
    if prefill_w is None or decode_w is None:
        return idle_usd, nothing
    joules = None if profile.workload.mix is None else _per_token(draws, prefill_w, decode_w)
    if joules is None:
        whole = draws.find("rates.capacity_tokens_month")
        joules = nothing if whole is None else decode_w * _SECONDS / whole
    return idle_usd, joules / _TO_KWH_PER_M * usd_per_kwh


def _pue(draws: ProfileDraws, profile: CostProfile) -> Draws:
    """What is uncertain is the part above 1: a machine's own watts are always paid."""
    pue = float(profile.energy.pue or 1)
    return 1 + drawn("energy.pue", pue - 1, spread_of(draws.origin("energy.pue")))


def _watts_above_idle(draws: ProfileDraws, profile: CostProfile) -> tuple[Draws | None, Draws | None]:
    """Drawn as what comes on top of idle, so that no draw is busy with less power than idle."""
    energy = profile.energy
    idle_w = float(energy.idle_w or 0)

    def above(*keys: str) -> Draws | None:
        for key in keys:
            watts = cast("Decimal | None", getattr(energy, key.split(".")[1]))
            if watts is not None:
                return drawn(key, float(watts) - idle_w, spread_of(draws.origin(key)))
        return None

    prefill, decode = "energy.active_prefill_w", "energy.active_decode_w"
    return above(prefill, decode), above(decode, prefill)


def _read_and_made(draws: ProfileDraws) -> tuple[Draws, Draws]:
    """Shares of all tokens: prompts that must be read, and output; cached ones take no time."""
    output_share = draws.output_share()
    return (1 - output_share) * (1 - draws.of("workload.cached_share")), output_share


def _per_token(draws: ProfileDraws, prefill: Draws | float, decode: Draws | float) -> Draws | None:
    """Of a token of the mix, from what a second of each phase takes; None if a rate is missing."""
    total = np.zeros(DRAWS)
    sides = zip(_read_and_made(draws), (prefill, decode), ("rates.prompt_tps", "rates.gen_tps"), strict=True)
    for share, per_second, key in sides:
        if share.any():
            rate = draws.find(key)
            if rate is None:
                return None
            total = total + share * per_second / rate
    return total


def _capacity(draws: ProfileDraws, profile: CostProfile) -> Draws | None:
    headroom = draws.of("rates.headroom", 1.0)
    whole = draws.find("rates.capacity_tokens_month")
    if whole is not None:
        return whole * headroom
    if profile.workload.mix is None:
        return None
    seconds = _per_token(draws, 1.0, 1.0)
    return None if seconds is None else _SECONDS * headroom / np.maximum(seconds, _LEAST_SECONDS)
