"""What is said about a price and its day: stale books, retired models, days that the book cannot know."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.prices.book import STALE_DAYS

if TYPE_CHECKING:
    from steelyard.core.costs.prices.book import Book
    from steelyard.core.costs.prices.book_rates import ModelRates

FIRST_DAY = date(2020, 6, 11)
"""OpenAI opened the first API that sold a language model's tokens; nothing had such a price before."""


def checked_day(text: str | None) -> date | None:
    """An ISO day on which there can be a price.

    Raises:
        UsageError: no such day, in the future, or before there were prices of tokens.
    """
    if text is None:
        return None
    hint = "Give a day as YYYY-MM-DD."
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as exc:
        raise UsageError("Not a usable date", repr(text[:40]), hint) from exc
    if day > datetime.now(UTC).date() + timedelta(days=1):  # east of Greenwich it may be tomorrow already
        raise UsageError("No price is known for this day", f"{day} is in the future", hint)
    if day < FIRST_DAY:
        why = f"{day}: no model was sold by the token before {FIRST_DAY}"
        raise UsageError("No price is known for this day", why, hint)
    return day


def day_notes(rates: ModelRates, day: date | None, book: Book, retired: str | None, model: str) -> list[str]:
    """For a price of the book, asked for today (None) or for a day in the past."""
    notes = [f"{model}: {retired}."] if retired else []
    if day is not None and rates.valid_from is None:
        notes.append("The book does not say since when this price holds; it may be younger than that day.")
    if day is not None and rates.is_by_hour:
        notes.append("The price depends on the hour; it is the one of 12:00 UTC.")
    return [*notes, *([stale_note(book)] if is_stale(book) else []), *([book.notice] if book.notice else [])]


def own_day_note(dated: str | None, day: date | None) -> list[str]:
    """For a price that the user typed."""
    if day is not None and dated and dated > day.isoformat():
        return [f"Your price is dated {dated}, after that day."]
    return []


def is_stale(book: Book) -> bool:
    """Whether a book is older than 60 days; one without a date is."""
    age_days = book.age_days(datetime.now(UTC).date())
    return age_days is None or age_days > STALE_DAYS


def stale_note(book: Book) -> str:
    """What to say of a stale book."""
    age_days = book.age_days(datetime.now(UTC).date())
    age = "has no date" if age_days is None else f"is {age_days} days old"
    return f"The price book {age}; prices may have changed. Update it with Costs > Prices."
