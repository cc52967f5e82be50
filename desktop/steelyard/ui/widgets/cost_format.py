"""Money, tokens and shares as the Costs page writes them. Unknown is an em dash, never zero. No Qt here."""

from __future__ import annotations

import math
from decimal import Decimal

DASH = "—"
_MINUS = "\N{MINUS SIGN}"
_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_CENTS_BELOW = 100_000
_SHORT_CENTS_BELOW = 100
_KEY_CENTS_BELOW = 1_000


def usd(amount: str | float | Decimal | None) -> str:
    """To the cent where a cent can be seen: `$159.14`, `$21,875`, `$1.2 M`."""
    return _money(amount, _CENTS_BELOW)


def usd_key(amount: str | float | Decimal | None) -> str:
    """For key figures, which have little room: cents below a thousand."""
    return _money(amount, _KEY_CENTS_BELOW)


def usd_short(amount: str | float | Decimal | None) -> str:
    """For tables and charts: `$43.75`, `$438`, `$21,875`."""
    return _money(amount, _SHORT_CENTS_BELOW)


def usd_signed(amount: str | float | Decimal | None) -> str:
    """`+$550`, with a real minus sign below zero."""
    if amount is None:
        return DASH
    text = usd_short(amount)
    return text if text.startswith(_MINUS) or Decimal(str(amount)) == 0 else f"+{text}"


def tokens(number: float | Decimal | None) -> str:
    """Three significant digits: `35.4 M`, `478 M`, `1 B`."""
    if number is None:
        return DASH
    value = float(number)
    for size, letter in _STEPS:
        if value >= size * 0.9995:
            return f"{_significant(value / size)} {letter}"
    return _significant(value)


def percent(share: float | Decimal | None) -> str:
    """`7.4 %`, `20 %`, `168 %`."""
    return DASH if share is None else f"{_significant(float(share) * 100, 2)} %"


def plain_number(value: Decimal | int | None, factor: Decimal = Decimal(1)) -> str:
    """A number as a user would type it: no exponent, no zeros at its end."""
    if value is None:
        return ""
    text = f"{Decimal(value) * factor:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def grouped_number(value: Decimal | int | None, factor: Decimal = Decimal(1)) -> str:
    """`1,500` and `0.15`."""
    whole, point, rest = plain_number(value, factor).partition(".")
    return f"{int(whole):,}{point}{rest}" if len(whole) > 3 else f"{whole}{point}{rest}"


def _money(amount: str | float | Decimal | None, cents_below: float) -> str:
    if amount is None:
        return DASH
    value = Decimal(str(amount))
    size = abs(value)
    sign = _MINUS if value < 0 else ""
    if size == 0:
        return "$0"
    if size >= 1_000_000:
        return f"{sign}${tokens(size)}"
    if size >= cents_below:
        return f"{sign}${size:,.0f}"
    if size >= Decimal("0.1"):
        return f"{sign}${size:,.2f}"
    places = min(12, 1 - size.adjusted())
    return f"{sign}${size:.{places}f}"


def _significant(value: float, digits: int = 3) -> str:
    """At least the whole part, never more than so many digits."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
