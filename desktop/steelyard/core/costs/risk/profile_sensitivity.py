"""What moves the saving of a profile against an API: its bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import msgspec

from steelyard.core.costs.exact import MILLION, as_float, exact, usd_pico
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.profile_file import PROFILE_KEYS
from steelyard.core.costs.mix import blended_usd_per_m, parse_mix
from steelyard.core.costs.risk.sensitivity import (
    MIX_UNIT,
    PEOPLE_STEP,
    PRICE_UNIT,
    STEP,
    Move,
    around,
    mix_around,
    output_share,
    sensitivity,
)
from steelyard.core.costs.toml_in import TINY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.costs import CostProfile, Sensitivity

_STEPS = {
    "workload.tokens_month": STEP,
    "hardware.capex_usd": STEP,
    "hardware.setup_usd": STEP,
    "hardware.life_months": STEP,
    "rent.usd_month_per_machine": STEP,
    "people.hours_month": PEOPLE_STEP,
    "people.fte_share": PEOPLE_STEP,
    "other.usd_month": STEP,
    "energy.tariff_usd_per_kwh": STEP,
    "energy.idle_w": STEP,
    "energy.active_prefill_w": STEP,
    "energy.active_decode_w": STEP,
    "rates.prompt_tps": STEP,
    "rates.gen_tps": STEP,
    "rates.capacity_tokens_month": STEP,
    "workload.cached_share": STEP,
}
"""What is moved, in the order in which equal bars stand. Utilisation follows from volume and capacity."""
_ACTIVE = ("active_prefill_w", "active_decode_w")


@dataclass(frozen=True)
class Priced:
    """A profile with its volume in tokens, and an API's prices in USD per million."""

    profile: CostProfile
    price_in: Decimal
    price_out: Decimal
    price_cached: Decimal | None


@exact()
def profile_sensitivity(priced: Priced) -> Sensitivity:
    """Bars of all that the profile states; what moves nothing is left out.

    Raises:
        UsageError: see `machine_costs`.
    """
    found = sensitivity(_saving, priced, _moves(priced))
    moving = [bar for bar in found.bars if bar.saving_low_usd != bar.saving_high_usd]
    return msgspec.structs.replace(found, bars=moving)


def with_volume(profile: CostProfile, tokens_month: Decimal) -> CostProfile:
    """The profile with its volume in tokens, so that utilisation follows when something else is moved."""
    workload = msgspec.structs.replace(profile.workload, tokens_month=tokens_month, utilisation=None)
    return msgspec.structs.replace(profile, workload=workload)


def _saving(priced: Priced) -> Decimal:
    """The API's bill less the machines' month; of machines as many as are there, or more if it takes more."""
    costs, workload = machine_costs(priced.profile), priced.profile.workload
    tokens = workload.tokens_month or Decimal(0)
    machines = max(costs.machines, costs.machines_for(tokens))
    return tokens * _blended(priced) / MILLION - costs.self_usd(tokens, machines)


def _blended(priced: Priced) -> Decimal:
    workload = priced.profile.workload
    mix, cached_share = parse_mix(workload.mix or ""), workload.cached_share or Decimal(0)
    return blended_usd_per_m(priced.price_in, priced.price_out, mix, cached_share, priced.price_cached)


def _moves(priced: Priced) -> Iterator[Move[Priced]]:
    for key, step in _STEPS.items():
        value = _value(priced.profile, key)
        if not value:
            continue
        low, high = (_allowed(priced.profile, key, moved) for moved in around(value, step))
        unit = PROFILE_KEYS[key].unit
        yield Move(
            what=key,
            low=_label(low, unit),
            high=_label(high, unit),
            at_low=_with(priced, key, low),
            at_high=_with(priced, key, high),
            unit=unit,
        )
    yield _price_move(priced)
    yield _mix_move(priced)


def _price_move(priced: Priced) -> Move[Priced]:
    """All prices at once; shown as what a million tokens of the mix costs."""

    def times(factor: Decimal) -> Priced:
        cached = None if priced.price_cached is None else priced.price_cached * factor
        return replace(
            priced,
            price_in=priced.price_in * factor,
            price_out=priced.price_out * factor,
            price_cached=cached,
        )

    low, high = around(_blended(priced))
    return Move("api.price", usd_pico(low), usd_pico(high), times(1 - STEP), times(1 + STEP), unit=PRICE_UNIT)


def _mix_move(priced: Priced) -> Move[Priced]:
    low, high = mix_around(priced.profile.workload.mix or "")
    return Move(
        "workload.mix",
        output_share(low),
        output_share(high),
        _with(priced, "workload.mix", low),
        _with(priced, "workload.mix", high),
        unit=MIX_UNIT,
    )


def _value(profile: CostProfile, key: str) -> Decimal | None:
    section, name = key.split(".")
    return cast("Decimal | None", getattr(getattr(profile, section), name))


def _allowed(profile: CostProfile, key: str, value: Decimal) -> Decimal:
    """Within the key's range, and active power not below idle."""
    rule, energy = PROFILE_KEYS[key], profile.energy
    lowest, highest = max(rule.low or TINY, TINY), rule.high
    if key.removeprefix("energy.") in _ACTIVE:
        lowest = max(lowest, energy.idle_w or lowest)
    if key == "energy.idle_w":
        highest = min(
            watts for watts in (highest, energy.active_prefill_w, energy.active_decode_w) if watts is not None
        )
    value = max(value, lowest)
    return value if highest is None else min(value, highest)


def _with(priced: Priced, key: str, value: Decimal | str) -> Priced:
    section, name = key.split(".")
    part = msgspec.structs.replace(getattr(priced.profile, section), **{name: value})
    return replace(priced, profile=msgspec.structs.replace(priced.profile, **{section: part}))


def _label(value: Decimal, unit: str) -> float | str:
    return usd_pico(value) if unit.startswith("USD") else as_float(value)
