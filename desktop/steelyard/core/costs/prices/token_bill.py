"""What so many tokens cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import usd_text
from steelyard.core.costs.prices.caching import cache_note
from steelyard.core.costs.run_cost import billed, input_lines
from steelyard.core.values.price_rows import PricedTokens

if TYPE_CHECKING:
    from steelyard.core.costs.prices.price_quote import Quote
    from steelyard.core.values.cost_commands import PriceTokens

MAX_TOKENS = 10**18


def checked_tokens(command: PriceTokens) -> None:
    """Refuse counts that cannot be.

    Raises:
        UsageError: negative, more than 10^18, or more cached tokens than there are.
    """
    counts = {
        "input": command.input,
        "output": command.output,
        "cached": command.cached,
        "cache write": command.cache_write,
        "reasoning": command.reasoning,
    }
    for name, count in counts.items():
        if not 0 <= count <= MAX_TOKENS:
            found = str(count) if abs(count) < 10**24 else "a number of more than 24 digits"
            raise UsageError("Not a usable count of tokens", f"{name}: {found}", "Give 0 to 10^18.")
    if command.cached + command.cache_write > command.input:
        raise UsageError(
            "More cached tokens than input",
            f"{command.cached} read and {command.cache_write} written of {command.input}",
            "Tokens read from and written to a cache are parts of the input.",
        )


def token_bill(command: PriceTokens, quote: Quote) -> PricedTokens:
    """The parts and their sum. Hidden reasoning comes on top of the visible output and is billed like it,
    unless the book has a price of its own for it.
    """
    prices = quote.prices
    lines = [
        *input_lines(command.input, command.cached, command.cache_write, prices),
        ("output", command.output, prices.output),
        ("reasoning", command.reasoning, prices.output if prices.reasoning is None else prices.reasoning),
    ]
    pico, parts = billed(lines)
    notes = list(quote.notes)
    if command.cached and prices.cached is None:
        notes.append("No price for cached tokens is known; they cost the input price.")
    if command.cache_write and prices.cache_write is None:
        notes.append("No price for writing to a cache is known; these tokens cost the input price.")
    elif command.cache_write:
        notes += cache_note(prices)
    return PricedTokens(
        usd=usd_text(pico) or "0",
        price_id=prices.price_id,
        price_date=prices.price_date,
        parts=parts,
        notes=notes,
    )
