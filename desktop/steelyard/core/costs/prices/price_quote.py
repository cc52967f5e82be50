"""What a name means in prices: a target, PROVIDER/MODEL or a bare model name, and what to know of it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import UsageError, unreachable
from steelyard.core.base.hosts import host_of, is_loopback
from steelyard.core.costs.prices.price_book import (
    TokenPrices,
    override_prices,
    own_price,
    target_prices,
)
from steelyard.core.costs.prices.price_days import day_notes, own_day_note
from steelyard.core.costs.prices.retired import retirement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from steelyard.core.costs.prices.book import Book, BookModel
    from steelyard.core.costs.prices.price_book import PriceSources
    from steelyard.core.values.costs import Origin
    from steelyard.core.values.price_rows import PriceOverride
    from steelyard.core.values.targets import ApiTarget

MAX_NAME = 300
_NEAREST = 3
_CUTOFF = 0.65


@dataclass(frozen=True)
class Question:
    """Whose prices, on which day (None: now), for how long a prompt, in a batch or not."""

    model: str
    day: date | None = None
    prompt_tokens: int = 0
    is_batch: bool = False

    @property
    def moment(self) -> datetime:
        """A day is taken at noon UTC: where the price depends on the hour, the hour is said."""
        if self.day is None:
            return datetime.now(UTC)
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Quote:
    """The prices and whose they are. `model` is PROVIDER/MODEL, or a target's name."""

    prices: TokenPrices
    model: str
    origin: Origin
    retired: str | None = None
    notes: list[str] = field(default_factory=list[str])


def quote(question: Question, sources: PriceSources, targets: Sequence[ApiTarget]) -> Quote:
    """Prices by a target's name, PROVIDER/MODEL or a bare model name, in this order.

    Raises:
        UsageError: nothing is called like that, several are, or no such price is known.
        AppError: the user's price in the settings is no price.
    """
    name = question.model.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        hint = "Write PROVIDER/MODEL or a target's name."
        raise UsageError("Not a usable model name", repr(name[:80]), hint)
    target = next((target for target in targets if target.name == name), None)
    if target is not None:
        return _of_target(target, question, sources)
    return _of_name(name, question, sources)


def _of_target(target: ApiTarget, question: Question, sources: PriceSources) -> Quote:
    if target.prices is not None:
        _refuse_batch(target.name, question)
        prices = target_prices(target, target.prices)
        return Quote(prices, target.name, "user", notes=own_day_note(target.prices_date, question.day))
    if target.price_like is not None:
        return _of_name(target.price_like, question, sources)
    found = None
    if not is_loopback(host_of(target.url)):
        found = sources.book().of_endpoint(target.url, target.model)
    if found is None:
        raise UsageError(
            f"No price is known for {target.name}",
            f"the book does not know {target.model} at {host_of(target.url)}",
            "Give the target prices or a model that it is priced like.",
        )
    return _of_model(found, question, sources, typed=f"{found.provider.id}/{target.model}")


def _of_name(name: str, question: Question, sources: PriceSources) -> Quote:
    book, overrides = sources.book(), sources.overrides()
    own = own_price(name, overrides)
    found = _with_provider(name, book)
    if found is not None or own is not None:
        return _of_model(found, question, sources, typed=name)
    if "/" in name and book.has_provider(name.partition("/")[0]):
        raise unknown_model(name, book, overrides)
    vendor = book.of_vendor(name)
    if vendor is not None:
        return _of_model(vendor, question, sources, f"Taken as {vendor.id}.")
    tails = [row for row in overrides if row.model.partition("/")[2].casefold() == name.casefold()]
    if len(tails) == 1:
        return _of_model(None, question, sources, f"Taken as {tails[0].model}.", typed=tails[0].model)
    others = book.of_anybody(name)
    if len(others) == 1:
        return _of_model(others[0], question, sources, f"Taken as {others[0].id}.")
    raise _ambiguous(name, [model.id for model in others]) if others else unknown_model(name, book, overrides)


