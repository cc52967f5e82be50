"""Electricity of one machine: what it draws all month, and what a million tokens add to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.costs.exact import MILLION, MONTH_H, MONTH_S

if TYPE_CHECKING:
    from steelyard.core.costs.mix import Mix
    from steelyard.core.values.costs import CostProfile, EnergyPart, RatesPart

_ZERO, _ONE = Decimal(0), Decimal(1)
_JOULES_PER_TOKEN_TO_KWH_PER_M = Decimal("3.6")


@dataclass(frozen=True)
class Electricity:
    """Of one machine. `notes` say what was taken where the profile says nothing."""

    idle_usd_month: Decimal
    """0 where it is not known; then a note says so."""
    marginal_usd_per_m: Decimal | None
    """Above idle, for a million tokens of the mix."""
    busy_usd_month: Decimal | None
    """Above idle, for a month without a pause."""
    notes: list[str]


def token_shares(mix: Mix, cached_share: Decimal) -> tuple[Decimal, Decimal]:
    """Of all tokens: those of prompts that must be read, and those that are generated.

    Cached ones take neither time nor energy.
    """
    whole = mix.input_parts + mix.output_parts
    return mix.input_parts / whole * (1 - cached_share), mix.output_parts / whole


def electricity(profile: CostProfile, mix: Mix | None) -> Electricity:
    """Idle: watts x 730.5 h x tariff x PUE. A million tokens: (active - idle) / rate / 3.6 x tariff x PUE.

    Call it inside `exact()`, with a checked profile.
    """
    energy = profile.energy
    prefill_w, decode_w = _active_watts(energy)
    notes: list[str] = []
    if energy.idle_w is None and decode_w is None:
        is_rented = profile.rent.usd_month_per_machine is not None
        notes.append(
            "Electricity: taken to be in the rent." if is_rented else "Electricity left out: no watts."
        )
    elif energy.tariff_usd_per_kwh is None:
        notes.append("Electricity left out: no tariff.")
    if notes or energy.tariff_usd_per_kwh is None:
        return Electricity(_ZERO, None, None, notes)
    usd_per_kwh = energy.tariff_usd_per_kwh * (energy.pue or _ONE)
    notes += _notes(energy)
    idle_w = energy.idle_w or _ZERO
    idle_usd = idle_w / 1000 * MONTH_H * usd_per_kwh
    if prefill_w is None or decode_w is None:
        return Electricity(
            idle_usd, None, None, [*notes, "Electricity above idle left out: no active watts."]
        )
    kwh_per_m = _kwh_per_m(profile, mix, prefill_w - idle_w, decode_w - idle_w, notes)
    busy_usd = (decode_w - idle_w) / 1000 * MONTH_H * usd_per_kwh
    return Electricity(idle_usd, None if kwh_per_m is None else kwh_per_m * usd_per_kwh, busy_usd, notes)


def _active_watts(energy: EnergyPart) -> tuple[Decimal | None, Decimal | None]:
    prefill, decode = energy.active_prefill_w, energy.active_decode_w
    return (decode if prefill is None else prefill), (prefill if decode is None else decode)


def _notes(energy: EnergyPart) -> list[str]:
    notes: list[str] = []
    if energy.pue is None:
        notes.append("PUE 1: no cooling or losses on top of the machine.")
    if energy.idle_w is None:
        notes.append("Idle power is not known and left out: all active power counts as the tokens'.")
    if (energy.active_prefill_w is None) != (energy.active_decode_w is None):
        given = "generates" if energy.active_prefill_w is None else "reads prompts"
        notes.append(f"Active power: the one figure, of a machine that {given}, stands for both phases.")
    return notes


def _kwh_per_m(
    profile: CostProfile, mix: Mix | None, prefill_w: Decimal, decode_w: Decimal, notes: list[str]
) -> Decimal | None:
    """The watts are those above idle."""
    if mix is not None:
        shares = token_shares(mix, profile.workload.cached_share or _ZERO)
        found = _by_rates(profile.rates, shares, (prefill_w, decode_w))
        if found is not None:
            return found
    whole = profile.rates.capacity_tokens_month
    if whole is None:
        missing = "no mix" if mix is None else "no rates"
        notes.append(f"Electricity for each million tokens is not known: {missing}.")
        return None
    notes.append("Electricity for each million tokens: a month at the power of generation, by the capacity.")
    return decode_w * MONTH_S / whole / _JOULES_PER_TOKEN_TO_KWH_PER_M


def _by_rates(
    rates: RatesPart, shares: tuple[Decimal, Decimal], watts: tuple[Decimal, Decimal]
) -> Decimal | None:
    total = _ZERO
    for share, power_w, rate in zip(shares, watts, (rates.prompt_tps, rates.gen_tps), strict=True):
        if share and rate is None:
            return None
        if share and rate is not None:
            total += share * power_w / rate / _JOULES_PER_TOKEN_TO_KWH_PER_M
    return total


def seconds_per_m(rates: RatesPart, shares: tuple[Decimal, Decimal]) -> Decimal | None:
    """Busy time of one machine for a million tokens; None if a rate that it takes is not known."""
    total = _ZERO
    for share, rate in zip(shares, (rates.prompt_tps, rates.gen_tps), strict=True):
        if share and rate is None:
            return None
        if share and rate is not None:
            total += share * MILLION / rate
    return total
