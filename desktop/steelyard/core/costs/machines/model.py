"""A profile as costs: what a machine costs in a month, what tokens add to it, and how much it can do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import MILLION, MONTH_S, as_printed, exact
from steelyard.core.costs.machines.electricity import electricity, seconds_per_m, token_shares
from steelyard.core.costs.machines.profile_file import MAX_MACHINES, checked_profile
from steelyard.core.costs.mix import parse_mix

if TYPE_CHECKING:
    from steelyard.core.costs.mix import Mix
    from steelyard.core.values.costs import CostProfile, HardwarePart, PeoplePart

_ZERO, _ONE = Decimal(0), Decimal(1)
_MONTHS_PER_YEAR = 12


@exact()
def machines_needed(tokens: Decimal, capacity: Decimal, hint: str) -> int:
    """The fewest machines of this capacity that do so many tokens in a month, at least 1.

    Raises:
        UsageError: more than a million; `hint` says what to correct.
    """
    machines = as_printed(tokens / capacity).to_integral_value(rounding=ROUND_CEILING)
    if machines > MAX_MACHINES:
        raise UsageError(
            "The load takes too many machines",
            f"more than {MAX_MACHINES:,} for {tokens:.6g} tokens a month",
            hint,
        )
    return max(1, int(machines))


@dataclass(frozen=True)
class MachineCosts:
    """USD a month, unless the name says otherwise. What is unknown is 0 in money; `assumptions` say so."""

    depreciation_usd: Decimal
    """Of one machine, as `idle_usd` (electricity) and `rent_usd`."""
    idle_usd: Decimal
    rent_usd: Decimal
    people_usd: Decimal
    """Of one machine if `people_scale`, else of all."""
    people_scale: bool
    other_usd: Decimal
    marginal_usd_per_m: Decimal | None
    busy_usd: Decimal | None
    """Electricity above idle of one machine that never pauses."""
    capacity_per_machine: Decimal | None
    """Tokens a month, headroom in it."""
    machines: int
    mix: Mix | None
    concurrency: Decimal | None
    assumptions: tuple[str, ...] = ()

    @property
    @exact()
    def per_machine_usd(self) -> Decimal:
        """What each machine adds, idle electricity in it."""
        people = self.people_usd if self.people_scale else _ZERO
        return self.depreciation_usd + self.idle_usd + self.rent_usd + people

    @property
    @exact()
    def shared_usd(self) -> Decimal:
        """What does not grow with machines."""
        return self.other_usd + (_ZERO if self.people_scale else self.people_usd)

    def machines_for(self, tokens: Decimal) -> int:
        """The fewest that can do so many tokens in a month, at least 1; without a capacity `machines`.

        Raises:
            UsageError: more than a million.
        """
        if self.capacity_per_machine is None:
            return self.machines
        hint = "Correct the volume, the rates or the capacity."
        return machines_needed(tokens, self.capacity_per_machine, hint)

    @exact()
    def fixed_usd(self, machines: int) -> Decimal:
        """A month of so many machines without a token."""
        return machines * self.per_machine_usd + self.shared_usd

    @exact()
    def self_usd(self, tokens: Decimal, machines: int | None = None) -> Decimal:
        """A month with so many tokens, on as many machines as they take unless the number is given.

        Raises:
            UsageError: as `machines_for`.
        """
        count = self.machines_for(tokens) if machines is None else machines
        return self.fixed_usd(count) + tokens * (self.marginal_usd_per_m or _ZERO) / MILLION


@exact()
def machine_costs(profile: CostProfile) -> MachineCosts:
    """Depreciation (price + set-up - residual) / life, electricity, people, rent, other; and the capacity.

    Of one machine: 2,629,800 s x headroom / seconds for a million tokens of the mix, cached ones free.

    Raises:
        UsageError: see `checked_profile`.
    """
    checked_profile(profile)
    mix = None if profile.workload.mix is None else parse_mix(profile.workload.mix)
    power = electricity(profile, mix)
    capacity, notes = _capacity(profile, mix)
    concurrency = _concurrency(profile)
    if concurrency is not None and profile.rates.concurrency is None:
        notes.append("Concurrency 1: nothing else is stated, and streams are not multiplied.")
    return MachineCosts(
        depreciation_usd=_depreciation(profile.hardware),
        idle_usd=power.idle_usd_month,
        rent_usd=profile.rent.usd_month_per_machine or _ZERO,
        people_usd=_people(profile.people),
        people_scale=bool(profile.people.scale_with_machines),
        other_usd=profile.other.usd_month or _ZERO,
        marginal_usd_per_m=power.marginal_usd_per_m,
        busy_usd=power.busy_usd_month,
        capacity_per_machine=capacity,
        machines=profile.hardware.machines or 1,
        mix=mix,
        concurrency=concurrency,
        assumptions=(*_money_notes(profile), *power.notes, *notes),
    )


def _depreciation(hardware: HardwarePart) -> Decimal:
    if hardware.life_months is None:
        return _ZERO
    price = hardware.capex_usd or _ZERO
    return (
        price + (hardware.setup_usd or _ZERO) - (hardware.residual_share or _ZERO) * price
    ) / hardware.life_months


def _people(people: PeoplePart) -> Decimal:
    if people.hours_month is not None:
        return people.hours_month * (people.rate_usd or _ZERO)
    return (people.fte_share or _ZERO) * (people.salary_usd_year or _ZERO) / _MONTHS_PER_YEAR


def _concurrency(profile: CostProfile) -> Decimal | None:
    """Any figure of the load needs one; where nothing says otherwise streams are not multiplied."""
    rates = profile.rates
    stated = (rates.prompt_tps, rates.gen_tps, rates.capacity_tokens_month, profile.workload.utilisation)
    return rates.concurrency or (_ONE if any(value is not None for value in stated) else None)


def _capacity(profile: CostProfile, mix: Mix | None) -> tuple[Decimal | None, list[str]]:
    rates = profile.rates
    headroom = rates.headroom or _ONE
    if rates.capacity_tokens_month is not None:
        return rates.capacity_tokens_month * headroom, []
    if mix is None:
        has_rates = rates.prompt_tps is not None or rates.gen_tps is not None
        return None, ["Capacity is not known: no mix."] if has_rates else []
    seconds = seconds_per_m(rates, token_shares(mix, profile.workload.cached_share or _ZERO))
    if not seconds:
        return None, [
            "Capacity is not known: no rates." if seconds is None else "Cached tokens take no time."
        ]
    notes = [] if rates.headroom else ["Headroom 1: no reserve for peaks and failures; 0.7 is usual."]
    return MONTH_S * headroom * MILLION / seconds, notes


def _money_notes(profile: CostProfile) -> list[str]:
    notes: list[str] = []
    hardware, people = profile.hardware, profile.people
    if hardware.capex_usd and hardware.residual_share is None:
        notes.append("Residual value 0 at the end of the machine's life.")
    if people.hours_month is None and people.fte_share is None:
        notes.append("People left out: no hours and no share of a post.")
    if people.scale_with_machines is None and (hardware.machines or 1) > 1:
        notes.append("People do not grow with machines.")
    return notes
