"""Everything that is told of one scenario: its month, and how it stands beside each API."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.checks.checks import cost_checks
from steelyard.core.costs.exact import MILLION, as_float, exact, usd_pico
from steelyard.core.costs.machines.break_even import break_even, payback
from steelyard.core.costs.machines.curve import curve, winner
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.machines.profile_file import MAX_MACHINES, MAX_TOKENS
from steelyard.core.costs.machines.tco import load_of, tco
from steelyard.core.costs.mix import blended_usd_per_m
from steelyard.core.costs.risk.profile_sensitivity import Priced, profile_sensitivity, with_volume
from steelyard.core.values.costs import AgainstApi, CostAnalysis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.costs.machines.model import MachineCosts
    from steelyard.core.costs.risk.profile_uncertainty import ProfileUncertainty
    from steelyard.core.values.costs import Comparator, CostScenario, Payback, Tco

TABLE_TOKENS = tuple(Decimal(millions) * MILLION for millions in (10, 100, 500, 1_000, 5_000, 10_000))
_POINTS_PER_DECADE = 40
_DECADES = (6, 10)
_NO_MIX = "Type the mix of input to output tokens, such as 3:1: without it nothing has a price."


@dataclass(frozen=True)
class _Side:
    """The self-hosted side, computed once for all comparators."""

    scenario: CostScenario
    costs: MachineCosts
    tco: Tco
    tokens_month: Decimal | None
    volumes: list[Decimal]
    draws: ProfileUncertainty | None
    """None without a mix."""


@exact()
def analyse(scenario: CostScenario, comparators: Sequence[Comparator]) -> CostAnalysis:
    """A scenario's month, its standing beside each comparator, and the thirteen checks.

    A comparator without a price stays as it is. Without a mix none has figures, and `comparator.unknown` asks
    for one; without a volume there is what does not need one (curve, break-even).

    Raises:
        UsageError: the profile, `local_share` or `tie_band` cannot be used.
    """
    _check_shares(scenario)
    costs = machine_costs(scenario.profile)
    side = _self_side(scenario, costs)
    return CostAnalysis(
        tco=side.tco,
        against=[_against(side, comparator) for comparator in comparators],
        table_tokens=[as_float(tokens) for tokens in TABLE_TOKENS],
        checks=cost_checks(scenario.profile, side.tco, comparators),
    )


def _check_shares(scenario: CostScenario) -> None:
    for name, share in (("local_share", scenario.local_share), ("tie_band", scenario.tie_band)):
        if share is not None and not (share.is_finite() and 0 <= share <= 1):
            raise UsageError(f"{name} cannot be used", f"{share} is not allowed", "Allowed: from 0 to 1.")


def _self_side(scenario: CostScenario, costs: MachineCosts) -> _Side:
    profile, draws = scenario.profile, None
    tokens_month = load_of(profile, costs).tokens_month
    volumes = _volumes(costs)
    if costs.mix is not None:
        from steelyard.core.costs.risk.profile_uncertainty import (
            ProfileUncertainty,  # numpy: when it is asked for
        )

        draws = ProfileUncertainty(profile, tokens_month, [as_float(tokens) for tokens in volumes])
    return _Side(scenario, costs, tco(profile), tokens_month, volumes, draws)


def _volumes(costs: MachineCosts) -> list[Decimal]:
    """A million to ten billion, evenly on a log axis, and the table's; as far as a million machines go."""
    first, last = (decade * _POINTS_PER_DECADE for decade in _DECADES)
    evenly = {Decimal(round(10 ** (step / _POINTS_PER_DECADE))) for step in range(first, last + 1)}
    most = None if costs.capacity_per_machine is None else costs.capacity_per_machine * MAX_MACHINES
    return [tokens for tokens in sorted(evenly.union(TABLE_TOKENS)) if most is None or tokens <= most]


def _against(side: _Side, comparator: Comparator) -> AgainstApi:
    if comparator.price_in is None or comparator.price_out is None:
        return AgainstApi(comparator=comparator)
    mix, costs, scenario = side.costs.mix, side.costs, side.scenario
    if mix is None or side.draws is None:
        return AgainstApi(comparator=msgspec.structs.replace(comparator, unknown=_NO_MIX))
    price_in, price_out, price_cached = comparator.price_in, comparator.price_out, comparator.price_cached
    cached_share = scenario.profile.workload.cached_share or Decimal(0)
    blended = blended_usd_per_m(price_in, price_out, mix, cached_share, price_cached)
    capacity = costs.capacity_per_machine
    alone = AgainstApi(
        comparator=comparator,
        break_even=break_even(
            costs.fixed_usd(1),
            price_in,
            price_out,
            mix,
            costs.marginal_usd_per_m or Decimal(0),
            None if capacity is None else min(capacity, MAX_TOKENS),
            cached_share,
            price_cached,
        ),
        curve=curve(costs, blended, side.volumes, scenario.local_share, scenario.tie_band)
        if side.volumes
        else None,
        uncertainty=side.draws.against(price_in, price_out, price_cached),
    )
    if side.tokens_month is None:
        return alone
    priced = Priced(with_volume(scenario.profile, side.tokens_month), price_in, price_out, price_cached)
    return _at_volume(alone, side, priced, side.tokens_month * blended / MILLION)


def _at_volume(alone: AgainstApi, side: _Side, priced: Priced, api_exact_usd: Decimal) -> AgainstApi:
    """With what needs a volume; the saving is the difference of the two sums as they are printed."""
    api_usd, self_usd = Decimal(usd_pico(api_exact_usd)), Decimal(side.tco.monthly.total_usd)
    return msgspec.structs.replace(
        alone,
        api_usd_month=usd_pico(api_usd),
        saving_usd_month=usd_pico(api_usd - self_usd),
        winner=winner(api_usd, self_usd, side.scenario.tie_band),
        payback=_payback(side, api_usd),
        sensitivity=profile_sensitivity(priced),
    )


def _payback(side: _Side, api_usd: Decimal) -> Payback | None:
    """Price and set-up of all machines against the API's bill less their running costs; None if rented."""
    hardware, monthly = side.scenario.profile.hardware, side.tco.monthly
    paid = (hardware.capex_usd or Decimal(0)) + (hardware.setup_usd or Decimal(0))
    if not paid:
        return None
    running_usd = Decimal(monthly.total_usd) - Decimal(monthly.depreciation_usd)
    return payback(side.costs.machines * paid, api_usd, running_usd)
