"""The mix of a workload, input to output tokens, and what a million tokens of it cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from steelyard.core.base.errors import UsageError, one_line
from steelyard.core.costs.exact import exact
from steelyard.core.costs.toml_in import KeyRule, checked_number

_PARTS = re.compile(r"\s*(\d{1,15}(?:\.\d{1,15})?)\s*:\s*(\d{1,15}(?:\.\d{1,15})?)\s*", re.ASCII)
_PRICE = KeyRule("USD per million tokens", "", "", Decimal(0), Decimal(10) ** 15)
_SHARE = KeyRule("share of input tokens", "", "", Decimal(0), Decimal(1))
_HINT = "Write input to output tokens, such as 3:1."


@dataclass(frozen=True)
class Mix:
    """Input to output tokens; output has hidden reasoning in it. The shares add up to 1.

    The parts are kept beside the shares because a third has no exact decimal.
    """

    text: str
    input_share: Decimal
    output_share: Decimal
    input_parts: Decimal
    output_parts: Decimal


def parse_mix(text: str) -> Mix:
    """A mix as it is typed, `IN:OUT`.

    Raises:
        UsageError: it is not two numbers with a colon, or both are 0.
    """
    found = _PARTS.fullmatch(text[:100])
    if found is None:
        raise UsageError("Not a usable mix", repr(one_line(text[:40])), _HINT)
    return mix_of(Decimal(found[1]), Decimal(found[2]), text=f"{found[1]}:{found[2]}")


@exact()
def mix_of(input_parts: Decimal, output_parts: Decimal, text: str = "") -> Mix:
    """A mix of so many input to so many output tokens.

    Raises:
        UsageError: a part is negative or not finite, or both are 0.
    """
    is_number = input_parts.is_finite() and output_parts.is_finite()
    if not is_number or min(input_parts, output_parts) < 0 or input_parts + output_parts == 0:
        raise UsageError("Not a usable mix", f"{input_parts}:{output_parts} has no tokens in it", _HINT)
    share = input_parts / (input_parts + output_parts)
    return Mix(text or f"{input_parts:f}:{output_parts:f}", share, 1 - share, input_parts, output_parts)


@exact()
def blended_usd_per_m(
    price_in: Decimal,
    price_out: Decimal,
    mix: Mix,
    cached_share: Decimal = Decimal(0),
    price_cached: Decimal | None = None,
) -> Decimal:
    """USD for a million tokens of the mix, from prices in USD per million.

    `cached_share` is of the input tokens; without a price of their own they cost the input price.

    Raises:
        UsageError: a price is not 0 to 10^15, or the share not 0 to 1.
    """
    cached = price_in if price_cached is None else price_cached
    for name, price in (("price_in", price_in), ("price_out", price_out), ("price_cached", cached)):
        checked_number(name, price, _PRICE)
    checked_number("cached_share", Decimal(cached_share), _SHARE)
    input_price = price_in * (1 - cached_share) + cached * cached_share
    return (input_price * mix.input_parts + price_out * mix.output_parts) / (
        mix.input_parts + mix.output_parts
    )
