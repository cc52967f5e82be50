"""What moves the saving of own machines against the API: each figure of a case alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.costs.exact import exact, usd_pico
from steelyard.core.costs.risk.sensitivity import (
    MIX_UNIT,
    PEOPLE_STEP,
    PRICE_UNIT,
    STEP,
    Move,
    around,
    mix_around,
    output_share,
    sensitivity,
)
from steelyard.core.decide.cases.case_file import checked_case
from steelyard.core.decide.cases.case_values import with_value
from steelyard.core.decide.verdict.options import Lookup, api_usd, effective, inputs_of, self_usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.options import FindPrice, Inputs
    from steelyard.core.values.costs import Sensitivity
    from steelyard.core.values.decision import Case


@exact()
def case_sensitivity(case: Case, find_price: FindPrice) -> Sensitivity:
    """Saving = API - own machines, USD a month: fixed costs, volume, price and electricity by 20 %, people by
    half, the odds of output tokens by half and by two.

    Raises:
        UsageError: volume, mix, price or fixed costs are missing, or the case makes no sense.
    """
    lookup = Lookup(find_price)
    case = effective(checked_case(case))
    inputs = inputs_of(case, lookup)
    _check_known(inputs)
    return sensitivity(_saving, inputs, _moves(case, inputs, lookup))


def sensitivity_of(situation: Situation, lookup: Lookup) -> Sensitivity | None:
    """The same of a case that is being decided; None where it has no saving."""
    try:
        _check_known(situation.inputs)
        moves = list(_moves(situation.case, situation.inputs, lookup))
        return sensitivity(_saving, situation.inputs, moves)
    except UsageError:
        return None


def _saving(inputs: Inputs) -> Decimal:
    _check_known(inputs)
    api, own = api_usd(inputs), self_usd(inputs)
    return (api or Decimal(0)) - (own or Decimal(0))


def _check_known(inputs: Inputs) -> None:
    needed = {
        "workload.tokens_month": inputs.tokens,
        "workload.mix": inputs.mix,
        "api.price_in": inputs.blended,
        "self.fixed_usd_month": inputs.fixed,
        "team.salary_usd_year": inputs.people,
    }
    missing = [key for key, value in needed.items() if value is None]
    if missing:
        raise UsageError(
            "The case has no saving to move",
            f"{missing[0]} is missing",
            "Add it: unknown is not taken for 0.",
        )


def _moves(case: Case, inputs: Inputs, lookup: Lookup) -> Iterator[Move[Inputs]]:
    if inputs.fixed is None or inputs.tokens is None or inputs.blended is None or inputs.mix is None:
        return
    low, high = 1 - STEP, 1 + STEP
    total = inputs.fixed + inputs.shared
    yield Move(
        "self.fixed_usd_month",
        usd_pico(total * low),
        usd_pico(total * high),
        replace(inputs, fixed=inputs.fixed * low, shared=inputs.shared * low),
        replace(inputs, fixed=inputs.fixed * high, shared=inputs.shared * high),
        unit="USD/month",
    )
    tokens_low, tokens_high = around(inputs.tokens)
    yield Move(
        "workload.tokens_month",
        float(tokens_low),
        float(tokens_high),
        replace(inputs, tokens=tokens_low),
        replace(inputs, tokens=tokens_high),
        unit="tokens/month",
    )
    cheap, dear = around(inputs.blended)
    yield Move(
        "api.price",
        usd_pico(cheap),
        usd_pico(dear),
        replace(inputs, blended=cheap),
        replace(inputs, blended=dear),
        unit=PRICE_UNIT,
    )
    less, more = mix_around(inputs.mix.text)
    yield Move(
        "workload.mix",
        output_share(less),
        output_share(more),
        inputs_of(with_value(case, "workload.mix", less), lookup),
        inputs_of(with_value(case, "workload.mix", more), lookup),
        unit=MIX_UNIT,
    )
    if inputs.marginal:
        little, much = around(inputs.marginal)
        yield Move(
            "self.marginal_usd_per_m",
            usd_pico(little),
            usd_pico(much),
            replace(inputs, marginal=little),
            replace(inputs, marginal=much),
            unit="USD per million tokens",
        )
    if inputs.people and case.team.fte_share:
        fewer, more_posts = around(case.team.fte_share, PEOPLE_STEP)
        less_usd, more_usd = around(inputs.people, PEOPLE_STEP)
        yield Move(
            "team.fte_share",
            float(fewer),
            float(more_posts),
            replace(inputs, people=less_usd),
            replace(inputs, people=more_usd),
            unit="posts",
        )
