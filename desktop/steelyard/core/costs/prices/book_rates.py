"""A model's prices at a moment, with the tiers for long prompts, and in a batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

    from genai_prices.types import ModelInfo, ModelPrice

_BATCH = {"processing": "batch"}
_HALF = Decimal("0.5")
HALF_IN_BATCH = ("anthropic", "google", "openai")
"""Vendors who say that a batch costs half of the price, whatever the model."""
_CACHE_IN_BATCH = ("anthropic",)
"""Vendors whose cache prices are halved as well; with the others they stay."""


@dataclass(frozen=True)
class Rates:
    """USD per million tokens; None where a kind of token has no price of its own."""

    input: Decimal
    output: Decimal
    cached: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None


@dataclass(frozen=True)
class ModelRates:
    """`tiers` are (more prompt tokens than, prices), ascending; they go for all tokens of such a request."""

    base: Rates
    tiers: list[tuple[int, Rates]] = field(default_factory=list[tuple[int, Rates]])
    valid_from: date | None = None
    """Since when the book has this price; None: it does not say."""
    is_halved: bool = False
    """A batch price by the vendor's general rule, not one of this model's own."""
    is_by_hour: bool = False
    """The price depends on the hour of the day."""

    def at(self, prompt_tokens: int) -> tuple[int, Rates]:
        """The tier that a prompt of this length meets (0: none) and its prices."""
        met = (0, self.base)
        for above, rates in self.tiers:
            if prompt_tokens > above:
                met = (above, rates)
        return met


def rates_of(provider: str, info: ModelInfo, when: datetime, *, is_batch: bool) -> ModelRates | None:
    """Prices of a model at a moment; None if it has none for input and output tokens, or none for a batch."""
    has_batch = is_batch and _has_batch(info, when)
    if is_batch and not has_batch and provider not in HALF_IN_BATCH:
        return None
    prices = info.get_prices(when, _BATCH if has_batch else None)
    base = _rates(prices, 0)
    if base is None:
        return None
    tiers = [(start, rates) for start in _starts(prices) if (rates := _rates(prices, start + 1))]
    if is_batch and not has_batch:
        base = _halved(provider, base)
        tiers = [(start, _halved(provider, rates)) for start, rates in tiers]
    valid_from, is_by_hour = _since(info, when)
    return ModelRates(base, tiers, valid_from, is_batch and not has_batch, is_by_hour)


def _has_batch(info: ModelInfo, when: datetime) -> bool:
    return any(
        variant.when == _BATCH and (variant.constraint is None or variant.constraint.active(when))
        for variant in info.price_variants or ()
    )


def _since(info: ModelInfo, when: datetime) -> tuple[date | None, bool]:
    if not isinstance(info.prices, list):
        return None, False
    starts = [
        start
        for price in info.prices
        if (start := getattr(price.constraint, "start_date", None)) is not None and start <= when.date()
    ]
    return max(starts, default=None), any(hasattr(p.constraint, "start_time") for p in info.prices)


def _starts(prices: ModelPrice) -> list[int]:
    tiered = (getattr(price, "tiers", ()) for price in vars(prices).values())
    return sorted({tier.start for tiers in tiered for tier in tiers})


def _rates(prices: ModelPrice, prompt_tokens: int) -> Rates | None:
    def rate(name: str) -> Decimal | None:
        return _rate(getattr(prices, name, None), prompt_tokens)

    input_rate, output_rate = rate("input_mtok"), rate("output_mtok")
    if input_rate is None or output_rate is None:
        return None
    return Rates(
        input=input_rate,
        output=output_rate,
        cached=rate("cache_read_mtok"),
        cache_write=rate("cache_write_mtok"),
        reasoning=rate("output_reasoning_mtok"),
    )


def _rate(price: Any, prompt_tokens: int) -> Decimal | None:
    if price is None or isinstance(price, Decimal):
        return price
    rate: Decimal = price.base
    for tier in price.tiers:
        if prompt_tokens > tier.start:
            rate = tier.price
    return rate


def _halved(provider: str, rates: Rates) -> Rates:
    def cache_rate(rate: Decimal | None) -> Decimal | None:
        return rate if rate is None or provider not in _CACHE_IN_BATCH else rate * _HALF

    return Rates(
        input=rates.input * _HALF,
        output=rates.output * _HALF,
        cached=cache_rate(rates.cached),
        cache_write=cache_rate(rates.cache_write),
        reasoning=None if rates.reasoning is None else rates.reasoning * _HALF,
    )
