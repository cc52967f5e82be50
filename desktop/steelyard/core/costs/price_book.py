"""The dated base book of API prices (genai-prices, offline) behind the user's own prices."""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.base.units import usd_from_text

if TYPE_CHECKING:
    from steelyard.core.values.targets import ApiPrices, ApiTarget


@dataclass(frozen=True)
class TokenPrices:
    """USD per million tokens. Where there is no price for cached tokens they cost the input price."""

    input: Decimal
    output: Decimal
    cached: Decimal | None
    cache_write: Decimal | None
    price_id: str
    price_date: str | None


def prices_for(target: ApiTarget, prompt_tokens: int = 0) -> TokenPrices | None:
    """The user's prices, else those of the model named by `price_like`, else the book's for this endpoint.

    None means unknown: no price is invented, and an endpoint on this machine is never taken for a vendor's.
    A price that cannot be used is unknown, too (an answer must not be lost over it); `price_problem` tells.
    `prompt_tokens` picks the tier where a vendor charges long prompts more.
    """
    try:
        return _stated_or_found(target, prompt_tokens)
    except AppError:
        return None


def price_problem(target: ApiTarget) -> AppError | None:
    """Why the price in the settings cannot be used, if it cannot."""
    try:
        _stated_or_found(target, 0)
    except AppError as exc:
        return exc
    return None


def _stated_or_found(target: ApiTarget, prompt_tokens: int) -> TokenPrices | None:
    if target.prices is not None:
        return _user_prices(target.name, target.prices, target.prices_date)
    if target.price_like is not None:
        return book_prices(target.price_like, prompt_tokens)
    if is_loopback(host_of(target.url)):
        return None
    return _find(target.model, prompt_tokens, provider_api_url=target.url)


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


def book_prices(price_like: str, prompt_tokens: int = 0) -> TokenPrices:
    """Prices of PROVIDER/MODEL.

    Raises:
        UsageError: not of that form, or not in the book.
    """
    provider, _, model = price_like.partition("/")
    if not provider or not model:
        raise UsageError(
            "Not a usable price name", repr(price_like), "Write PROVIDER/MODEL, such as openai/gpt-4o-mini."
        )
    found = _find(model, prompt_tokens, provider_id=provider)
    if found is None:
        raise UsageError(
            f"The price book does not know {price_like}",
            f"book {book_name()}",
            "Give --price-in and --price-out.",
        )
    return found


def book_name() -> str:
    """Name and version of the base book; it stands in each price id."""
    return f"genai-prices {importlib.metadata.version('genai-prices')}"


def _user_prices(name: str, prices: ApiPrices, date: str | None) -> TokenPrices:
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


def _find(
    model: str, prompt_tokens: int, *, provider_id: str | None = None, provider_api_url: str | None = None
) -> TokenPrices | None:
    from genai_prices import data_snapshot  # 1.6 MB of data: not before the first price is asked for

    try:
        provider, info = data_snapshot.get_snapshot().find_provider_model(
            model, None, provider_id, provider_api_url
        )
    except LookupError:
        return None
    prices = info.get_prices(datetime.now(UTC))

    def rate(name: str) -> Decimal | None:
        return _rate(getattr(prices, name, None), prompt_tokens)

    input_rate, output_rate = rate("input_mtok"), rate("output_mtok")
    if input_rate is None or output_rate is None:
        return None
    return TokenPrices(
        input_rate,
        output_rate,
        rate("cache_read_mtok"),
        rate("cache_write_mtok"),
        price_id=f"{book_name()}:{provider.id}/{info.id}",
        price_date=_book_date(),
    )


def _rate(price: Any, prompt_tokens: int) -> Decimal | None:
    """A price as one number; crossing a tier applies its price to all tokens, as vendors bill."""
    if price is None or isinstance(price, Decimal):
        return price
    rate: Decimal = price.base
    for tier in price.tiers:
        if prompt_tokens > tier.start:
            rate = tier.price
    return rate


@functools.cache
def _book_date() -> str | None:
    """The newest day on which the book says a price began: it knows nothing later."""
    from genai_prices import data_snapshot
    from genai_prices.types import ModelPrice

    today = datetime.now(UTC).date()
    days = [
        start
        for provider in data_snapshot.get_snapshot().providers
        for model in provider.models
        for price in [
            *([] if isinstance(model.prices, ModelPrice) else model.prices),
            *(model.price_variants or ()),
        ]
        if (start := getattr(price.constraint, "start_date", None)) is not None and start <= today
    ]
    return max(days).isoformat() if days else None
