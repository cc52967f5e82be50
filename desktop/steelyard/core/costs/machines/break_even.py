"""From which volume on self-hosting is cheaper than an API, and when a purchase has paid for itself."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.costs.exact import MILLION, as_float, as_printed, exact, usd_pico
from steelyard.core.costs.machines.profile_file import MAX_TOKENS, above_zero, share, usd
from steelyard.core.costs.mix import blended_usd_per_m
from steelyard.core.costs.toml_in import KeyRule, checked_number
from steelyard.core.costs.wording import percent_words, tokens_words, usd_words
from steelyard.core.values.costs import BreakEven, HybridCost, Payback

if TYPE_CHECKING:
    from steelyard.core.costs.mix import Mix

_ZERO = Decimal(0)
_MONEY = usd("", "")
_TOKENS = KeyRule("tokens a month", "", "", _ZERO, MAX_TOKENS)
_CAPACITY = above_zero("tokens a month", "", "", MAX_TOKENS)
_SHARE = share("", "")


@exact()
def break_even(
    fixed_usd_month: Decimal,
    price_in: Decimal,
    price_out: Decimal,
    mix: Mix,
    marginal_usd_per_m: Decimal = _ZERO,
    capacity_tokens_month: Decimal | None = None,
    cached_share: Decimal = _ZERO,
    price_cached: Decimal | None = None,
) -> BreakEven:
    """V* = F / (p - m) tokens a month; u* = F / ((p - m) x capacity), above 1 where the machine cannot do it.

    p is the blended price and m the marginal cost, USD per million tokens. Never: p <= m, V* above the
    capacity or above 10^18.

    Raises:
        UsageError: an argument out of its range.
    """
    _check_money(fixed_usd_month=fixed_usd_month, marginal_usd_per_m=marginal_usd_per_m)
    if capacity_tokens_month is not None:
        checked_number("capacity_tokens_month", capacity_tokens_month, _CAPACITY)
    price = blended_usd_per_m(price_in, price_out, mix, cached_share, price_cached)
    margin = price - marginal_usd_per_m
    if margin <= 0:
        return BreakEven(
            blended_usd_per_m=usd_pico(price),
            break_even_tokens_month=None,
            utilisation_at_break_even=None,
            reason=_no_margin(price, marginal_usd_per_m),
        )
    tokens = fixed_usd_month / margin * MILLION
    used = None if capacity_tokens_month is None else tokens / capacity_tokens_month
    is_reached = tokens <= MAX_TOKENS and (used is None or as_printed(used) <= 1)
    return BreakEven(
        blended_usd_per_m=usd_pico(price),
        break_even_tokens_month=as_float(tokens) if is_reached else None,
        utilisation_at_break_even=None if used is None else as_float(used),
        reason=_reason(tokens, used, capacity_tokens_month),
    )


def _check_money(**amounts: Decimal) -> None:
    for name, amount in amounts.items():
        checked_number(name, amount, _MONEY)


def _no_margin(price: Decimal, marginal: Decimal) -> str:
    if price == marginal == 0:
        return "Never: the API costs nothing, so there is nothing to save."
    return (
        f"Never: a million tokens costs {usd_words(price)} at the API, "
        f"and {usd_words(marginal)} in running costs alone on the own machine."
    )


def _reason(tokens: Decimal, used: Decimal | None, capacity: Decimal | None) -> str:
    if tokens == 0:
        return "Self-hosting has no fixed costs here: it is cheaper from the first token on."
    if used is not None and capacity is not None and as_printed(used) > 1:
        return (
            f"Never on this machine: it takes {percent_words(used)} of its capacity "
            f"({tokens_words(tokens)} a month, and it does {tokens_words(capacity)})."
        )
    if tokens > MAX_TOKENS:
        return "Never: it takes more than 10^18 tokens a month."
    part = "" if used is None else f", {percent_words(used)} of the capacity"
    return f"Self-hosting is cheaper above {tokens_words(tokens)} a month{part}."


@exact()
def payback(capex: Decimal, api_usd_month: Decimal, opex_usd_month: Decimal) -> Payback:
    """Months = capex / (API bill - running costs); the residual value is left out.

    Raises:
        UsageError: an argument out of its range.
    """
    _check_money(capex=capex, api_usd_month=api_usd_month, opex_usd_month=opex_usd_month)
    saving = api_usd_month - opex_usd_month
    if saving <= 0:
        return Payback(
            payback_months=None,
            reason=f"Never: the running costs, {usd_words(opex_usd_month)} a month, are not below "
            f"the API's {usd_words(api_usd_month)}.",
        )
    if capex == 0:
        return Payback(payback_months=0.0, reason="Nothing is bought, so there is nothing to pay back.")
    months = capex / saving
    return Payback(
        payback_months=as_float(months),
        reason=f"{usd_words(capex)} are paid back after {_months(months)} of {usd_words(saving)} saved each.",
    )


def _months(months: Decimal) -> str:
    if months > 1200:
        return "more than 1,200 months"
    return "1 month" if months == 1 else f"{months:.3g} months"


@exact()
def hybrid(
    tokens_month: Decimal,
    local_share: Decimal,
    price_in: Decimal,
    price_out: Decimal,
    mix: Mix,
    fixed_usd_month: Decimal,
) -> HybridCost:
    """(1 - r) x V x p + S, for the share r of V tokens that stays local for a fixed sum S.

    It saves above S / (r x p) tokens a month; None if it never does, or not below 10^18.

    Raises:
        UsageError: an argument out of its range.
    """
    checked_number("tokens_month", tokens_month, _TOKENS)
    checked_number("local_share", local_share, _SHARE)
    _check_money(fixed_usd_month=fixed_usd_month)
    price = blended_usd_per_m(price_in, price_out, mix)
    api_usd = tokens_month * price / MILLION
    hybrid_usd = (1 - local_share) * api_usd + fixed_usd_month
    kept = local_share * price
    saves_above = fixed_usd_month / kept * MILLION if kept else None
    return HybridCost(
        api_usd=usd_pico(api_usd),
        hybrid_usd=usd_pico(hybrid_usd),
        saving_share=as_float((api_usd - hybrid_usd) / api_usd) if api_usd else None,
        break_even_tokens_month=None
        if saves_above is None or saves_above > MAX_TOKENS
        else as_float(saves_above),
    )
