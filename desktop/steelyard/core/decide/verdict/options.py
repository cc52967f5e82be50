"""What each of the four ways costs in a month, from the figures of a case.

    API      V x p
    own      n x F x redundancy + shared + people + V x m, n = ceil(V x peak / capacity), 1 without a capacity
    hybrid   F x redundancy x ceil(r x V / capacity) + shared + people + r x V x m + (1 - r) x V x p
    managed  a sum a month, or V x its price

V tokens a month, p and m USD per token, F USD a month of one machine, r the share that stays. In the hybrid
the API takes the peaks, so that its machines are sized for the mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import MILLION
from steelyard.core.costs.machines.model import machine_costs, machines_needed
from steelyard.core.costs.mix import blended_usd_per_m, parse_mix
from steelyard.core.decide.cases.case_values import origin_of
from steelyard.core.values.costs import WorkloadPart

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.costs.machines.model import MachineCosts
    from steelyard.core.costs.mix import Mix
    from steelyard.core.costs.prices.price_book import TokenPrices
    from steelyard.core.values.costs import CostProfile, Origin
    from steelyard.core.values.decision import Case, VerdictWord

    FindPrice = Callable[[str], TokenPrices]

WAYS: tuple[VerdictWord, ...] = ("api", "self_host", "hybrid", "managed")
TIE_BAND = Decimal("0.10")
LOCAL_SHARE = Decimal("0.8")
"""Of the tokens, under a hybrid for which nothing else says how much stays: the 80/20 of F1 (S76, S79)."""
FRONTIER_SHARE = Decimal("0.2")
"""Of the tokens, where some need a frontier model and nobody says how many: the same 80/20."""
SPIKY = 3
"""Peak to mean above which a load counts as spiky."""
_ZERO, _ONE = Decimal(0), Decimal(1)
_MONTHS_PER_YEAR = 12


@dataclass(frozen=True)
class ApiPrice:
    """USD per million tokens."""

    input: Decimal
    output: Decimal
    cached: Decimal | None
    origin: Origin
    price_id: str | None = None
    price_date: str | None = None


class Lookup:
    """Prices by name and costs by profile, each computed once: flips ask for a thousand cases."""

    def __init__(self, find_price: FindPrice) -> None:
        self._find_price = find_price
        self._prices: dict[str, TokenPrices] = {}
        self._machines: dict[tuple[int, str | None, Decimal | None], MachineCosts] = {}

    def price(self, case: Case) -> ApiPrice | None:
        """The API's price: what is typed goes before the model's; None is unknown.

        Raises:
            UsageError: the book does not know the model.
        """
        api = case.api
        if api.price_in is not None and api.price_out is not None:
            cached = self._cached_price(api.model)
            return ApiPrice(api.price_in, api.price_out, cached, origin_of(case, "api.price_in"))
        if api.model is None:
            return None
        found = self._found(api.model)
        is_typed = api.price_in is not None or api.price_out is not None
        return ApiPrice(
            found.input if api.price_in is None else api.price_in,
            found.output if api.price_out is None else api.price_out,
            found.cached,
            "user" if is_typed or found.price_id.startswith("user:") else "catalogue",
            found.price_id,
            found.price_date,
        )

    def machines(self, profile: CostProfile, case: Case) -> MachineCosts:
        """A profile at the mix of the case; its own volume and utilisation play no part.

        Raises:
            UsageError: see `machine_costs`.
        """
        key = (id(profile), case.workload.mix, case.workload.cached_share)
        if key not in self._machines:
            workload = WorkloadPart(mix=case.workload.mix, cached_share=case.workload.cached_share)
            self._machines[key] = machine_costs(msgspec.structs.replace(profile, workload=workload))
        return self._machines[key]

    def _cached_price(self, model: str | None) -> Decimal | None:
        if model is None:
            return None
        try:
            return self._found(model).cached
        except UsageError:  # both prices are typed: the name is only a name
            return None

    def _found(self, model: str) -> TokenPrices:
        if model not in self._prices:
            self._prices[model] = self._find_price(model)
        return self._prices[model]


@dataclass(frozen=True)
class Inputs:
    """The figures that costs are computed from. None is unknown."""

    tokens: Decimal | None
    mix: Mix | None
    cached_share: Decimal
    peak: Decimal
    price: ApiPrice | None
    blended: Decimal | None
    """USD per million tokens of the mix at the API."""
    managed_usd_month: Decimal | None
    managed_blended: Decimal | None
    fixed: Decimal | None
    """One machine, USD a month."""
    shared: Decimal
    people: Decimal | None
    marginal: Decimal
    capacity: Decimal | None
    redundancy: int
    least_machines: int
    machine: MachineCosts | None = None


def effective(case: Case) -> Case:
    """The case with what only its profile says of the workload, and without a regime that is named "none"."""
    profile = case.self_.profile
    if case.constraints.regime is not None and case.constraints.regime.strip().casefold() in ("none", ""):
        constraints = msgspec.structs.replace(case.constraints, regime=None)
        case = msgspec.structs.replace(case, constraints=constraints)
    if profile is None:
        return case
    ours, theirs = case.workload, profile.workload
    fills = {
        name: getattr(theirs, name)
        for name in ("tokens_month", "mix", "cached_share")
        if getattr(ours, name) is None and getattr(theirs, name) is not None
    }
    if not fills:
        return case
    origins = {f"workload.{name}": profile.origins.get(f"workload.{name}", "user") for name in fills}
    return msgspec.structs.replace(
        case, workload=msgspec.structs.replace(ours, **fills), origins={**case.origins, **origins}
    )


def inputs_of(case: Case, lookup: Lookup) -> Inputs:
    """The figures of an effective case.

    Raises:
        UsageError: the model is in no price book, or the profile makes no sense.
    """
    work, own, managed = case.workload, case.self_, case.managed
    mix = None if work.mix is None else parse_mix(work.mix)
    cached_share = work.cached_share or _ZERO
    price = lookup.price(case)
    blended = managed_blended = None
    if mix is not None and price is not None:
        blended = blended_usd_per_m(price.input, price.output, mix, cached_share, price.cached)
    if mix is not None and managed.price_in is not None and managed.price_out is not None:
        managed_blended = blended_usd_per_m(managed.price_in, managed.price_out, mix)
    machine = None if own.profile is None else lookup.machines(own.profile, case)
    fixed, shared = _fixed(case, machine)
    return Inputs(
        tokens=work.tokens_month,
        mix=mix,
        cached_share=cached_share,
        peak=work.peak_to_mean or _ONE,
        price=price,
        blended=blended,
        managed_usd_month=managed.usd_month,
        managed_blended=managed_blended,
        fixed=fixed,
        shared=shared,
        people=_people(case),
        marginal=_first(own.marginal_usd_per_m, machine and machine.marginal_usd_per_m) or _ZERO,
        capacity=_first(own.capacity_tokens_month, machine and machine.capacity_per_machine),
        redundancy=own.redundancy or 1,
        least_machines=machine.machines if machine else 1,
        machine=machine,
    )


def machines_for(inputs: Inputs, tokens: Decimal) -> int:
    """The fewest that can do so many tokens a month, redundancy left out.

    Raises:
        UsageError: more than a million.
    """
    if inputs.capacity is None:
        return inputs.least_machines
    return machines_needed(
        tokens,
        inputs.capacity,
        "Correct workload.tokens_month, workload.peak_to_mean or self.capacity_tokens_month.",
    )


def api_usd(inputs: Inputs) -> Decimal | None:
    """A month at the API."""
    if inputs.tokens is None or inputs.blended is None:
        return None
    return inputs.tokens * inputs.blended / MILLION


def self_usd(inputs: Inputs) -> Decimal | None:
    """A month on own machines, sized for the peak.

    Raises:
        UsageError: see `machines_for`.
    """
    if inputs.tokens is None:
        return None
    return _own_usd(inputs, inputs.tokens, machines_for(inputs, inputs.tokens * inputs.peak))


def hybrid_usd(inputs: Inputs, local_share: Decimal) -> Decimal | None:
    """A month with a share of the tokens on own machines, sized for the mean.

    Raises:
        UsageError: see `machines_for`.
    """
    bill = api_usd(inputs)
    if inputs.tokens is None or bill is None:
        return None
    kept = inputs.tokens * local_share
    own = _own_usd(inputs, kept, machines_for(inputs, kept))
    return None if own is None else own + (1 - local_share) * bill


def managed_usd(inputs: Inputs) -> Decimal | None:
    """A month of an open model that somebody else hosts."""
    if inputs.managed_usd_month is not None:
        return inputs.managed_usd_month
    if inputs.tokens is None or inputs.managed_blended is None:
        return None
    return inputs.tokens * inputs.managed_blended / MILLION


def _own_usd(inputs: Inputs, tokens: Decimal, machines: int) -> Decimal | None:
    if inputs.fixed is None or inputs.people is None:
        return None
    standing = machines * inputs.redundancy * inputs.fixed + inputs.shared + inputs.people
    return standing + tokens * inputs.marginal / MILLION


def _fixed(case: Case, machine: MachineCosts | None) -> tuple[Decimal | None, Decimal]:
    if case.self_.fixed_usd_month is not None:
        return case.self_.fixed_usd_month, _ZERO
    profile = case.self_.profile
    if machine is None or profile is None or not has_costs(profile):
        return None, _ZERO
    return machine.per_machine_usd, machine.shared_usd


def has_costs(profile: CostProfile) -> bool:
    """Whether it says what a machine costs: without purchase, rent or another sum it would seem free."""
    stated = (profile.hardware.capex_usd, profile.rent.usd_month_per_machine, profile.other.usd_month)
    return any(value is not None for value in stated)


def _people(case: Case) -> Decimal | None:
    """USD a month. A share of a post without a salary is unknown; no share at all is nobody."""
    share, salary = case.team.fte_share, case.team.salary_usd_year
    if not share:
        return _ZERO
    return None if salary is None else share * salary / _MONTHS_PER_YEAR


def _first(typed: Decimal | None, computed: Decimal | None) -> Decimal | None:
    return computed if typed is None else typed
