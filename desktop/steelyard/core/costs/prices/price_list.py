"""The book as rows, the user's own prices in place of its own, searched by words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.core.costs.prices.price_days import is_stale
from steelyard.core.costs.prices.price_update import update_host
from steelyard.core.costs.prices.retired import retirement
from steelyard.core.values.price_rows import PriceBook, PriceBookInfo, PriceRow, PriceTier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from steelyard.core.costs.prices.book import Book, BookModel
    from steelyard.core.costs.prices.book_rates import ModelRates, Rates
    from steelyard.core.values.cost_commands import ReadPrices
    from steelyard.core.values.price_rows import PriceOverride

MAX_ROWS = 5000


def price_list(command: ReadPrices, book: Book, overrides: Sequence[PriceOverride]) -> PriceBook:
    """The first rows that match, sorted by provider and model, and how many do."""
    rows = [row for row in _all_rows(book, overrides) if row.is_override or not command.overrides_only]
    words = command.query.casefold().split()
    found = [row for row in rows if all(word in f"{row.model} {row.name}".casefold() for word in words)]
    found.sort(key=lambda row: row.model.casefold())
    limit = max(0, min(command.limit, MAX_ROWS))
    return PriceBook(info=book_info(book), rows=found[:limit], total=len(found))


def book_info(book: Book) -> PriceBookInfo:
    """Name, age and size of the book in use."""
    now = datetime.now(UTC)
    return PriceBookInfo(
        name=book.name,
        date=book.date,
        updated_at=book.updated_at,
        age_days=book.age_days(now.date()),
        is_stale=is_stale(book),
        models=sum(model.rates(now) is not None for model in book.models()),
        notice=book.notice,
        update_host=update_host(),
    )


def own_row(own: PriceOverride, book: Book) -> PriceRow:
    """A price of the user, with what the book says about the model beside its price."""
    provider, _, name = own.model.partition("/")
    found = book.of_provider(provider, name)
    return PriceRow(
        model=own.model,
        name=found.name if found else name,
        input=own.input,
        output=own.output,
        cached=own.cached,
        cache_write=own.cache_write,
        batch_input=own.batch_input,
        batch_output=own.batch_output,
        valid_from=own.date or None,
        retired=retirement(found) if found else None,
        context_window=found.info.context_window if found else None,
        price_id=f"user:{own.model}",
        is_override=True,
        source=own.source,
    )


def _all_rows(book: Book, overrides: Sequence[PriceOverride]) -> list[PriceRow]:
    now = datetime.now(UTC)
    replaced = {own.model.casefold() for own in overrides}
    rows = (
        _book_row(model, rates, model.rates(now, is_batch=True), book)
        for model in book.models()
        if model.id.casefold() not in replaced and (rates := model.rates(now)) is not None
    )
    return [*(own_row(own, book) for own in overrides), *rows]


def _book_row(model: BookModel, rates: ModelRates, batch: ModelRates | None, book: Book) -> PriceRow:
    own_batch = None if batch is None or batch.is_halved else batch.base
    return PriceRow(
        model=model.id,
        name=model.name,
        input=f"{rates.base.input:f}",
        output=f"{rates.base.output:f}",
        cached=_text(rates.base.cached),
        cache_write=_text(rates.base.cache_write),
        batch_input=_text(own_batch and own_batch.input),
        batch_output=_text(own_batch and own_batch.output),
        tiers=[_tier(above, tier) for above, tier in rates.tiers],
        valid_from=rates.valid_from.isoformat() if rates.valid_from else None,
        retired=retirement(model),
        context_window=model.info.context_window,
        price_id=f"{book.name}:{model.id}",
        source=next(iter(model.provider.pricing_urls or ()), ""),
    )


def _tier(above: int, rates: Rates) -> PriceTier:
    return PriceTier(
        above_tokens=above,
        input=f"{rates.input:f}",
        output=f"{rates.output:f}",
        cached=_text(rates.cached),
        cache_write=_text(rates.cache_write),
    )


def _text(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate:f}"
