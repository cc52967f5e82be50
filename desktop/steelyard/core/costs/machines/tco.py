"""What a profile costs in its month (total cost of ownership)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import usd_text
from steelyard.core.costs.exact import MILLION, as_float, as_printed, exact, pico, usd_pico
from steelyard.core.costs.machines.model import machine_costs
from steelyard.core.costs.wording import percent_words, tokens_words
from steelyard.core.values.costs import MonthlyCosts, Tco

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.costs.machines.model import MachineCosts
    from steelyard.core.values.costs import CostProfile, WorkloadPart

_AGREEING = Decimal("0.01")
"""Of the capacity: how far tokens and utilisation may be apart when both are stated."""
_NO_PRICE_PER_M = "No price for a million tokens: it takes volume, mix and utilisation."


@dataclass(frozen=True)
class Load:
    """Of all machines; None is unknown."""

    tokens_month: Decimal | None
    utilisation: Decimal | None


@exact()
def tco(profile: CostProfile) -> Tco:
    """A month in parts that add up to the total as printed.

    Electricity is that of all machines idle, plus tokens x marginal; with a utilisation but without what
    tokens cost it is utilisation x (active - idle), at the power of generation.

    Raises:
        UsageError: see `checked_profile`; or the volume is more than the machines can do, or contradicts the
            utilisation.
    """
    costs = machine_costs(profile)
    load = load_of(profile, costs)
    busy_usd, notes = _busy_usd(costs, load)
    parts = {
        "depreciation_usd": costs.machines * costs.depreciation_usd,
        "energy_usd": costs.machines * costs.idle_usd + busy_usd,
        "people_usd": (costs.machines if costs.people_scale else 1) * costs.people_usd,
        "rent_usd": costs.machines * costs.rent_usd,
        "other_usd": costs.other_usd,
    }
    fixed = costs.fixed_usd(costs.machines)
    per_m = _usd_per_m(costs, load, fixed + busy_usd)
    if per_m is None:
        notes.append(_NO_PRICE_PER_M)
    capacity = costs.capacity_per_machine
    return Tco(
        monthly=_monthly(parts),
        usd_per_m=per_m,
        marginal_usd_per_m=None if costs.marginal_usd_per_m is None else usd_pico(costs.marginal_usd_per_m),
        fixed_usd_month=usd_pico(fixed),
        capacity_tokens_month=None if capacity is None else as_float(costs.machines * capacity),
        utilisation=None if load.utilisation is None else as_float(load.utilisation),
        mix=None if costs.mix is None else costs.mix.text,
        concurrency=None if costs.concurrency is None else as_float(costs.concurrency),
        tokens_month=None if load.tokens_month is None else as_float(load.tokens_month),
        machines=costs.machines,
        assumptions=[*costs.assumptions, *notes],
    )


@exact()
def load_of(profile: CostProfile, costs: MachineCosts) -> Load:
    """Volume from utilisation or the other way round, where the capacity is known.

    Raises:
        UsageError: more than the machines can do, or the two contradict each other.
    """
    workload = profile.workload
    if costs.capacity_per_machine is None:
        return Load(workload.tokens_month, workload.utilisation)
    capacity = costs.machines * costs.capacity_per_machine
    tokens = workload.tokens_month
    if tokens is None:
        stated = workload.utilisation
        return Load(None if stated is None else stated * capacity, stated)
    _check_agreement(workload, tokens, capacity)
    if as_printed(tokens / capacity) > 1:
        raise _too_much(tokens, capacity, costs)
    return Load(tokens, min(tokens / capacity, Decimal(1)))


def _check_agreement(workload: WorkloadPart, tokens: Decimal, capacity: Decimal) -> None:
    stated = workload.utilisation
    if stated is not None and abs(tokens - stated * capacity) > _AGREEING * capacity:
        raise UsageError(
            "workload.tokens_month and workload.utilisation contradict each other",
            f"{tokens_words(tokens)} are {percent_words(tokens / capacity)} of the capacity, "
            f"not {percent_words(stated)}",
            "Keep one of them.",
        )


def _too_much(tokens: Decimal, capacity: Decimal, costs: MachineCosts) -> UsageError:
    needed = as_printed(tokens / (capacity / costs.machines)).to_integral_value(rounding=ROUND_CEILING)
    have = "one machine does" if costs.machines == 1 else f"{costs.machines:,} machines do"
    return UsageError(
        "workload.tokens_month is above the capacity",
        f"{tokens_words(tokens)} a month, and {have} {tokens_words(capacity)}",
        f"It takes hardware.machines = {needed:f}, or less volume.",
    )


def _busy_usd(costs: MachineCosts, load: Load) -> tuple[Decimal, list[str]]:
    """Electricity above idle, all machines."""
    if load.tokens_month is not None and costs.marginal_usd_per_m is not None:
        return load.tokens_month * costs.marginal_usd_per_m / MILLION, []
    if load.utilisation is not None and costs.busy_usd is not None:
        note = "Electricity above idle: utilisation times the power of generation."
        return load.utilisation * costs.busy_usd * costs.machines, [note]
    if costs.busy_usd is not None and load.tokens_month is None:
        return Decimal(0), ["Electricity above idle left out: no volume."]
    return Decimal(0), []


def _usd_per_m(costs: MachineCosts, load: Load, total: Decimal) -> str | None:
    if not load.tokens_month or load.utilisation is None or costs.mix is None or costs.concurrency is None:
        return None
    return usd_pico(total / load.tokens_month * MILLION)


def _monthly(parts: Mapping[str, Decimal]) -> MonthlyCosts:
    """Each part is rounded first, so that what is printed adds up."""
    picos = {name: pico(value) for name, value in parts.items()}
    texts = {name: usd_text(pico) or "0" for name, pico in picos.items()}
    return MonthlyCosts(**texts, total_usd=usd_text(sum(picos.values())) or "0")
