"""A price book: genai-prices' data behind the few questions that are asked of it."""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from steelyard.core.base.errors import printable
from steelyard.core.costs.prices.book_rates import ModelRates, rates_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, Provider

STALE_DAYS = 60
_MAX_NAME = 120


@dataclass(frozen=True)
class BookModel:
    """One model at one provider."""

    provider: Provider
    info: ModelInfo

    @property
    def id(self) -> str:
        """PROVIDER/MODEL as the book writes it."""
        return f"{self.provider.id}/{self.info.id}"

    @property
    def name(self) -> str:
        """The model's name for people, on one line."""
        return " ".join(printable(self.info.name or self.info.id).split())[:_MAX_NAME]

    def rates(self, when: datetime, *, is_batch: bool = False) -> ModelRates | None:
        """Prices at a moment; None if the book has none for input and output tokens (images, audio)."""
        return rates_of(self.provider.id, self.info, when, is_batch=is_batch)


@dataclass(frozen=True)
class Book:
    """One edition. It is never changed: an update is another book."""

    snapshot: DataSnapshot
    name: str
    """Stands in the price id of each run."""
    date: str | None
    """Newest day on which it says that a price began: it knows nothing later."""
    updated_at: str | None = None
    """When the user had it fetched; None: as shipped."""
    notice: str = ""
    """Why an updated book was not used."""

    def has_provider(self, provider: str) -> bool:
        """Whether the book knows a provider of this name."""
        from genai_prices.data_snapshot import find_provider_by_id

        return find_provider_by_id(self.snapshot.providers, provider) is not None

    def of_provider(self, provider: str, model: str) -> BookModel | None:
        """The model that this provider means by a name; names are matched as the book says."""
        return self._found(model, provider_id=provider)

    def of_endpoint(self, url: str, model: str) -> BookModel | None:
        """The model behind an address."""
        return self._found(model, url=url)

    def of_vendor(self, model: str) -> BookModel | None:
        """The model at the vendor whose names look like this one."""
        return self._found(model)

    def of_anybody(self, model: str) -> list[BookModel]:
        """The model at each provider that has one of this name."""
        found = ((provider, provider.find_model(model)) for provider in self.snapshot.providers)
        return [BookModel(provider, info) for provider, info in found if info is not None]

    def models(self) -> Iterator[BookModel]:
        """All of them, in the book's order."""
        for provider in self.snapshot.providers:
            for info in provider.models:
                yield BookModel(provider, info)

    def age_days(self, today: date) -> int | None:
        """Days since its date."""
        return None if self.date is None else (today - datetime.fromisoformat(self.date).date()).days

    def _found(self, model: str, provider_id: str | None = None, url: str | None = None) -> BookModel | None:
        try:
            provider, info = self.snapshot.find_provider_model(model, None, provider_id, url)
        except LookupError:
            return None
        return BookModel(provider, info)


@functools.cache
def shipped_book() -> Book:
    """The book that came with the app; 1.6 MB of data, so it is read when the first price is asked for."""
    from genai_prices import data_snapshot

    snapshot = data_snapshot.get_snapshot()
    return Book(snapshot, f"genai-prices {shipped_version()}", newest_day(snapshot))


def shipped_version() -> str:
    """Version of the package that holds the shipped book."""
    return importlib.metadata.version("genai-prices")


def newest_day(snapshot: DataSnapshot) -> str | None:
    """The newest day, up to today, on which a book says that a price began."""
    from genai_prices.types import ModelPrice

    today = datetime.now(UTC).date()
    days = [
        start
        for provider in snapshot.providers
        for model in provider.models
        for price in [
            *([] if isinstance(model.prices, ModelPrice) else model.prices),
            *(model.price_variants or ()),
        ]
        if (start := getattr(price.constraint, "start_date", None)) is not None and start <= today
    ]
    return max(days).isoformat() if days else None
