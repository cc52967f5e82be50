"""The price book as it is shown and changed. Prices are decimal strings, USD per million tokens."""

from __future__ import annotations

from steelyard.core.values.row import Row
from steelyard.core.values.run import CostPart


class PriceOverride(Row, frozen=True):
    """The user's own price of a model, before the book's. `date` is ISO, `source` where it was read."""

    model: str
    """PROVIDER/MODEL."""
    input: str
    output: str
    cached: str | None = None
    cache_write: str | None = None
    batch_input: str | None = None
    batch_output: str | None = None
    date: str = ""
    source: str = ""


class PriceTier(Row, frozen=True):
    """Prices of a request whose prompt is longer than so many tokens; they apply to all of its tokens."""

    above_tokens: int
    input: str | None = None
    output: str | None = None
    cached: str | None = None
    cache_write: str | None = None


class PriceRow(Row, frozen=True):
    """One model of the book."""

    model: str
    """PROVIDER/MODEL."""
    name: str
    input: str
    output: str
    cached: str | None = None
    cache_write: str | None = None
    batch_input: str | None = None
    batch_output: str | None = None
    tiers: list[PriceTier] = []
    valid_from: str | None = None
    retired: str | None = None
    """Since when, or that the provider lists it as outgoing; None: it is offered."""
    context_window: int | None = None
    price_id: str = ""
    is_override: bool = False
    source: str = ""


class PriceBookInfo(Row, frozen=True):
    """Which book is in use, and how old it is."""

    name: str
    date: str | None
    """Newest day on which the book says that a price began."""
    updated_at: str | None
    """When the user had it updated; None: as it was shipped."""
    age_days: int | None
    is_stale: bool
    """Older than 60 days."""
    models: int
    notice: str = ""
    """Why an updated book was not used."""
    update_host: str = ""
    """What an update contacts; empty: the address in the environment cannot be used."""


class PriceBook(Row, frozen=True):
    """A page of it."""

    info: PriceBookInfo
    rows: list[PriceRow]
    total: int
    """How many match; `rows` has the first of them."""


class PricedTokens(Row, frozen=True):
    """What so many tokens cost."""

    usd: str
    price_id: str
    price_date: str | None
    parts: list[CostPart]
    notes: list[str] = []
    """Such as a retired model, a stale book, a batch price by the vendor's general rule."""
