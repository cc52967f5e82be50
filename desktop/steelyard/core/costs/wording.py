"""Numbers of the cost model in a sentence."""

from __future__ import annotations

from decimal import Decimal

from steelyard.core.costs.exact import exact

_MOST_TOKENS = Decimal(10) ** 18
_MOST_TIMES = 10**6
_STEPS = ((Decimal(10) ** 12, "trillion"), (Decimal(10) ** 9, "billion"), (Decimal(10) ** 6, "million"))


@exact()
def tokens_words(tokens: Decimal) -> str:
    """`35.4 million tokens`, `812 tokens`."""
    if tokens > _MOST_TOKENS:
        return "more than 10^18 tokens"
    for size, word in _STEPS:
        if tokens >= size * Decimal("0.9995"):
            return f"{_digits(tokens / size)} {word} tokens"
    return f"{tokens.quantize(Decimal(1)):,f} tokens"


@exact()
def usd_words(usd: Decimal) -> str:
    """`$4,000.00`, `$0.0733`; below a dollar three digits."""
    sign = "-" if usd < 0 else ""
    amount = abs(usd)
    if amount == 0:
        return "$0"
    return f"{sign}${amount:,.2f}" if amount >= 1 else f"{sign}${_digits(amount)}"


@exact()
def percent_words(share: Decimal) -> str:
    """`21.3 %`, `812 %`."""
    if share > _MOST_TIMES:
        return f"more than {_MOST_TIMES:,} times 100 %"
    return f"{_digits(share * 100)} %"


def _digits(value: Decimal) -> str:
    """Three significant digits, or all before the point; no exponent."""
    if value == 0:
        return "0"
    places = max(0, 2 - value.adjusted())
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