def _with_provider(name: str, book: Book) -> BookModel | None:
    provider, _, model = name.partition("/")
    return book.of_provider(provider, model) if provider and model else None


def _of_model(
    found: BookModel | None, question: Question, sources: PriceSources, note: str = "", typed: str = ""
) -> Quote:
    names = [name for name in (typed, found.id if found else "") if name]
    owned = (own_price(name, sources.overrides()) for name in names)
    own = next((row for row in owned if row is not None), None)
    notes = [note] if note else []
    if own is not None and not (found and question.day and own.date > question.day.isoformat()):
        return _own_quote(own, found, question, notes)
    if found is None:  # whoever asks has found the model or a price of the user
        return unreachable(question.model)
    if own is not None:
        notes = [*notes, f"Your own price is dated {own.date}; this is the book's."]
    return _book_quote(found, question, sources.book(), notes)


def _own_quote(own: PriceOverride, found: BookModel | None, question: Question, notes: list[str]) -> Quote:
    prices = override_prices(own)
    if question.is_batch:
        if own.batch_input is None or own.batch_output is None:
            _refuse_batch(own.model, question)
        batch = msgspec.structs.replace(
            own, input=own.batch_input or own.input, output=own.batch_output or own.output
        )
        prices = override_prices(batch)
    notes = [*notes, *own_day_note(own.date or None, question.day)]
    return Quote(prices, own.model, "user", retirement(found) if found else None, notes)


def _book_quote(found: BookModel, question: Question, book: Book, notes: list[str]) -> Quote:
    rates = found.rates(question.moment, is_batch=question.is_batch)
    if rates is None:
        if found.rates(question.moment) is not None:
            _refuse_batch(found.id, question)
        raise UsageError(
            f"No price is known for {found.id}", f"{book.name} has none for its input and output tokens"
        )
    above, met = rates.at(question.prompt_tokens)
    if above:
        notes = [*notes, f"The prompt is longer than {above:,} tokens: all tokens cost that tier's price."]
    if rates.is_halved:
        notes = [*notes, "Half of the price: the vendor's general rule for batches, not in the book."]
    prices = TokenPrices(
        input=met.input,
        output=met.output,
        cached=met.cached,
        cache_write=met.cache_write,
        price_id=f"{book.name}:{found.id}" + (" batch" if question.is_batch else ""),
        price_date=book.date,
        reasoning=met.reasoning,
    )
    gone = retirement(found)
    return Quote(
        prices, found.id, "catalogue", gone, [*notes, *day_notes(rates, question.day, book, gone, found.id)]
    )


def _refuse_batch(name: str, question: Question) -> None:
    if question.is_batch:
        raise UsageError(
            "No batch price is known", name, "Leave --batch out, or enter a batch price of your own."
        )


def _ambiguous(name: str, ids: list[str]) -> UsageError:
    shown = ", ".join(ids[:5]) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return UsageError(f"Several providers offer {name}", shown, "Write PROVIDER/MODEL.")


def unknown_model(name: str, book: Book, overrides: Sequence[PriceOverride]) -> UsageError:
    """The error for a name that nobody has, with what is called nearly like it."""
    ids = [*(row.model for row in overrides), *(model.id for model in book.models())]
    tails = {one.rpartition("/")[2].casefold(): one for one in reversed(ids)}
    near = difflib.get_close_matches(name.casefold(), [one.casefold() for one in ids], _NEAREST, _CUTOFF)
    by_case = {one.casefold(): one for one in reversed(ids)}
    names = [by_case[one] for one in near]
    tail = name.rpartition("/")[2].casefold()
    names += [tails[one] for one in difflib.get_close_matches(tail, list(tails), _NEAREST, _CUTOFF)]
    nearest = ", ".join(list(dict.fromkeys(names))[:_NEAREST])
    return UsageError(
        f"No price is known for {name}",
        f"neither a target nor {book.name} has it",
        f"Nearest: {nearest}." if nearest else "Write PROVIDER/MODEL, such as openai/gpt-4o-mini.",
    )
