"""The calendar month's paid spend, its cap, and where the month is heading."""

from __future__ import annotations

import calendar
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.base.units import PICO_PER_USD, usd_text
from steelyard.core.costs.exact import exact, usd_pico
from steelyard.core.values.cost_ledger import Budget

if TYPE_CHECKING:
    from steelyard.core.base.units import Pico
    from steelyard.core.values.settings import Settings

_DAY_S = Decimal(86_400)
_DAYS_BEFORE_PROJECTION = 3


def month_of(now: datetime) -> str:
    """The calendar month of a local moment: `2026-11`."""
    return f"{now:%Y-%m}"


def cap_usd(settings: Settings) -> Decimal | None:
    """The month's cap as it was typed; None: there is none."""
    cap = settings.costs.month_cap_usd
    return None if cap is None else Decimal(repr(cap))


@exact()
def budget(spent: Pico, cap: Decimal | None, now: datetime) -> Budget:
    """The month so far. `now` is local and knows its zone.

    The projection is spend over days so far, times the days of this month; a month's first three days say
    too little for one.
    """
    spent_usd = Decimal(spent) / PICO_PER_USD
    days = _days_so_far(now)
    month_days = calendar.monthrange(now.year, now.month)[1]
    projected = None if days < _DAYS_BEFORE_PROJECTION else usd_pico(spent_usd / days * month_days)
    return Budget(
        month=month_of(now),
        spent_usd=usd_text(spent) or "0",
        cap_usd=None if cap is None else usd_pico(cap),
        share=None if cap is None else float(spent_usd / cap),
        projected_usd=projected,
    )


def used_up(spent: Pico, cap: Decimal, target: str, *, has_price: bool) -> AppError | None:
    """Why a paid request may not go out; None: it may.

    A target without a price is refused, too: what cannot be counted cannot be kept under a cap.
    """
    with exact():
        if Decimal(spent) < cap * PICO_PER_USD:
            return None
        detail = f"{usd_text(spent)} of {usd_pico(cap)} USD are spent; nothing was sent to {target}"
    if not has_price:
        detail = f"{detail}, whose price is not known"
    remedy = "Raise the cap in Settings (`month_cap_usd` under `[costs]`), or wait for the next month"
    return AppError(
        "The month's budget is used up",
        detail,
        f"{remedy}." if has_price else f"{remedy}; if {target} is free, give it a price of 0.",
    )


def _days_so_far(now: datetime) -> Decimal:
    # The offset of today need not be that of the first of the month.
    begin = datetime(now.year, now.month, 1).astimezone()
    return Decimal(repr((now - begin).total_seconds())) / _DAY_S
