"""Evidence lines on cost: why the chosen way is the cheaper one, or what decides in place of cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.decide.cases.case_values import origin_of
from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text
from steelyard.core.decide.verdict.choice import default_way, is_tied
from steelyard.core.decide.verdict.options import WAYS
from steelyard.core.values.decision import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.values.costs import Origin
    from steelyard.core.values.decision import VerdictWord

_WORST: tuple[Origin, ...] = ("preset", "user", "catalogue", "measured")
_CHEAPER = {
    "api": "cost_api_cheaper",
    "self_host": "cost_self_cheaper",
    "hybrid": "cost_hybrid_cheaper",
    "managed": "cost_managed_cheaper",
}
_NAMES: dict[VerdictWord, str] = {
    "api": "the API",
    "self_host": "own machines",
    "hybrid": "the hybrid",
    "managed": "the managed model",
}


def worst(origins: Iterable[Origin]) -> Origin:
    """A computed figure is only as good as the worst one in it."""
    found = set(origins)
    for origin in _WORST:
        if origin in found:
            return origin
    return "user"


def cost_origin(situation: Situation, way: VerdictWord) -> Origin:
    """Of a way's cost in a month."""
    case, inputs = situation.case, situation.inputs
    used: set[Origin] = set()
    used.add(origin_of(case, "workload.tokens_month"))
    if way in ("api", "hybrid"):
        used.add(origin_of(case, "workload.mix"))
        used.add(inputs.price.origin if inputs.price else "user")
    if way in ("self_host", "hybrid"):
        key = "self.fixed_usd_month" if case.self_.fixed_usd_month is not None else "self.profile"
        used.add(origin_of(case, key))
    if way == "managed" and inputs.managed_usd_month is not None:
        return "user"
    if way == "managed":
        used.add("user")
    return worst(used)


def choice_reasons(situation: Situation) -> Iterator[Reason]:
    """What decided between the ways that were left."""
    choice = situation.choice
    match choice.by:
        case "default":
            yield _default_unknown(situation)
        case "structure":
            yield _structure(situation)
            yield from _cheaper(situation)
        case "cost":
            yield from _tie(situation) if choice.is_tie else _cheaper(situation)
        case "gates":
            if choice.verdict == "hybrid":
                yield from _pattern(situation)
            yield from _cheaper(situation)


def _default_unknown(situation: Situation) -> Reason:
    verdict = situation.choice.verdict
    missing = ", ".join(_missing(situation))
    if verdict == default_way(situation.case):
        why = (
            "the policy's default stands in"
            if situation.case.policy.default
            else 'the source\'s "start with APIs unless compelling reason" stands in'
        )
        origin: Origin = "user" if situation.case.policy.default else "preset"
        source = None if situation.case.policy.default else "F1, S29"
    else:
        why, origin, source = "it is the first way that the limits leave", "user", None
    return Reason(
        code="costs_unknown",
        text=f"Costs cannot be compared without {missing}: {why}.",
        origin=origin,
        source=source,
        opens="costs",
    )


def _missing(situation: Situation) -> Iterator[str]:
    inputs = situation.inputs
    figures = {
        "workload.tokens_month": inputs.tokens,
        "workload.mix": inputs.mix,
        "a price of the API": inputs.price,
        "self.fixed_usd_month": inputs.fixed,
        "team.salary_usd_year": inputs.people,
    }
    yield from (name for name, value in figures.items() if value is None)


def _cheaper(situation: Situation) -> Iterator[Reason]:
    verdict, mine = situation.choice.verdict, situation.costs[situation.choice.verdict]
    others = _others(situation)
    if mine is None or not others:
        return
    way = min(others, key=lambda name: others[name])
    if others[way] < mine:
        return
    price = situation.inputs.price
    beside = "" if way in situation.gates.pool else ", which is ruled out"
    verb = "cost" if verdict == "self_host" else "costs"
    yield Reason(
        code=_CHEAPER[verdict],
        text=f"{_name(verdict)} {verb} {money_text(mine)} a month, {_the(way)} {money_text(others[way])}"
        f"{beside}{_load_words(situation)}.",
        origin=worst([cost_origin(situation, verdict), cost_origin(situation, way)]),
        source=price.price_id if price and "api" in (verdict, way) else None,
        opens="costs",
    )


