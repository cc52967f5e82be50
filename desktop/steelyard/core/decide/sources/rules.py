"""The sixteen published rules of F1 (S66 to S68), each true, false or unknown for a case, with its evidence.

Unknown is never false. Thresholds are the source's own, but for two that it leaves open.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text
from steelyard.core.decide.sources.book import GRANTS, named_regime, regime_named
from steelyard.core.decide.verdict.gates import is_hard
from steelyard.core.values.decision import RuleState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.decide.facts import Facts
    from steelyard.core.values.costs import Origin
    from steelyard.core.values.decision import Case, DecisionBook, Pattern

API_BELOW = Decimal(500_000_000)
SELF_ABOVE = Decimal(1_000_000_000)
FAST_MS = Decimal(200)
ROUND_THE_CLOCK = Decimal("0.5")
"""The source says "24/7" and no figure: taken as busy in at least half of all hours."""
SPIKY = Decimal(3)
"""The source says "spiky" and no figure: taken as a peak of more than three times the mean."""

_GROUPS: dict[str, Literal["api", "self_host", "hybrid"]] = {
    "api": "api",
    "self": "self_host",
    "hybrid": "hybrid",
}
Finding = tuple[bool | None, str, "Origin | None"]
"""State, evidence in words, where it comes from."""


def rules(case: Case, facts: Facts, book: DecisionBook | None = None) -> list[RuleState]:
    """Six "API if", six "self-host if", four "hybrid if". Without a book a named regime stays open."""
    return [*_api_rules(case, facts, book), *_self_rules(case, facts), *_hybrid_rules(case, facts)]


def _api_rules(case: Case, facts: Facts, book: DecisionBook | None) -> Iterator[RuleState]:
    team, quality = case.team, case.quality
    volume = facts.tokens_month
    yield _rule(
        "api-volume",
        "Less than 500 M tokens a month",
        (None if volume is None else volume < API_BELOW, *_volume(facts)),
    )
    frontier = None if quality.needs_frontier is None else quality.needs_frontier == "yes"
    told = {"yes": "all of it needs one", "some": "only a part needs one", "no": "none is needed"}
    words = told.get(quality.needs_frontier or "", "not answered")
    yield _rule(
        "api-frontier",
        "A frontier model is needed",
        (frontier, words, _typed(case, "quality.needs_frontier")),
    )
    yield _rule(
        "api-skills",
        "Nobody has ML or GPU skills",
        _answer(case, "team.ml_capacity", _not(team.ml_capacity), "nobody to run it", "there is somebody"),
    )
    is_new = None if team.stage is None else team.stage == "experimenting"
    yield _rule(
        "api-experimenting",
        "Prompts are still being tried out",
        _answer(case, "team.stage", is_new, "still experimenting", "in production"),
    )
    yield _rule(
        "api-time",
        "Time to market is critical",
        _answer(case, "team.time_to_market_critical", team.time_to_market_critical, "it is", "there is time"),
    )
    yield _rule("api-compliance", "Compliance allows third parties", may_leave(case, book))


def _self_rules(case: Case, facts: Facts) -> Iterator[RuleState]:
    volume, duty = facts.tokens_month, facts.duty_share
    yield _rule(
        "self-volume",
        "More than 1 B tokens a month",
        (None if volume is None else volume > SELF_ABOVE, *_volume(facts)),
    )
    yield _rule("self-latency", "Answers have to come within 200 ms", latency(case))
    yield _rule("self-data", "Data must stay", must_stay(case))
    yield _rule(
        "self-skills",
        "There is ML capacity",
        _answer(
            case, "team.ml_capacity", case.team.ml_capacity, "there is somebody", "there is nobody to run it"
        ),
    )
    tuned = case.quality.fine_tuned_domain
    yield _rule(
        "self-tuned",
        "A model tuned to the domain is used",
        _answer(case, "quality.fine_tuned_domain", tuned, "it is", "it is not"),
    )
    state = None if duty is None else duty >= ROUND_THE_CLOCK
    words = "not measured" if duty is None else f"busy {share_text(duty)} of the time, 50 % is asked"
    yield _rule(
        "self-duty", "The load runs round the clock", (state, words, _from(facts, "duty_share", duty))
    )


def _hybrid_rules(case: Case, facts: Facts) -> Iterator[RuleState]:
    yield _rule("hybrid-sensitivity", "Sensitivity is mixed", mixed_sensitivity(case), "sensitivity")
    peak = facts.peak_to_mean
    state = None if peak is None else peak > SPIKY
    words = "not measured" if peak is None else f"the peak is {number_text(peak)} times the mean"
    yield _rule(
        "hybrid-spiky", "The load is spiky", (state, words, _from(facts, "peak_to_mean", peak)), "overflow"
    )
    yield _rule(
        "hybrid-domain",
        "Both a frontier and a domain model are needed",
        frontier_and_domain(case),
        "complexity",
    )
    yield _rule(
        "hybrid-cost", "Costs have to fall and quality to hold", cost_with_quality(case, facts), "complexity"
    )


def may_leave(case: Case, book: DecisionBook | None) -> Finding:
    """Whether a third party may see it, as far as the answers go."""
    limits = case.constraints
    for key, is_barred in (("veto_api", limits.veto_api), ("offline_required", limits.offline_required)):
        if is_barred:
            words = "an API is vetoed" if key == "veto_api" else "it has to work offline"
            return False, words, _typed(case, f"constraints.{key}")
    regime = named_regime(case)
    if regime is not None:
        found = regime_met(case, book, regime)
        closed = is_hard(case) and limits.veto_api is not False
        return (False, *_hard_limit(case)) if found[0] and closed else found
    if is_hard(case) and case.sensitivity.sensitive_share != 0:
        return False, *_hard_limit(case)
    if limits.privacy == "none" or limits.veto_api is False:
        key = "privacy" if limits.privacy == "none" else "veto_api"
        return True, "nothing stands against it", _typed(case, f"constraints.{key}")
    return None, "privacy, veto and regime are not all answered", None


def regime_met(case: Case, book: DecisionBook | None, name: str) -> Finding:
    """Whether the provider grants all that a regime asks for."""
    found = None if book is None else regime_named(book.regimes, name)
    if found is None:
        return None, f"what {name} asks of a provider is not known", None
    granted = {need: getattr(case.api, need) for need in found.needs}
    refused = [need for need, state in granted.items() if state is False]
    if refused:
        words = f"{found.name}: the provider does not grant {GRANTS[refused[0]]}"
        return False, words, _typed(case, f"api.{refused[0]}")
    missing = [need for need, state in granted.items() if state is None]
    if missing:
        return None, f"{found.name}: whether the provider grants {GRANTS[missing[0]]} is not known", None
    return True, f"the provider grants what {found.name} asks", _typed(case, "constraints.regime")


def must_stay(case: Case) -> Finding:
    """Whether some of the data must not leave."""
    limits, share = case.constraints, case.sensitivity.sensitive_share
    if limits.veto_api:
        return True, "an API is vetoed", _typed(case, "constraints.veto_api")
    if limits.offline_required:
        return True, "it has to work offline", _typed(case, "constraints.offline_required")
    if share == 0:
        return False, "nothing is sensitive", _typed(case, "sensitivity.sensitive_share")
    if is_hard(case):
        return True, *_hard_limit(case)
    if limits.privacy is not None:
        return False, f"privacy is {limits.privacy}", _typed(case, "constraints.privacy")
    return None, "privacy is not answered", None


def _hard_limit(case: Case) -> tuple[str, Origin | None]:
    """A sensitive share without a word on privacy is one, too."""
    share = case.sensitivity.sensitive_share
    key = "sensitivity.sensitive_share" if case.constraints.privacy is None else "constraints.privacy"
    part = "" if share is None or share == 1 else f" for {share_text(share)} of it"
    if share is not None and case.constraints.privacy is None:
        return f"{share_text(share)} of it is called sensitive", _typed(case, key)
    return f"privacy is a hard constraint{part}", _typed(case, key)


def mixed_sensitivity(case: Case) -> Finding:
    """Whether a part is sensitive and a part is not."""
    share = case.sensitivity.sensitive_share
    if share is None:
        return None, "how much of it is sensitive is not known", None
    words = f"{share_text(share)} is sensitive, {share_text(1 - share)} is not"
    return 0 < share < 1, words, _typed(case, "sensitivity.sensitive_share")


def frontier_and_domain(case: Case) -> Finding:
    """Whether part of the work needs a frontier model and part a model tuned to the domain."""
    needs, tuned = case.quality.needs_frontier, case.quality.fine_tuned_domain
    if needs == "no":
        return False, "no frontier model is needed", _typed(case, "quality.needs_frontier")
    if tuned is False:
        return False, "no model tuned to the domain is used", _typed(case, "quality.fine_tuned_domain")
    if needs is None or tuned is None:
        return None, "not both are answered", None
    return True, "both are", _typed(case, "quality.needs_frontier")


def cost_with_quality(case: Case, facts: Facts) -> Finding:
    """Whether own machines would be cheaper while a part of the work needs a frontier model."""
    needs, api, own = case.quality.needs_frontier, facts.api_usd_month, facts.self_usd_month
    if needs == "no":
        return False, "no frontier model is needed", _typed(case, "quality.needs_frontier")
    if api is not None and own is not None and api <= own:
        words = f"the API is the cheaper one: {money_text(api)} against {money_text(own)} a month"
        return False, words, facts.origin("api_usd_month")
    if needs is None or api is None or own is None:
        return None, "the need for a frontier model or the costs are not known", None
    if needs == "yes":
        return False, "all of it needs a frontier model", _typed(case, "quality.needs_frontier")
    words = f"a part needs a frontier model; {money_text(api)} at the API, {money_text(own)} here a month"
    return True, words, facts.origin("api_usd_month")


def latency(case: Case) -> Finding:
    """Whether a limit of 200 ms or less is stated; nobody waiting takes it away."""
    limits = case.constraints
    if case.workload.interactive is False:
        return False, "nobody waits for the answer", _typed(case, "workload.interactive")
    if limits.latency_ms is None:
        return None, "no limit is stated", None
    metric = (limits.latency_metric or "").upper()
    words = f"the limit is {number_text(limits.latency_ms)} ms {metric}".rstrip()
    return limits.latency_ms <= FAST_MS, words, _typed(case, "constraints.latency_ms")


def _volume(facts: Facts) -> tuple[str, Origin | None]:
    volume = facts.tokens_month
    words = "the volume is not known" if volume is None else f"{tokens_text(volume)} tokens a month"
    return words, _from(facts, "tokens_month", volume)


def _answer(case: Case, key: str, state: bool | None, yes: str, no: str) -> Finding:
    words = "not answered" if state is None else yes if state else no
    return state, words, None if state is None else _typed(case, key)


def _not(state: bool | None) -> bool | None:
    return None if state is None else not state


def _typed(case: Case, key: str) -> Origin | None:
    """Of a key that is answered; else of none."""
    section, _, name = key.partition(".")
    part = getattr(case, section)
    return None if getattr(part, name) is None else case.origins.get(key, "user")


def _from(facts: Facts, key: str, value: Decimal | None) -> Origin | None:
    return None if value is None else facts.origin(key)


def _rule(rule_id: str, text: str, found: Finding, pattern: Pattern | None = None) -> RuleState:
    state, evidence, origin = found
    group = _GROUPS[rule_id.partition("-")[0]]
    return RuleState(
        id=rule_id, group=group, text=text, state=state, evidence=evidence, origin=origin, pattern=pattern
    )
