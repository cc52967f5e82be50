"""One arithmetic for all money of the cost model: decimals of 60 digits, rounded once, when printed."""

from __future__ import annotations

import math
from contextlib import contextmanager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import TYPE_CHECKING

from steelyard.core.base.units import Pico, pico_from_usd, usd_text

if TYPE_CHECKING:
    from collections.abc import Generator

MILLION = Decimal(1_000_000)
MONTH_S = Decimal("2629800")
"""Seconds of a month: 365.25 days / 12."""
MONTH_H = Decimal("730.5")
"""Hours of the same month."""
_SIXTY_DIGITS = Context(
    prec=60, rounding=ROUND_HALF_EVEN, capitals=1, traps=[InvalidOperation, DivisionByZero, Overflow]
)


_FIFTY_DIGITS = Context(prec=50, rounding=ROUND_HALF_EVEN)
_FIFTEEN_DIGITS = Context(prec=15, rounding=ROUND_HALF_EVEN)


@contextmanager
def exact() -> Generator[None]:
    """Compute with 60 digits inside; works as a decorator, too. The context of the caller is left alone."""
    with localcontext(_SIXTY_DIGITS):
        yield


@exact()
def usd_pico(value: Decimal) -> str:
    """Money in USD as a plain decimal string of whole pico-dollars, half to even; may be negative."""
    return usd_text(pico(value)) or "0"


@exact()
def pico(value: Decimal) -> Pico:
    """Whole pico-dollars, half to even; a half that cut-off thirds have moved counts as one."""
    return pico_from_usd(whole_again(value))


def whole_again(value: Decimal) -> Decimal:
    """To 50 of the 60 digits, so that what cut-off thirds have moved apart meets again."""
    return _FIFTY_DIGITS.plus(value)


def as_printed(value: Decimal) -> Decimal:
    """To 15 digits, which a printed number keeps: a volume copied from a capacity is not above it."""
    return _FIFTEEN_DIGITS.plus(value)


def as_float(value: Decimal) -> float:
    """For numbers that are shown or drawn, never for money.

    Raises:
        ValueError: it is not finite, which the limits of the inputs rule out.
    """
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a number of the cost model is not finite")
    return number + 0.0  # -0.0 becomes 0.0
