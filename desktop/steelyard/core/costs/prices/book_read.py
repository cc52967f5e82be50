"""Builds a book from fetched data, which is hostile input: bounded, and tried before it is believed."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn, cast

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import MatchLogic, ModelInfo

    from steelyard.core.costs.prices.book_rates import ModelRates

_MAX_PROVIDERS = 1000
_MAX_MODELS = 50_000
_MAX_ID = 300
_MAX_PATTERN = 1000
_MAX_DIGITS = 40
_MAX_USD = Decimal(10) ** 9
"""Per million tokens; far above any price, and a slip of units still shows."""


def read_snapshot(providers: object) -> DataSnapshot:
    """The package's own snapshot from its own data, every price of it tried.

    Raises:
        AppError: it is no price book.
    """
    from genai_prices.data_snapshot import DataSnapshot  # with pydantic: not before a book is read
    from genai_prices.types import _providers_from_raw  # pyright: ignore[reportPrivateUsage]
    from pydantic import ValidationError

    try:
        snapshot = DataSnapshot(_providers_from_raw(_plain(providers)), from_auto_update=True)
        _try_all(snapshot)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"][:6])
        raise _no_book(f"{where}: {first['msg']}") from exc
    except (AssertionError, AttributeError, TypeError, RecursionError, StopIteration, re.error) as exc:
        raise _no_book(str(exc) or type(exc).__name__) from exc
    except (ValueError, InvalidOperation, OverflowError) as exc:
        raise _no_book(str(exc)) from exc
    return snapshot


def read_json(data: bytes) -> Any:
    """JSON in UTF-8 with prices as decimals.

    Raises:
        AppError: it is none.
    """
    try:
        return json.loads(data.decode(), parse_float=_decimal, parse_int=_whole, parse_constant=_refuse)
    except (ValueError, RecursionError, InvalidOperation) as exc:
        raise _no_book(f"it is no JSON in UTF-8 ({exc})") from exc


def _decimal(text: str) -> Decimal:
    return Decimal(_short(text))


def _whole(text: str) -> int:
    return int(_short(text))


def _short(text: str) -> str:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return text


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _plain(providers: object) -> list[dict[str, Any]]:
    """Without the rules for reading vendors' answers: this app reads usage by itself."""
    if not isinstance(providers, list) or not 0 < len(cast("list[Any]", providers)) <= _MAX_PROVIDERS:
        raise ValueError("it is not a list of providers")
    rows = cast("list[Any]", providers)
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("a provider is not an object")
    return [{key: value for key, value in row.items() if key != "extractors"} for row in rows]


def _try_all(snapshot: DataSnapshot) -> None:
    from steelyard.core.costs.prices.book_rates import rates_of

    now = datetime.now(UTC)
    count = priced = 0
    for provider in snapshot.providers:
        _check_pattern(provider.api_pattern)
        for logic in (provider.model_match, provider.provider_match):
            _check_logic(logic)
        for info in provider.models:
            count += 1
            _check_id(provider.id, info)
            for is_batch in (False, True):
                rates = rates_of(provider.id, info, now, is_batch=is_batch)
                if rates is not None:
                    priced += 1
                    _check_rates(info.id, rates)
    if not priced or count > _MAX_MODELS:
        raise ValueError(f"{count} models, {priced} prices of tokens")


def _check_id(provider: str, info: ModelInfo) -> None:
    _check_logic(info.match)
    for text in (provider, info.id):
        if not text or len(text) > _MAX_ID or not text.isprintable():
            raise ValueError("a name is empty, too long or not printable")


def _check_rates(name: str, rates: ModelRates) -> None:
    for _, tier in [(0, rates.base), *rates.tiers]:
        for rate in (tier.input, tier.output, tier.cached, tier.cache_write, tier.reasoning):
            if rate is not None and not 0 <= rate <= _MAX_USD:
                raise ValueError(f"{name} has a price of {rate}")


def _check_logic(logic: MatchLogic | None) -> None:
    if logic is None:
        return
    for clause in getattr(logic, "or_", None) or getattr(logic, "and_", None) or ():
        _check_logic(clause)
    pattern = getattr(logic, "regex", None)
    if pattern is not None:
        _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    if len(pattern) > _MAX_PATTERN:
        raise ValueError("a pattern is too long")
    re.compile(pattern)


def _no_book(why: str) -> AppError:
    return AppError(
        "The fetched price book was not used",
        " ".join(why.split())[:200],
        "The book in use stays. Try again later, or check STEELYARD_PRICES_URL.",
    )
