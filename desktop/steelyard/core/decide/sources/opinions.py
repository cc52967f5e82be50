"""What each published rule would say of a case, with the user's numbers. It never decides the verdict."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text
from steelyard.core.decide.sources.questions import DAYS_A_MONTH
from steelyard.core.decide.sources.source_rules import RULES
from steelyard.core.values.decision import SourceOpinion

if TYPE_CHECKING:
    from steelyard.core.decide.facts import Facts
    from steelyard.core.decide.sources.source_rules import Says
    from steelyard.core.values.decision import Case, DecisionBook, SourcePreset, VerdictWord

_Place = Literal["below", "between", "above"]


def opinions(case: Case, facts: Facts, verdict: VerdictWord, book: DecisionBook) -> list[SourceOpinion]:
    """One for each preset that is switched on; `agrees` is None where the source does not decide."""
    return [_opinion(preset, case, facts, verdict, book) for preset in book.presets if preset.is_enabled]


def _opinion(
    preset: SourcePreset, case: Case, facts: Facts, verdict: VerdictWord, book: DecisionBook
) -> SourceOpinion:
    rule = RULES.get(preset.metric)
    says, words = _by_threshold(preset, facts) if rule is None else rule(preset, case, facts, book)
    return SourceOpinion(
        id=preset.id,
        says=says,
        agrees=None if says == "undecided" else says == verdict,
        source=preset.source,
        rule=preset.rule,
        quote=preset.quote,
        with_your_numbers=words,
    )


def _by_threshold(preset: SourcePreset, facts: Facts) -> tuple[Says, str]:
    value = _value(preset.metric, facts)
    if value is None:
        return "undecided", _MISSING.get(preset.metric, "not known")
    place = _place(preset, value)
    says = getattr(preset, place) or "undecided"
    return says, _words(preset, facts, value, place)


def _value(metric: str, facts: Facts) -> Decimal | None:
    if metric == "tokens_day":
        return None if facts.tokens_month is None else facts.tokens_month / DAYS_A_MONTH
    return getattr(facts, metric, None)


_MISSING = {
    "tokens_month": "your volume is not known",
    "tokens_day": "your volume is not known",
    "utilisation": "your utilisation is not known: it takes the volume and the capacity",
    "payback_months": "there is no payback, or what it takes is not known",
    "api_usd_month": "your API bill is not known",
    "peak_to_mean": "your peak against the mean is not known",
}


def _place(preset: SourcePreset, value: Decimal) -> _Place:
    """Both ends of a band belong to it; a single threshold belongs to what is above."""
    if preset.low is not None and value < Decimal(str(preset.low)):
        return "below"
    if preset.high is not None and value <= Decimal(str(preset.high)):
        return "between"
    return "above"


def _words(preset: SourcePreset, facts: Facts, value: Decimal, place: _Place) -> str:
    shown = _shown(preset.metric, value)
    where = _where(preset, place)
    crossover = facts.break_even_tokens_month
    if preset.metric == "tokens_month" and preset.high is not None and crossover is not None:
        return f"{shown} is {where}; your own crossover is {tokens_text(crossover)}"
    if preset.metric == "utilisation" and facts.utilisation_at_break_even is not None:
        return f"yours needs {share_text(facts.utilisation_at_break_even)}; you run at {shown}"
    return f"{shown} is {where}"


def _where(preset: SourcePreset, place: _Place) -> str:
    if place == "between":
        return "inside the band" if preset.low else f"not over {_edge(preset, preset.high)}"
    is_band = preset.high is not None
    edge = preset.high if place == "above" and is_band else preset.low
    side = "under" if place == "below" else "over" if is_band else "at least"
    return f"{side} {_edge(preset, edge)}"


def _edge(preset: SourcePreset, edge: float | None) -> str:
    return "no threshold" if edge is None else _shown(preset.metric, Decimal(str(edge)))


def _shown(metric: str, value: Decimal) -> str:
    if metric == "tokens_month":
        return tokens_text(value)
    if metric == "tokens_day":
        return f"{tokens_text(value)} a day"
    if metric == "utilisation":
        return share_text(value)
    if metric == "api_usd_month":
        return f"{money_text(value)} a month"
    return f"{number_text(value)} {'months' if metric == 'payback_months' else 'times the mean'}"
