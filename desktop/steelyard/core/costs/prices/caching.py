"""When writing a prompt to a cache pays: on the first call that costs less than without."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from steelyard.core.costs.exact import exact

if TYPE_CHECKING:
    from decimal import Decimal

    from steelyard.core.costs.prices.price_book import TokenPrices


@exact()
def calls_to_pay(input_usd: Decimal, write_usd: Decimal, read_usd: Decimal) -> Decimal | None:
    """Calls with one prompt at which a cache has paid: write + (n - 1) * read = n * input, so
    n = (write - read) / (input - read). Prices per million tokens. None: reading saves nothing.

    With Anthropic's ratios 1.278 for a write that lasts five minutes (1.25 and 0.1 of the input price) and
    2.111 for one hour (2 and 0.1).
    """
    if read_usd >= input_usd:
        return None
    return (write_usd - read_usd) / (input_usd - read_usd)


def cache_note(prices: TokenPrices) -> list[str]:
    """From which call on a written prompt pays, where that can be said."""
    if prices.cached is None or prices.cache_write is None:
        return []
    calls = calls_to_pay(prices.input, prices.cache_write, prices.cached)
    if calls is None or calls <= 1:
        return []
    return [f"Writing a prompt to the cache pays from call {math.ceil(calls)} on, while it lasts."]