def _others(situation: Situation) -> dict[VerdictWord, Decimal]:
    """What the verdict was held against; where that is nothing, what it would be held against."""
    choice = situation.choice
    apart = (choice.verdict, "self_host") if choice.by == "structure" else (choice.verdict,)
    ways: list[VerdictWord] = [way for way in choice.rivals if way != choice.verdict]
    ways = ways or [way for way in WAYS if way not in apart]
    found: dict[VerdictWord, Decimal] = {}
    for way in ways:
        usd = situation.costs[way]
        if usd is not None:
            found[way] = usd
    return found


def _tie(situation: Situation) -> Iterator[Reason]:
    verdict, costs = situation.choice.verdict, situation.costs
    mine = costs[verdict]
    if mine is None:
        return
    level = [
        f"{_the(way)} {money_text(usd)}"
        for way in situation.choice.rivals
        if way != verdict and (usd := costs[way]) is not None and is_tied(usd, mine, situation.band)
    ]
    is_default = verdict == default_way(situation.case)
    stated = situation.case.policy.default is not None
    why = "the policy decides" if stated else '"start with APIs unless compelling reason" decides'
    yield Reason(
        code="tie_default" if is_default else "tie",
        text=f"{_name(verdict)} at {money_text(mine)} a month and {' and '.join(level)}: "
        f"within {share_text(situation.band)} of each other, so "
        f"{why if is_default else 'the cheaper one is taken, by little'}.",
        origin="user" if stated or not is_default else "preset",
        source="F1, S29" if is_default and not stated else "F1, S24",
        opens="costs",
    )


def _structure(situation: Situation) -> Reason:
    case, inputs = situation.case, situation.inputs
    own, both = situation.costs["self_host"], situation.costs["hybrid"]
    beside = (
        ""
        if own is None or both is None
        else f" Own machines alone: {money_text(own)} a month; with the API: {money_text(both)}."
    )
    unsized = "" if inputs.capacity is not None else " Whether own machines alone can do it is not known."
    match situation.choice.pattern:
        case "sensitivity":
            return Reason(
                code="mixed_sensitivity",
                text=f"{share_text(situation.share.least)} of the tokens are sensitive and stay, the rest "
                f"may go to the API.{beside}{unsized}",
                origin=origin_of(case, "sensitivity.sensitive_share"),
                source="F1, S68 and S72",
            )
        case "overflow":
            return Reason(
                code="spiky_load",
                text=f"The busiest hour is {number_text(inputs.peak)} times the mean: own machines for the "
                f"base load, the API for the peaks.{beside}{unsized}",
                origin=origin_of(case, "workload.peak_to_mean"),
                source="F1, S68 and S74",
            )
        case _:
            return Reason(
                code="experimenting",
                text=f"Prompts still change daily: experiments go to the API, production stays.{beside}",
                origin=origin_of(case, "team.stage"),
                source="F1, S73",
            )


def _pattern(situation: Situation) -> Iterator[Reason]:
    if situation.choice.pattern in ("sensitivity", "overflow", "environment"):
        yield _structure(situation)


def _load_words(situation: Situation) -> str:
    inputs = situation.inputs
    if inputs.tokens is None:
        return ""
    mix = f" at {inputs.mix.text} input to output" if inputs.mix else ""
    return f", for {tokens_text(inputs.tokens)} tokens{mix}"


def _name(way: VerdictWord) -> str:
    return _NAMES[way][0].upper() + _NAMES[way][1:]


def _the(way: VerdictWord) -> str:
    return _NAMES[way]
