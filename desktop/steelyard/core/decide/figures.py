"""Numbers in sentences: tokens, money and shares as people read them. Only for text, never computed with."""

from __future__ import annotations

from decimal import Decimal

_STEPS = ((Decimal(10**9), " B"), (Decimal(10**6), " M"), (Decimal(10**3), " k"))
_DIGITS = 4


def tokens_text(tokens: Decimal | float) -> str:
    """`95.6 M`, `1.2 B`, `850`: three digits."""
    value = Decimal(str(tokens))
    for size, sign in _STEPS:
        if abs(value) >= size:
            return f"{number_text(value / size, 3)}{sign}"
    return number_text(value)


def money_text(usd: Decimal) -> str:
    """`$4,000`, `$136.21`, `$0.0733`; a loss has its sign in front."""
    sign = "\N{MINUS SIGN}" if usd < 0 else ""
    value = abs(usd)
    if value and value < 1 and value != value.quantize(Decimal("0.01")):
        return f"{sign}${_significant(value, 3)}"
    cents = value.quantize(Decimal("0.01")) if value < Decimal(10**15) else value
    return f"{sign}${cents:,.0f}" if cents == cents.to_integral_value() else f"{sign}${cents:,.2f}"


def share_text(share: Decimal | float) -> str:
    """`7.4 %`, `100 %`; below a tenth of a percent with the digits that it takes."""
    return f"{number_text(Decimal(str(share)) * 100, 3)} %"


def number_text(value: Decimal | float, digits: int = _DIGITS) -> str:
    """Plain notation with thousands, rounded to so many digits but never before the decimal point."""
    number = Decimal(str(value))
    if abs(number) >= 10 ** (digits - 1):
        return f"{number:,.0f}"
    return _significant(number, digits)


def _significant(value: Decimal, digits: int) -> str:
    if not value:
        return "0"
    rounded = round(value, digits - 1 - value.adjusted())
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
