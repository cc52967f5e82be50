"""PROFILE.toml: the keys of a cost profile, their ranges, and what cannot be true together."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.mix import parse_mix
from steelyard.core.costs.toml_in import KeyRule, checked_value, read_rows
from steelyard.core.values.costs import CostProfile

if TYPE_CHECKING:
    from steelyard.core.values.costs import EnergyPart, HardwarePart, PeoplePart

MAX_USD = Decimal(10) ** 15
MAX_TOKENS = Decimal(10) ** 18
MAX_RATE = Decimal(10) ** 9
MAX_MACHINES = Decimal(10) ** 6
_ZERO, _ONE = Decimal(0), Decimal(1)


def usd(default: str, meaning: str, unit: str = "USD") -> KeyRule:
    """The rule of an amount of money, 0 to 10^15."""
    return KeyRule(unit, default, meaning, _ZERO, MAX_USD)


def share(default: str, meaning: str, unit: str = "share") -> KeyRule:
    """The rule of a share, 0 to 1."""
    return KeyRule(unit, default, meaning, _ZERO, _ONE)


def above_zero(unit: str, default: str, meaning: str, high: Decimal = MAX_RATE) -> KeyRule:
    """The rule of what is divided by."""
    return KeyRule(unit, default, meaning, _ZERO, high, is_above_low=True)


def _watts(default: str, meaning: str) -> KeyRule:
    return KeyRule("W", default, meaning, _ZERO, Decimal(10) ** 6)


PROFILE_KEYS: dict[str, KeyRule] = {
    "hardware.capex_usd": usd("0", "purchase price of one machine"),
    "hardware.setup_usd": usd("0", "installation and migration of one machine, written off with it"),
    "hardware.residual_share": share("0", "worth at the end of its life", "share of the purchase price"),
    "hardware.life_months": above_zero("months", "required with a price", "time of use", Decimal(1200)),
    "hardware.machines": KeyRule("machines", "1", "how many there are", _ONE, MAX_MACHINES, kind="whole"),
    "energy.idle_w": _watts("0, with a note", "one machine at the wall, weights loaded, nothing asked"),
    "energy.active_prefill_w": _watts("active_decode_w", "one machine at the wall while it reads prompts"),
    "energy.active_decode_w": _watts("active_prefill_w", "one machine at the wall while it generates"),
    "energy.tariff_usd_per_kwh": KeyRule(
        "USD per kWh", "electricity is left out", "price of electricity", _ZERO, Decimal(1000)
    ),
    "energy.pue": KeyRule("factor", "1", "cooling and losses on top of the machine", _ONE, Decimal(5)),
    "people.hours_month": KeyRule("hours", "0", "work on it in a month", _ZERO, Decimal(10) ** 6),
    "people.rate_usd": usd(
        "required with hours", "an hour, all costs of the employer included", "USD per hour"
    ),
    "people.fte_share": KeyRule("posts", "0", "share of a post, or several posts", _ZERO, Decimal(10) ** 4),
    "people.salary_usd_year": usd("required with a share", "a post, all costs included", "USD per year"),
    "people.scale_with_machines": KeyRule(
        "", "false", "whether each further machine takes the same work again", kind="yes_no"
    ),
    "rent.usd_month_per_machine": usd(
        "0", "billed for every hour of the month, busy or not", "USD per month"
    ),
    "other.usd_month": usd("0", "rack, network, insurance, licences", "USD per month"),
    "rates.prompt_tps": above_zero(
        "tokens/s", "unknown", "prompt tokens read, all streams of a machine together"
    ),
    "rates.gen_tps": above_zero("tokens/s", "unknown", "tokens generated, all streams of a machine together"),
    "rates.concurrency": KeyRule("streams", "1", "at which the rates hold", _ONE, MAX_MACHINES),
    "rates.headroom": above_zero(
        "share of time",
        "1",
        "what may be planned with: availability times reserve for peaks; 0.7 is usual",
        _ONE,
    ),
    "rates.capacity_tokens_month": above_zero(
        "tokens",
        "from the rates",
        "what one machine does in a month, where it is known as a whole",
        MAX_TOKENS,
    ),
    "workload.tokens_month": KeyRule("tokens", "unknown", "input and output of a month", _ZERO, MAX_TOKENS),
    "workload.mix": KeyRule("IN:OUT", "unknown", "input to output tokens, such as 3:1", kind="text"),
    "workload.cached_share": share("0", "found in a prompt cache", "share of input tokens"),
    "workload.reasoning_share": share(
        "unknown", "hidden reasoning; the mix has it in its output", "share of output"
    ),
    "workload.utilisation": share("from the tokens", "stands for tokens_month", "share of capacity"),
}


def read_profile(text: str) -> CostProfile:
    """A profile from its file.

    Raises:
        UsageError: see `read_rows` and `checked_profile`.
    """
    return checked_profile(read_rows(text, CostProfile, "PROFILE.toml", PROFILE_KEYS))


def checked_profile(profile: CostProfile) -> CostProfile:
    """The same profile if each number is in its range and nothing contradicts itself.

    Raises:
        UsageError: the dotted key, what was found, and what to do.
    """
    for key, rule in PROFILE_KEYS.items():
        section, name = key.split(".")
        value = getattr(getattr(profile, section), name)
        if value is not None:
            checked_value(key, value, rule)
    if profile.workload.mix is not None:
        parse_mix(profile.workload.mix)
    _check_hardware(profile.hardware)
    _check_energy(profile.energy)
    _check_people(profile.people)
    return profile


def _check_hardware(hardware: HardwarePart) -> None:
    if (hardware.capex_usd or hardware.setup_usd) and hardware.life_months is None:
        raise UsageError(
            "hardware.life_months is missing",
            "a price without a time of use has no cost per month",
            "Give months, such as 36.",
        )


def _check_energy(energy: EnergyPart) -> None:
    if energy.idle_w is None:
        return
    for name in ("active_prefill_w", "active_decode_w"):
        active: Decimal | None = getattr(energy, name)
        if active is not None and active < energy.idle_w:
            raise UsageError(
                f"energy.{name} is below idle_w",
                f"{active:f} W against {energy.idle_w:f} W",
                "Give the watts of the whole machine, idle power included.",
            )


def _check_people(people: PeoplePart) -> None:
    pairs = (("hours_month", "rate_usd"), ("fte_share", "salary_usd_year"))
    given = [pair for pair in pairs if any(getattr(people, name) is not None for name in pair)]
    if len(given) > 1:
        raise UsageError(
            "people is given twice",
            "hours with a rate, and a share of a post",
            "Keep hours_month and rate_usd, or fte_share and salary_usd_year.",
        )
    for much, price in given:
        if getattr(people, much) is None:
            raise UsageError(
                f"people.{much} is missing", f"{price} alone is no cost", f"Give {much} as well."
            )
        if getattr(people, price) is None and getattr(people, much) != 0:
            raise UsageError(
                f"people.{price} is missing", f"{much} alone is no cost", f"Give {price} as well."
            )
