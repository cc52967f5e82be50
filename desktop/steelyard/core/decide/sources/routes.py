"""Where each class of work goes under a verdict. What is not known to be allowed stays: it fails closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from steelyard.core.decide.sources.book import GRANTS, named_regime, regime_named
from steelyard.core.decide.verdict.gates import is_hard
from steelyard.core.values.decision import ClassRoute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.values.decision import Case, DecisionBook, Pattern, VerdictWord, WorkClass

_Route = Literal["local", "api", "managed", "undecided"]
_HYBRID: dict[Pattern | None, tuple[_Route, str]] = {
    "sensitivity": ("api", "may leave: only what is sensitive stays"),
    "overflow": ("local", "stays as long as there is room; peaks may go to the API"),
    "complexity": ("undecided", "may leave; a suite has to show what the local model is good enough for"),
    "environment": ("local", "production stays; experiments may go to the API"),
    None: ("undecided", "may leave; how the work is split is open"),
}


def routes(
    case: Case,
    verdict: VerdictWord,
    pattern: Pattern | None,
    book: DecisionBook,
    shares: Mapping[str, float] | None = None,
) -> list[ClassRoute]:
    """A row for each class of the book; with measured shares of the tokens only for those that occur.

    `shares` goes by class name, the largest comes first; "" is unclassified work, which stays where the case
    has a hard constraint or a regime.
    """
    if not shares:
        return [_route(case, one, verdict, pattern, book, None) for one in book.classes]
    known = {one.name: one for one in book.classes}
    rows = [
        _route(case, known[name], verdict, pattern, book, share)
        if name in known
        else _unclassified(case, name, verdict, pattern, share)
        for name, share in shares.items()
        if share > 0
    ]
    return sorted(rows, key=lambda row: -(row.token_share or 0))


def _route(
    case: Case,
    one: WorkClass,
    verdict: VerdictWord,
    pattern: Pattern | None,
    book: DecisionBook,
    share: float | None,
) -> ClassRoute:
    route, why = _decided(verdict, pattern)
    if route != "local" or verdict == "hybrid":
        barred = _barred(case) or _barred_class(case, one, verdict, book)
        if barred:
            route, why = "local", barred
    if one.needs_review:
        why = f"{why}; replies wait for review"
    return ClassRoute(name=one.name, token_share=share, route=route, why=why)


def _unclassified(
    case: Case, name: str, verdict: VerdictWord, pattern: Pattern | None, share: float
) -> ClassRoute:
    """Of a class that the book does not have nothing is known."""
    route, why = _decided(verdict, pattern)
    if route != "local":
        barred = _barred(case)
        if not barred and (is_hard(case) or named_regime(case) is not None):
            barred = "has no class in the book, so whether it is sensitive is not known"
        route, why = ("local", barred) if barred else (route, why)
    return ClassRoute(name=name or "unclassified", token_share=share, route=route, why=why)


def _decided(verdict: VerdictWord, pattern: Pattern | None) -> tuple[_Route, str]:
    if verdict == "hybrid":
        return _HYBRID[pattern]
    if verdict == "self_host":
        return "local", "the verdict keeps everything here"
    return verdict, "may leave: nothing stands against it"


def _barred(case: Case) -> str:
    """What keeps all of it here, whatever its class."""
    if case.constraints.veto_api:
        return "stays: an API is vetoed"
    return "stays: it has to work offline" if case.constraints.offline_required else ""


def _barred_class(case: Case, one: WorkClass, verdict: VerdictWord, book: DecisionBook) -> str:
    """Why this class must not leave, or nothing."""
    if one.is_local_only:
        return "local only"
    if one.regime is None:
        return ""
    regime = regime_named(book.regimes, one.regime)
    if regime is None:
        return f"stays: the book has no regime {one.regime}"
    for need in regime.needs:
        if verdict == "managed":
            return f"stays: whether the host grants {GRANTS[need]} is not asked"
        granted = getattr(case.api, need)
        if granted is not True:
            state = "is not granted" if granted is False else "is not known"
            return f"stays: {regime.name} needs {GRANTS[need]}, which {state}"
    return ""
