"""The user's own prices: checked before they are kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import UsageError
from steelyard.core.base.units import usd_from_text
from steelyard.core.costs.prices.price_book import FORM_HINT
from steelyard.core.costs.prices.price_days import checked_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.price_rows import PriceOverride

MAX_OWN = 1000
_MAX_MODEL = 200
_MAX_SOURCE = 300
_OPTIONAL = ("cached", "cache_write", "batch_input", "batch_output")


def checked_own(price: PriceOverride) -> PriceOverride:
    """The same price in plain numbers, dated today if it has no date.

    Raises:
        UsageError: not PROVIDER/MODEL, not an amount of money, half a batch price, no such day, or a source
            that is too long.
    """
    model = price.model.strip()
    provider, _, name = model.partition("/")
    if not provider.strip() or not name.strip() or len(model) > _MAX_MODEL or not model.isprintable():
        raise UsageError("Not a usable price name", repr(price.model[:80]), FORM_HINT)
    source = price.source.strip()
    if len(source) > _MAX_SOURCE or (source and not source.isprintable()):
        raise UsageError(
            "The source is not usable", "it is too long or has line breaks", "Up to 300 letters."
        )
    if bool(price.batch_input) != bool(price.batch_output):
        raise UsageError(
            "Half a batch price", price.model, "Give both the input and the output price, or none."
        )
    amounts = {key: _amount(getattr(price, key)) for key in ("input", "output")}
    amounts |= {key: _amount(text) if (text := getattr(price, key)) else None for key in _OPTIONAL}
    day = checked_day(price.date.strip() or None) or _today()
    return msgspec.structs.replace(price, model=model, source=source, date=day.isoformat(), **amounts)


def with_own(prices: Sequence[PriceOverride], price: PriceOverride) -> list[PriceOverride]:
    """All own prices with this one in place of an older one of the same model, sorted by model.

    Raises:
        UsageError: there are too many.
    """
    kept = without_own(prices, price.model)
    if len(kept) >= MAX_OWN:
        raise UsageError("Too many prices of your own", f"there are {MAX_OWN}", "Remove one first.")
    return sorted([*kept, price], key=lambda row: row.model.casefold())


def without_own(prices: Sequence[PriceOverride], model: str) -> list[PriceOverride]:
    """All own prices but that of this model."""
    return [row for row in prices if row.model.casefold() != model.strip().casefold()]


def _amount(text: str) -> str:
    try:
        return f"{usd_from_text(text).normalize():f}"
    except ValueError as exc:
        hint = "Prices are USD per million tokens, such as 0.15."
        raise UsageError("Not a usable price", str(exc), hint) from exc


def _today() -> date:
    return datetime.now(UTC).date()
