"""Which of the ways that are left: by cost, ties by policy, a hybrid where own machines alone would not do.

A deterministic function of the figures as they stand; draws play no part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from steelyard.core.decide.verdict.gates import gates_of
from steelyard.core.decide.verdict.options import (
    LOCAL_SHARE,
    SPIKY,
    TIE_BAND,
    WAYS,
    api_usd,
    effective,
    hybrid_usd,
    inputs_of,
    managed_usd,
    self_usd,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.decide.verdict.gates import Evidence, Gates
    from steelyard.core.decide.verdict.options import Inputs, Lookup
    from steelyard.core.values.decision import Case, Pattern, Regime, VerdictWord

    Costs = Mapping[VerdictWord, Decimal | None]

By = Literal["gates", "cost", "structure", "default"]
_ZERO, _ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True)
class LocalShare:
    """Of the tokens, what stays under a hybrid; privacy goes before quality where they conflict."""

    value: Decimal
    least: Decimal
    """What privacy asks."""
    most: Decimal
    """What quality allows; below `least` it is broken."""


@dataclass(frozen=True)
class Choice:
    """The verdict and how it came about."""

    verdict: VerdictWord
    pattern: Pattern | None
    by: By
    """gates: one way was left; default: costs are not known; structure: a hybrid in place of own machines."""
    is_tie: bool
    rivals: tuple[VerdictWord, ...]
    """What it was held against by cost."""


@dataclass(frozen=True)
class Situation:
    """A case with all that the choice rests on."""

    case: Case
    inputs: Inputs
    gates: Gates
    share: LocalShare
    costs: Costs
    choice: Choice

    @property
    def band(self) -> Decimal:
        """Costs so near to each other are equal."""
        return tie_band(self.case)


def situation_of(case: Case, evidence: Evidence, regime: Regime | None, lookup: Lookup) -> Situation:
    """Gates, costs and choice of a checked case. `regime` is the one that it names.

    Raises:
        UsageError: see `inputs_of` and `machines_for`.
    """
    case = effective(case)
    gates = gates_of(case, evidence, regime)
    inputs = inputs_of(case, lookup)
    share = _local_share(case, gates, inputs)
    costs: dict[VerdictWord, Decimal | None] = {
        "api": api_usd(inputs),
        "self_host": self_usd(inputs),
        "hybrid": hybrid_usd(inputs, share.value) if 0 < share.value < 1 else None,
        "managed": managed_usd(inputs),
    }
    if not 0 < share.value < 1:  # nothing stays, or nothing goes
        gates = _without_hybrid(gates)
    return Situation(case, inputs, gates, share, costs, _choose(case, gates, costs, inputs))


def tie_band(case: Case) -> Decimal:
    """What the case says, else F1's 10 %."""
    return TIE_BAND if case.policy.tie_band is None else case.policy.tie_band


def default_way(case: Case) -> VerdictWord:
    """What ties go to: what the case says, else F1's "start with APIs"."""
    return case.policy.default or "api"


def is_tied(one: Decimal, other: Decimal, band: Decimal) -> bool:
    """Whether two costs differ by no more than the band of the larger one."""
    return abs(one - other) <= band * max(one, other)


def keeps_part(case: Case) -> bool:
    """Whether only a part of the tokens is sensitive, and privacy is not ruled out."""
    share = case.sensitivity.sensitive_share
    return share is not None and 0 < share < 1 and case.constraints.privacy != "none"


def is_spiky(case: Case) -> bool:
    """Whether the busiest hour is more than three times the mean one."""
    return case.workload.peak_to_mean is not None and case.workload.peak_to_mean > SPIKY


def _local_share(case: Case, gates: Gates, inputs: Inputs) -> LocalShare:
    """80 % within what privacy and quality allow, or the least that privacy allows where that is cheaper."""
    least = (case.sensitivity.sensitive_share or _ZERO) if keeps_part(case) else gates.stays_share
    most = _ONE - gates.frontier_share
    usual = max(least, min(LOCAL_SHARE, most))
    if 0 < least < usual:
        at_least, at_usual = hybrid_usd(inputs, least), hybrid_usd(inputs, usual)
        if at_least is not None and at_usual is not None and at_least < at_usual:
            return LocalShare(least, least, most)
    return LocalShare(usual, least, most)


def _without_hybrid(gates: Gates) -> Gates:
    pool = gates.pool - {"hybrid"}
    return replace(gates, pool=pool) if pool else gates


def _choose(case: Case, gates: Gates, costs: Costs, inputs: Inputs) -> Choice:
    pool: list[VerdictWord] = [way for way in WAYS if way in gates.pool]
    priced: list[VerdictWord] = [
        way for way in pool if way != "managed" or costs["managed"] is not None
    ] or pool
    if len(priced) == 1:
        return Choice(priced[0], _pattern(case, gates, priced[0]), "gates", False, ())
    if any(costs[way] is None for way in priced):
        way = _unpriced(case, priced)
        return Choice(way, _pattern(case, gates, way), "default", False, ())
    known: dict[VerdictWord, Decimal] = {way: usd for way in priced if (usd := costs[way]) is not None}
    return _cheapest(case, gates, known, inputs)


def _unpriced(case: Case, pool: list[VerdictWord]) -> VerdictWord:
    """Without costs: the policy's default if it is left, else a hybrid, else the first."""
    default = default_way(case)
    if default in pool:
        return default
    if "api" not in pool and "hybrid" in pool:
        return "hybrid"
    return pool[0]


def _cheapest(case: Case, gates: Gates, costs: dict[VerdictWord, Decimal], inputs: Inputs) -> Choice:
    band = tie_band(case)
    structure = _structure(case, costs, inputs, band)
    rivals: list[VerdictWord] = [way for way in costs if way != ("self_host" if structure else "hybrid")]
    best = min(rivals, key=lambda way: costs[way])
    tied: list[VerdictWord] = [way for way in rivals if is_tied(costs[way], costs[best], band)]
    default = default_way(case)
    winner = default if default in tied else best
    is_tie = len(tied) > 1
    if "hybrid" in costs and "hybrid" not in rivals:
        is_level = is_tied(costs["hybrid"], costs[winner], band)
        if (is_level and default == "hybrid") or (not is_level and costs["hybrid"] < costs[winner]):
            winner, is_tie = "hybrid", is_level
        rivals.append("hybrid")
    by: By = "structure" if winner == "hybrid" and structure else "cost"
    pattern = structure if by == "structure" else _pattern(case, gates, winner)
    return Choice(winner, pattern, by, is_tie, tuple(rivals))


def _structure(
    case: Case, costs: dict[VerdictWord, Decimal], inputs: Inputs, band: Decimal
) -> Pattern | None:
    """Why a hybrid stands in for own machines alone, if it does; against the API it has to hold by cost."""
    if "hybrid" not in costs or "self_host" not in costs:
        return None
    own, both = costs["self_host"], costs["hybrid"]
    does_alone = inputs.capacity is not None and own < both and not is_tied(own, both, band)
    if keeps_part(case) and not does_alone:
        return "sensitivity"
    if is_spiky(case) and not does_alone:
        return "overflow"
    return "environment" if case.team.stage == "experimenting" else None


def _pattern(case: Case, gates: Gates, way: VerdictWord) -> Pattern | None:
    if way != "hybrid":
        return None
    if keeps_part(case):
        return "sensitivity"
    if gates.frontier_share > 0:
        return "complexity"
    if is_spiky(case):
        return "overflow"
    if case.team.stage == "experimenting":
        return "environment"
    peak = case.workload.peak_to_mean
    return "overflow" if peak is not None and peak > 1 else "complexity"
