"""The price of a target or of PROVIDER/MODEL: the user's own first, then the dated base book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.base.units import usd_from_text
from steelyard.core.costs.prices.book import Book, BookModel, shipped_book

if TYPE_CHECKING:
    from decimal import Decimal

    from steelyard.core.values.price_rows import PriceOverride
    from steelyard.core.values.targets import ApiPrices, ApiTarget

FORM_HINT = "Write PROVIDER/MODEL, such as openai/gpt-4o-mini."


@dataclass(frozen=True)
class TokenPrices:
    """USD per million tokens. Where there is no price for cached tokens they cost the input price, and hidden
    reasoning costs the output price.
    """

    input: Decimal
    output: Decimal
    cached: Decimal | None
    cache_write: Decimal | None
    price_id: str
    price_date: str | None
    reasoning: Decimal | None = None


FindPrice = Callable[[str], TokenPrices]
"""The price of a target's name or PROVIDER/MODEL; raises UsageError where none is known."""


@dataclass(frozen=True)
class PriceSources:
    """Where prices are looked up. Both are asked each time, so that a change counts from the next run on."""

    book: Callable[[], Book]
    overrides: Callable[[], Sequence[PriceOverride]]


SHIPPED = PriceSources(shipped_book, list)
"""The book as it came, and no price of the user."""


def prices_for(
    target: ApiTarget, prompt_tokens: int = 0, sources: PriceSources = SHIPPED
) -> TokenPrices | None:
    """The user's prices, else those of the model named by `price_like`, else the book's for this endpoint.

    None means unknown: no price is invented, and an endpoint on this machine is never taken for a vendor's.
    A price that cannot be used is unknown, too (an answer must not be lost over it); `price_problem` tells.
    `prompt_tokens` picks the tier where a vendor charges long prompts more.
    """
    try:
        return _stated_or_found(target, prompt_tokens, sources)
    except AppError:
        return None


def price_problem(target: ApiTarget, sources: PriceSources = SHIPPED) -> AppError | None:
    """Why the price in the settings cannot be used, if it cannot."""
    try:
        _stated_or_found(target, 0, sources)
    except AppError as exc:
        return exc
    return None


def book_prices(price_like: str, prompt_tokens: int = 0, sources: PriceSources = SHIPPED) -> TokenPrices:
    """Prices of PROVIDER/MODEL.

    Raises:
        UsageError: not of that form, or neither the user nor the book has one.
    """
    provider, _, model = price_like.partition("/")
    if not provider or not model:
        raise UsageError("Not a usable price name", repr(price_like), FORM_HINT)
    own = own_price(price_like, sources.overrides())
    if own is not None:
        return override_prices(own)
    found = sources.book().of_provider(provider, model)
    prices = None if found is None else _of_model(found, prompt_tokens, sources)
    if prices is None:
        raise UsageError(
            f"The price book does not know {price_like}",
            f"book {sources.book().name}",
            "Give --price-in and --price-out.",
        )
    return prices


def own_price(model: str, overrides: Sequence[PriceOverride]) -> PriceOverride | None:
    """The user's price of PROVIDER/MODEL, whatever the case of the letters."""
    wanted = model.casefold()
    return next((own for own in overrides if own.model.casefold() == wanted), None)


def override_prices(own: PriceOverride) -> TokenPrices:
    """A price that the user typed, ready to be used.

    Raises:
        AppError: it was changed by hand into something that is no price.
    """
    return _typed(own.model, own, own.date or None)


def target_prices(target: ApiTarget, prices: ApiPrices) -> TokenPrices:
    """The prices that the user gave to one target.

    Raises:
        AppError: they were changed by hand into something that is no price.
    """
    return _typed(target.name, prices, target.prices_date)


def checked_prices(prices: ApiPrices) -> ApiPrices:
    """The same prices if each is an amount of money.

    Raises:
        UsageError: one is not.
    """
    try:
        for text in (prices.input, prices.output, prices.cached, prices.cache_write):
            if text is not None:
                usd_from_text(text)
    except ValueError as exc:
        raise UsageError(
            "Not a usable price", str(exc), "Prices are USD per million tokens, such as 0.15."
        ) from exc
    return prices


def _stated_or_found(target: ApiTarget, prompt_tokens: int, sources: PriceSources) -> TokenPrices | None:
    if target.prices is not None:
        return target_prices(target, target.prices)
    if target.price_like is not None:
        return book_prices(target.price_like, prompt_tokens, sources)
    if is_loopback(host_of(target.url)):
        return None
    found = sources.book().of_endpoint(target.url, target.model)
    return None if found is None else _of_model(found, prompt_tokens, sources, target.model)


def _of_model(
    found: BookModel, prompt_tokens: int, sources: PriceSources, asked: str | None = None
) -> TokenPrices | None:
    """A model may be asked for by a dated name; the user's price of either name counts."""
    names = [found.id] if asked is None else [f"{found.provider.id}/{asked}", found.id]
    for name in names:
        if (own := own_price(name, sources.overrides())) is not None:
            return override_prices(own)
    rates = found.rates(datetime.now(UTC))
    if rates is None:
        return None
    _, met = rates.at(prompt_tokens)
    book = sources.book()
    return TokenPrices(
        input=met.input,
        output=met.output,
        cached=met.cached,
        cache_write=met.cache_write,
        price_id=f"{book.name}:{found.id}",
        price_date=book.date,
        reasoning=met.reasoning,
    )


def _typed(name: str, prices: ApiPrices | PriceOverride, date: str | None) -> TokenPrices:
    def optional(text: str | None) -> Decimal | None:
        return None if text is None else usd_from_text(text)

    try:
        return TokenPrices(
            usd_from_text(prices.input),
            usd_from_text(prices.output),
            optional(prices.cached),
            optional(prices.cache_write),
            price_id=f"user:{name}",
            price_date=date,
        )
    except ValueError as exc:
        raise AppError(
            "A price in the settings is wrong", f"{name}: {exc}", "Correct it in Settings."
        ) from exc
