"""How sure a verdict is: how often it holds over draws of the figures, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.decide.cases.case_values import origin_of

if TYPE_CHECKING:
    from decimal import Decimal

    from steelyard.core.costs.risk.uncertainty import Draws
    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.gates import Evidence
    from steelyard.core.values.costs import Band
    from steelyard.core.values.decision import Case, Confidence, VerdictWord

CLEAR, LIKELY = 0.9, 0.7
"""Shares of the draws from which these words hold: domain report 2, "Uncertainty"."""
ENOUGH_DAYS = 14
"""Of the ledger, before its volume is more than a guess."""


@dataclass(frozen=True)
class Drawn:
    """USD a month of each way over the draws, and how often the verdict holds; None: not decided by cost."""

    bands: dict[VerdictWord, Band]
    share: float | None


def drawn_of(situation: Situation) -> Drawn:
    """Costs by draws with a fixed seed, for the ways whose cost is known."""
    from steelyard.core.costs.risk import uncertainty  # loads numpy

    costs: dict[VerdictWord, Draws] = {
        way: usd for way, usd in _costs(situation).items() if situation.costs[way] is not None
    }
    bands: dict[VerdictWord, Band] = {way: uncertainty.band(usd) for way, usd in costs.items()}
    return Drawn(bands, _share(situation, costs))


def confidence_of(situation: Situation, evidence: Evidence, share: float | None) -> Confidence:
    """clear from 90 % of the draws, likely from 70 %; provisional while it rests on what is not known."""
    choice = situation.choice
    if choice.by == "default" or _rests_on_guesses(situation, evidence):
        return "provisional"
    if choice.by == "gates":
        return _by_gates(situation)
    if choice.is_tie or share is None:
        return "too_close"
    return "clear" if share >= CLEAR else "likely" if share >= LIKELY else "too_close"


def _by_gates(situation: Situation) -> Confidence:
    """As sure as what closes the gates: stated or measured, a published figure, or a question left open."""
    weakest: Confidence = "clear"
    if situation.gates.gave_way:
        weakest = "likely"
    for way in situation.costs:
        bars = situation.gates.of(way)
        if way == situation.choice.verdict or not bars:
            continue
        if all(bar.is_unanswered for bar in bars):
            return "provisional"
        if all(bar.is_unanswered or bar.is_estimate for bar in bars):
            weakest = "likely"
    return weakest


def _rests_on_guesses(situation: Situation, evidence: Evidence) -> bool:
    """Whether volume, price or own costs are not known or, where a ledger is asked, not measured."""
    inputs, choice = situation.inputs, situation.choice
    if None in (inputs.tokens, inputs.blended, inputs.fixed, inputs.people):
        return True
    if inputs.capacity is None and choice.by != "gates" and choice.verdict in ("self_host", "hybrid"):
        return True  # more machines than one could be needed, and another way be the cheaper one
    if not evidence.from_ledger:
        return False
    is_counted = origin_of(situation.case, "workload.tokens_month") == "measured"
    if not is_counted or (evidence.days or 0) < ENOUGH_DAYS:
        return True
    is_priced = inputs.price is not None and inputs.price.origin != "preset"
    return not (is_priced and has_measured_rates(situation.case))


def has_measured_rates(case: Case) -> bool:
    """Whether what a machine can do comes from runs of this one, not from a typed figure."""
    profile = case.self_.profile
    if profile is None or case.self_.capacity_tokens_month is not None:
        return False
    rates = profile.rates
    names = [name for name in ("prompt_tps", "gen_tps") if getattr(rates, name) is not None]
    is_measured = bool(names) and all(profile.origins.get(f"rates.{name}") == "measured" for name in names)
    return is_measured and rates.capacity_tokens_month is None


def _costs(situation: Situation) -> dict[VerdictWord, Draws]:
    import numpy as np

    from steelyard.core.costs.risk import uncertainty as draws

    case, inputs = situation.case, situation.inputs

    def drawn(key: str, value: Decimal | None, spread: float | None = None) -> Draws:
        half = draws.spread_of(origin_of(case, key)) if spread is None else spread
        return draws.drawn(key, float(value or 0), half)

    volume_key = "workload.tokens_month"
    tokens = drawn(volume_key, inputs.tokens, draws.volume_spread(origin_of(case, volume_key)))
    price = _price(situation)
    fixed = drawn("self.fixed_usd_month", inputs.fixed) * inputs.redundancy
    standing = drawn("self.shared", inputs.shared) + drawn("team.fte_share", inputs.people)
    marginal = drawn("self.marginal_usd_per_m", inputs.marginal) / 1e6
    peak = np.maximum(drawn("workload.peak_to_mean", inputs.peak, None if inputs.peak > 1 else 0.0), 1.0)
    capacity = None if inputs.capacity is None else drawn("self.capacity_tokens_month", inputs.capacity)

    def machines(load: Draws) -> Draws | int:
        return inputs.least_machines if capacity is None else np.maximum(np.ceil(load / capacity), 1.0)

    stays = float(situation.share.value)
    bill = tokens * price
    managed = (
        tokens * float(inputs.managed_blended or 0) / 1e6
        if inputs.managed_usd_month is None
        else np.full(draws.DRAWS, float(inputs.managed_usd_month))
    )
    return {
        "api": bill,
        "self_host": machines(tokens * peak) * fixed + standing + tokens * marginal,
        "hybrid": machines(stays * tokens) * fixed
        + standing
        + stays * tokens * marginal
        + (1 - stays) * bill,
        "managed": managed,
    }


def _price(situation: Situation) -> Draws:
    """USD per token of the drawn mix; the price list itself is taken as it is."""
    import numpy as np

    from steelyard.core.costs.risk import uncertainty as draws

    inputs = situation.inputs
    if inputs.price is None or inputs.mix is None:
        return np.zeros(draws.DRAWS)
    output = draws.drawn_output_share(
        float(inputs.mix.output_share), origin_of(situation.case, "workload.mix")
    )
    price, cached = inputs.price, float(inputs.cached_share)
    price_cached = float(price.input if price.cached is None else price.cached)
    price_in = float(price.input) * (1 - cached) + price_cached * cached
    return (price_in * (1 - output) + float(price.output) * output) / 1e6


def _share(situation: Situation, costs: dict[VerdictWord, Draws]) -> float | None:
    """How often the verdict is the cheapest of what it was held against.

    Where a hybrid stands in for own machines it holds while it is not dearer than they are, tie band and all.
    """
    import numpy as np

    from steelyard.core.costs.risk.uncertainty import DRAWS, share_true

    choice = situation.choice
    if choice.by not in ("cost", "structure"):
        return None
    mine = costs[choice.verdict]
    holds = np.ones(DRAWS, dtype=np.bool_)
    for way in choice.rivals:
        holds &= mine <= costs[way]
    is_sized = situation.inputs.capacity is not None
    if choice.by == "structure" and is_sized and choice.pattern != "environment":
        holds &= mine * (1 - float(situation.band)) <= costs["self_host"]
    return share_true(holds)
