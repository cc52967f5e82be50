"""What a closed group of inputs says about its numbers. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.widgets.cost_format import grouped_number, percent, tokens, usd

if TYPE_CHECKING:
    from decimal import Decimal

    from steelyard.core.values.costs import CostProfile, CostScenario, Tco

TIMES = "\N{MULTIPLICATION SIGN}"


def summaries(scenario: CostScenario) -> dict[str, str]:
    """By group; what is unknown is left out."""
    profile = scenario.profile
    return {
        "hardware": _hardware(profile) or "not set",
        "energy": _energy(profile) or "not set",
        "people": _people(profile) or "not set",
        "rates": _rates(profile) or "not set",
        "workload": _workload(profile) or "not set",
        "compare": scenario.comparator or "not set",
    }


def hardware_remark(profile: CostProfile, tco: Tco) -> str:
    """`$2,500, 36 months, 20 % left: $55.56/mo`."""
    hardware = profile.hardware
    if hardware.capex_usd is None or hardware.life_months is None:
        return ""
    parts = [_price(hardware.capex_usd), f"{grouped_number(hardware.life_months)} months"]
    if hardware.residual_share:
        parts.append(f"{percent(hardware.residual_share)} left")
    many = f" for {tco.machines:,} machines" if tco.machines > 1 else ""
    return f"{', '.join(parts)}: {usd(tco.monthly.depreciation_usd)}/mo{many}"


def _price(amount: object) -> str:
    text = usd(str(amount))
    return text.removesuffix(".00")


def _rounded(value: Decimal) -> str:
    """Three digits are enough in a summary; the field itself has all of them."""
    places = max(0, 2 - value.adjusted()) if value else 0
    return grouped_number(round(value, places))


def _hardware(profile: CostProfile) -> str:
    hardware = profile.hardware
    rent = profile.rent.usd_month_per_machine
    many = f"{hardware.machines:,} {TIMES} " if (hardware.machines or 1) > 1 else ""
    parts = [f"{many}{_price(hardware.capex_usd)}"] if hardware.capex_usd is not None else []
    if hardware.life_months is not None:
        parts.append(f"{grouped_number(hardware.life_months)} months")
    if rent is not None:
        parts.append(f"{_price(rent)}/mo rent")
    return ", ".join(parts)


def _energy(profile: CostProfile) -> str:
    energy = profile.energy
    watts = [energy.idle_w, energy.active_prefill_w, energy.active_decode_w]
    known = list(dict.fromkeys(_rounded(value) for value in watts if value is not None))
    parts = [f"{' / '.join(known)} W"] if known else []
    if energy.tariff_usd_per_kwh is not None:
        parts.append(f"at {usd(energy.tariff_usd_per_kwh)}")
    return " ".join(parts)


def _people(profile: CostProfile) -> str:
    people = profile.people
    text = ""
    if people.hours_month is not None and people.rate_usd is not None:
        text = f"{grouped_number(people.hours_month)} h {TIMES} {_price(people.rate_usd)}"
    elif people.fte_share is not None and people.salary_usd_year is not None:
        text = f"{percent(people.fte_share)} of {_price(people.salary_usd_year)}"
    if text and people.scale_with_machines:
        text += ", per machine"
    if profile.other.usd_month:
        text = ", ".join(part for part in (text, f"other {_price(profile.other.usd_month)}") if part)
    return text


def _rates(profile: CostProfile) -> str:
    rates = profile.rates
    if rates.capacity_tokens_month is not None:
        return f"{tokens(rates.capacity_tokens_month)} a month"
    known = [_rounded(rate) for rate in (rates.prompt_tps, rates.gen_tps) if rate is not None]
    return f"{' / '.join(known)} tok/s" if known else ""


def _workload(profile: CostProfile) -> str:
    work = profile.workload
    parts = [f"{tokens(work.tokens_month)} a month"] if work.tokens_month is not None else []
    if work.utilisation is not None:
        parts.append(f"{percent(work.utilisation)} busy")
    if work.mix:
        parts.append(work.mix)
    return ", ".join(parts)
