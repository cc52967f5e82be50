"""The published rules that are more than one threshold, each as what it says of a case and why."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from steelyard.core.base.words import listed
from steelyard.core.decide.facts import Facts
from steelyard.core.decide.figures import money_text, number_text, tokens_text
from steelyard.core.decide.sources.book import named_regime
from steelyard.core.decide.sources.rules import (
    SPIKY,
    cost_with_quality,
    frontier_and_domain,
    latency,
    mixed_sensitivity,
    must_stay,
    regime_met,
)
from steelyard.core.decide.verdict.gates import is_hard
from steelyard.core.values.decision import Case, DecisionBook, SourcePreset

Says = Literal["api", "self_host", "hybrid", "managed", "undecided"]
Said = tuple[Says, str]
Rule = Callable[[SourcePreset, Case, Facts, DecisionBook], Said]

_TIE_BAND = Decimal("0.10")
_MONTHS_A_YEAR = 12


def _takeaway(preset: SourcePreset, case: Case, facts: Facts, _book: DecisionBook) -> Said:
    """F0's summary (S70): any of four reasons for own machines, else any of three for the API."""
    volume, peak = facts.tokens_month, facts.peak_to_mean
    tuned = case.quality.fine_tuned_domain
    high = volume is not None and preset.high is not None and volume > Decimal(str(preset.high))
    low = volume is not None and preset.low is not None and volume < Decimal(str(preset.low))
    own = {
        "privacy": must_stay(case)[0],
        "volume": high,
        "customisation": tuned,
        "latency": latency(case)[0],
    }
    api = {
        "low volume": low,
        "bursty load": peak is not None and peak > SPIKY,
        "a frontier model is needed": case.quality.needs_frontier == "yes",
    }
    if any(own.values()):
        return "self_host", f"true of {listed(name for name, state in own.items() if state)}"
    if any(api.values()):
        return "api", f"true: {listed(name for name, state in api.items() if state)}"
    if volume is None:
        return "undecided", "your volume is not known, and no other reason is"
    return "undecided", f"{tokens_text(volume)} is neither low nor high, and no other reason is known"


def _compelling_reason(_preset: SourcePreset, case: Case, facts: Facts, _book: DecisionBook) -> Said:
    if must_stay(case)[0]:
        return "undecided", f"there is one: {must_stay(case)[1]}"
    api, own = facts.api_usd_month, facts.self_usd_month
    if api is None or own is None:
        return "api", "none is known; the costs are not, either"
    band = _TIE_BAND if case.policy.tie_band is None else case.policy.tie_band
    words = f"{money_text(own)} a month here, {money_text(api)} at the API"
    if own < api and api - own > band * api:
        return "undecided", f"there is one: {words}"
    return "api", f"none: {words}"


def _veto(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    veto = case.constraints.veto_api
    if veto is None:
        return "undecided", "whether there is a veto is not answered"
    return ("self_host", "there is a veto") if veto else ("undecided", "there is no veto")


def _regulated(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    regime = named_regime(case)
    if regime is not None:
        return "self_host", f"{regime} applies"
    if is_hard(case) and case.sensitivity.sensitive_share != 0:
        return "self_host", must_stay(case)[1]
    return "undecided", "no regime is named" if case.constraints.privacy else "privacy is not answered"


def _provider(_preset: SourcePreset, case: Case, _facts: Facts, book: DecisionBook) -> Said:
    regime = named_regime(case)
    if regime is None:
        return "undecided", "no regime is named"
    state, words = regime_met(case, book, regime)[:2]
    says: Says = "undecided" if state is None else "api" if state else "self_host"
    return says, words


def _months_to_cover_salary(preset: SourcePreset, case: Case, facts: Facts, _book: DecisionBook) -> Said:
    """A year of one salary over what own machines save in a month before people (S34)."""
    salary, api, own = case.team.salary_usd_year, facts.api_usd_month, facts.self_usd_month
    if salary is None or api is None or own is None:
        return "undecided", "the salary or the costs are not known"
    people = (case.team.fte_share or Decimal(0)) * salary / _MONTHS_A_YEAR
    saved = api - (own - people)
    if saved <= 0:
        return "api", "own machines save nothing that could pay for it"
    months = salary / saved
    saves = f"{money_text(saved)} a month, people apart"
    words = f"{saves}, cover {money_text(salary)} in {number_text(months)} months"
    is_long = preset.low is not None and months >= Decimal(str(preset.low))
    return "api" if is_long else "undecided", words


def _mlops(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    has = case.team.ml_capacity
    if has is None:
        return "undecided", "whether anybody can run it is not answered"
    return ("undecided", "there is somebody to run it") if has else ("managed", "there is nobody to run it")


def _mature(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    state, words = mixed_sensitivity(case)[:2]
    if state:
        return "hybrid", words
    stays, why = must_stay(case)[:2]
    if stays:
        return "self_host", why
    if case.team.stage == "experimenting" and stays is False:
        return "api", "an experiment, and nothing that must stay"
    return "undecided", "neither critical nor experimental, as far as it is known"


def _hybrid_sensitivity(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    state, words = mixed_sensitivity(case)[:2]
    return ("hybrid" if state else "undecided"), words


def _hybrid_domain(_preset: SourcePreset, case: Case, _facts: Facts, _book: DecisionBook) -> Said:
    state, words = frontier_and_domain(case)[:2]
    return ("hybrid" if state else "undecided"), words


def _hybrid_cost(_preset: SourcePreset, case: Case, facts: Facts, _book: DecisionBook) -> Said:
    state, words = cost_with_quality(case, facts)[:2]
    return ("hybrid" if state else "undecided"), words


RULES: dict[str, Rule] = {
    "takeaway": _takeaway,
    "compelling_reason": _compelling_reason,
    "veto": _veto,
    "regulated": _regulated,
    "provider": _provider,
    "months_to_cover_salary": _months_to_cover_salary,
    "mlops": _mlops,
    "mature": _mature,
    "hybrid_sensitivity": _hybrid_sensitivity,
    "hybrid_domain": _hybrid_domain,
    "hybrid_cost": _hybrid_cost,
}
"""By the metric of a preset."""
