"""The three APIs that self-hosting is compared with. What has no price says why, and none is invented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from steelyard.core.base.errors import AppError
from steelyard.core.costs.prices.price_book import prices_for
from steelyard.core.costs.prices.price_quote import Question, quote
from steelyard.core.values.costs import Comparator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.costs.prices.price_book import PriceSources
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.targets import ApiTarget

_NONE_CHOSEN = "No API is configured with a price. Choose a model to compare with."
_NO_HOST = "Not chosen. Pick a provider that offers the same weights, as PROVIDER/MODEL from the price book."
_NO_SUITE = "No suite has been run, so no model is known to pass yours."


def comparators(
    name: str | None, hosted: str | None, settings: Settings, sources: PriceSources
) -> list[Comparator]:
    """Always three: the user's choice, the same weights hosted elsewhere, the cheapest that passes."""
    chosen = name or settings.costs.comparator or _first_priced(settings.targets, sources)
    return [
        _comparator("configured", chosen, _NONE_CHOSEN, settings.targets, sources),
        _comparator("hosted", hosted, _NO_HOST, settings.targets, sources),
        Comparator(kind="passing", name="", unknown=_NO_SUITE),
    ]


def _first_priced(targets: Sequence[ApiTarget], sources: PriceSources) -> str | None:
    return next((target.name for target in targets if prices_for(target, sources=sources)), None)


def _comparator(
    kind: Literal["configured", "hosted"],
    name: str | None,
    unknown: str,
    targets: Sequence[ApiTarget],
    sources: PriceSources,
) -> Comparator:
    if not name:
        return Comparator(kind=kind, name="", unknown=unknown)
    try:
        found = quote(Question(name), sources, targets)
    except AppError as exc:
        return Comparator(kind=kind, name=name, unknown=exc.one_line())
    return Comparator(
        kind=kind,
        name=name,
        price_in=found.prices.input,
        price_out=found.prices.output,
        price_cached=found.prices.cached,
        price_id=found.prices.price_id,
        price_date=found.prices.price_date,
        origin=found.origin,
        is_retired=found.retired is not None,
    )
