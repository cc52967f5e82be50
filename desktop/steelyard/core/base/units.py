"""Money, sizes and times as values and as text. Money is a whole number of pico-dollars."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NewType

Pico = NewType("Pico", int)
"""10^-12 USD. An int, so that a million runs add up exactly."""

PICO_PER_USD = 10**12
_MAX_USD = Decimal(10) ** 15
_AMOUNT = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


def pico_from_usd(usd: Decimal) -> Pico:
    """Whole pico-dollars, half to even."""
    return Pico(int((usd * PICO_PER_USD).to_integral_value(rounding=ROUND_HALF_EVEN)))


def usd_text(pico: int | None) -> str | None:
    """A plain decimal string in USD without trailing zeros: `0.0000125`; None stays None."""
    if pico is None:
        return None
    sign = "-" if pico < 0 else ""
    whole, part = divmod(abs(pico), PICO_PER_USD)
    decimals = f"{part:012d}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def usd_from_text(text: str) -> Decimal:
    """A non-negative, finite amount of money from user input.

    Raises:
        ValueError: not a plain number, negative or absurdly large.
    """
    if not _AMOUNT.fullmatch(text.strip()):  # Decimal itself would take 1_000, NaN and Arabic digits
        raise ValueError(f"{text!r} is not an amount of money")
    value = Decimal(text.strip())
    if value > _MAX_USD:
        raise ValueError(f"{text!r} is not an amount of money between 0 and 10^15")
    return value


def gib_text(size_bytes: int) -> str:
    """Memory as people read it: `21.4 GiB`, below a GiB whole MiB."""
    if size_bytes < 1 << 30:
        return f"{size_bytes / (1 << 20):.0f} MiB"
    return f"{size_bytes / (1 << 30):.1f} GiB"


def duration_text(seconds: float) -> str:
    """A span as people say it: `45 s`, `5 min`, `1 h 5 min`, below a second in ms."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def split_text(share: float) -> str:
    """A split of votes as people say it: 0.65 is `65/35`."""
    percent = round(100 * share, 1)
    return f"{percent:g}/{round(100 - percent, 1):g}"
