"""The decision on a case: gates, costs, choice, and all that explains it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.costs.exact import as_float, exact, usd_pico
from steelyard.core.costs.machines.break_even import break_even, payback
from steelyard.core.decide.cases.case_file import MAX_USD, checked_case
from steelyard.core.decide.facts import Facts
from steelyard.core.decide.sensitivity import sensitivity_of
from steelyard.core.decide.sources.opinions import opinions
from steelyard.core.decide.sources.questions import questions
from steelyard.core.decide.sources.readiness import readiness
from steelyard.core.decide.sources.routes import routes
from steelyard.core.decide.sources.rules import rules
from steelyard.core.decide.verdict.choice import situation_of
from steelyard.core.decide.verdict.confidence import confidence_of, drawn_of
from steelyard.core.decide.verdict.cost_reasons import cost_origin, worst
from steelyard.core.decide.verdict.flips import flips_of
from steelyard.core.decide.verdict.gate_text import bar_text
from steelyard.core.decide.verdict.gates import regime_of
from steelyard.core.decide.verdict.options import WAYS, Lookup, effective, machines_for
from steelyard.core.decide.verdict.reasons import Grounds, reasons_of
from steelyard.core.decide.verdict.summary import summary_of
from steelyard.core.decide.verdict.unknowns import unknowns_of
from steelyard.core.values.decision import Decision, OptionCost

if TYPE_CHECKING:
    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.confidence import Drawn
    from steelyard.core.decide.verdict.gates import Evidence
    from steelyard.core.decide.verdict.options import FindPrice, Inputs
    from steelyard.core.values.costs import BreakEven, Origin
    from steelyard.core.values.decision import Case, DecisionBook, Regime, VerdictWord


@exact()
def decide(case: Case, evidence: Evidence, book: DecisionBook, find_price: FindPrice) -> Decision:
    """The verdict on a case. The same case, evidence, book and prices always give the same.

    Raises:
        UsageError: a value is out of its range or contradicts another, the regime or the model is not known,
            or the load takes more than a million machines.
    """
    lookup = Lookup(find_price)

    def asked(one: Case) -> Situation:
        return situation_of(one, evidence, regime_of(effective(one), book), lookup)

    situation = asked(checked_case(case))
    regime = regime_of(situation.case, book)
    drawn = drawn_of(situation)
    flips, next_volume = flips_of(case, situation, lambda one: asked(one).choice.verdict)
    even = _break_even(situation)
    facts = _facts(situation, even)
    premium, premium_over = _premium(situation)
    items = readiness(situation.case, book)
    grounds = Grounds(situation, evidence, regime, even, premium, premium_over, tuple(items))
    choice, confidence = situation.choice, confidence_of(situation, evidence, drawn.share)
    return Decision(
        verdict=choice.verdict,
        pattern=choice.pattern,
        confidence=confidence,
        reasons=reasons_of(grounds),
        presets=opinions(situation.case, facts, choice.verdict, book),
        unknowns=unknowns_of(situation, evidence, regime, flips),
        flips=flips,
        options=[_option(situation, way, drawn, regime) for way in WAYS],
        summary=summary_of(grounds, confidence),
        share_cheapest=drawn.share,
        premium_usd_month=None if premium is None else usd_pico(premium),
        break_even_tokens_month=even.break_even_tokens_month if even else None,
        review_at_tokens_month=_review_at(situation, next_volume, even),
        rules=rules(situation.case, facts, book),
        questions=questions(situation.case, facts),
        readiness=items,
        classes=routes(situation.case, choice.verdict, choice.pattern, book, evidence.class_shares),
        local_share=as_float(_stays(situation)),
        local_share_min=as_float(situation.share.least),
        local_share_max=as_float(situation.share.most),
        sensitivity=sensitivity_of(situation, lookup),
        case=case,
    )


def _option(situation: Situation, way: VerdictWord, drawn: Drawn, regime: Regime | None) -> OptionCost:
    bars, usd = situation.gates.of(way), situation.costs[way]
    band = drawn.bands.get(way)
    why_not = bar_text(bars[0], situation.case, regime) if bars else None
    if why_not is None and way not in situation.gates.pool:
        why_not = "All of it or nothing of it may leave: there is no part to split off."
    return OptionCost(
        name=way,
        feasible=why_not is None,
        usd_month_p10=_text(band and band.p10),
        usd_month_p50=_text(band and band.p50),
        usd_month_p90=_text(band and band.p90),
        why_not=why_not,
        usd_month=None if usd is None else usd_pico(usd),
        machines=_machines(situation.inputs, way, situation.share.value),
        local_share={"self_host": 1.0, "hybrid": as_float(situation.share.value)}.get(way, 0.0),
    )


def _text(usd: float | None) -> str | None:
    """Money of draws in whole cents: more would claim a precision that they do not have."""
    return None if usd is None else usd_pico(Decimal(repr(usd)).quantize(Decimal("0.01")))


def _machines(inputs: Inputs, way: VerdictWord, local_share: Decimal) -> int | None:
    if way not in ("self_host", "hybrid") or inputs.tokens is None or inputs.fixed is None:
        return None
    load = inputs.tokens * (inputs.peak if way == "self_host" else local_share)
    return machines_for(inputs, load) * inputs.redundancy


def _stays(situation: Situation) -> Decimal:
    """Of the tokens, what stays under the verdict."""
    match situation.choice.verdict:
        case "self_host":
            return Decimal(1)
        case "hybrid":
            return situation.share.value
        case _:
            return Decimal(0)


def _break_even(situation: Situation) -> BreakEven | None:
    """Of one machine at the peak it has to stand, with its redundancy and people."""
    inputs = situation.inputs
    if inputs.price is None or inputs.mix is None or inputs.fixed is None or inputs.people is None:
        return None
    standing = inputs.fixed * inputs.redundancy + inputs.shared + inputs.people
    capacity = None if inputs.capacity is None else inputs.capacity / inputs.peak
    if standing > MAX_USD or (capacity is not None and capacity < 1):
        return None  # each figure may be that large, not what they make together
    return break_even(
        standing,
        inputs.price.input,
        inputs.price.output,
        inputs.mix,
        inputs.marginal,
        capacity,
        inputs.cached_share,
        inputs.price.cached,
    )


def _premium(situation: Situation) -> tuple[Decimal | None, VerdictWord | None]:
    """What the verdict costs more than the cheapest way that a limit rules out, and which that is."""
    mine = situation.costs[situation.choice.verdict]
    barred: dict[VerdictWord, Decimal] = {
        way: usd
        for way in WAYS
        if way != situation.choice.verdict
        and situation.gates.of(way)
        and (usd := situation.costs[way]) is not None
    }
    if mine is None or not barred:
        return None, None
    way = min(barred, key=lambda name: barred[name])
    return (mine - barred[way], way) if barred[way] < mine else (None, None)


def _review_at(situation: Situation, next_volume: float | None, even: BreakEven | None) -> float | None:
    """The next volume at which costs are equal or the verdict changes, whichever comes first."""
    now = situation.inputs.tokens
    marks = [next_volume]
    is_bound = situation.choice.by == "gates" and situation.choice.verdict in ("self_host", "hybrid")
    if even is not None and not is_bound:
        marks.append(even.break_even_tokens_month)
    return min((mark for mark in marks if mark is not None and (now is None or mark > now)), default=None)


def _facts(situation: Situation, even: BreakEven | None) -> Facts:
    case, inputs, costs = situation.case, situation.inputs, situation.costs
    own_origin = cost_origin(situation, "self_host")
    api_origin = cost_origin(situation, "api")
    origins: dict[str, Origin] = {
        **case.origins,
        "tokens_month": case.origins.get("workload.tokens_month", "user"),
        "peak_to_mean": case.origins.get("workload.peak_to_mean", "user"),
        "duty_share": case.origins.get("workload.duty_share", "user"),
        "api_usd_month": api_origin,
        "self_usd_month": own_origin,
        "blended_usd_per_m": api_origin,
        "break_even_tokens_month": worst([api_origin, own_origin]),
    }
    at_even = None if even is None else even.utilisation_at_break_even
    even_tokens = None if even is None else even.break_even_tokens_month
    return Facts(
        tokens_month=inputs.tokens,
        blended_usd_per_m=inputs.blended,
        api_usd_month=costs["api"],
        self_usd_month=costs["self_host"],
        hybrid_usd_month=costs["hybrid"],
        managed_usd_month=costs["managed"],
        break_even_tokens_month=None if even_tokens is None else Decimal(repr(even_tokens)),
        utilisation=_utilisation(inputs),
        utilisation_at_break_even=None if at_even is None else Decimal(repr(at_even)),
        payback_months=_payback_months(situation),
        peak_to_mean=case.workload.peak_to_mean,
        duty_share=case.workload.duty_share,
        redundancy=None if case.self_.redundancy is None else Decimal(case.self_.redundancy),
        capacity=inputs.capacity,
        origins=origins,
    )


def _utilisation(inputs: Inputs) -> Decimal | None:
    if inputs.tokens is None or inputs.capacity is None:
        return None
    return inputs.tokens / (machines_for(inputs, inputs.tokens * inputs.peak) * inputs.capacity)


def _payback_months(situation: Situation) -> Decimal | None:
    """Of the machines that a profile says are bought; running costs are all but their depreciation."""
    inputs, costs = situation.inputs, situation.costs
    profile = situation.case.self_.profile
    api, own = costs["api"], costs["self_host"]
    if profile is None or profile.hardware.capex_usd is None or inputs.machine is None:
        return None
    if (
        api is None
        or own is None
        or inputs.tokens is None
        or situation.case.self_.fixed_usd_month is not None
    ):
        return None
    count = machines_for(inputs, inputs.tokens * inputs.peak) * inputs.redundancy
    running = max(own - count * inputs.machine.depreciation_usd, Decimal(0))
    bought = count * profile.hardware.capex_usd
    if max(bought, api, running) > MAX_USD:
        return None
    months = payback(bought, api, running).payback_months
    return None if months is None else Decimal(repr(months))
