"""What is not known of a case and would matter, and how each can be settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.decide.cases.case_values import origin_of, value_at
from steelyard.core.decide.verdict.confidence import ENOUGH_DAYS, has_measured_rates
from steelyard.core.values.decision import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.gates import Evidence
    from steelyard.core.values.decision import Flip, Regime

MOST = 14
_SETTLE: dict[str, tuple[str, str]] = {
    "workload.tokens_month": (
        "Run your work through Steelyard for 14 days, or type the tokens of the provider's invoice.",
        "costs",
    ),
    "workload.mix": ("Read it from the ledger, or type input to output tokens such as 3:1.", "costs"),
    "workload.peak_to_mean": (
        "Compare the busiest hour with the mean hour in the ledger; the costs take 1.",
        "monitor",
    ),
    "constraints.privacy": ("Ask who owns the data: none, standard or hard.", ""),
    "constraints.veto_api": ("Ask whoever answers for the data whether an API is allowed at all.", ""),
    "constraints.offline_required": ("Ask whether it must work without a network.", ""),
    "constraints.regime": ("Ask whether a set of duties such as HIPAA applies.", ""),
    "sensitivity.sensitive_share": (
        "Sort the work into classes; the ledger then shows the share of those that must stay.",
        "costs",
    ),
    "quality.needs_frontier": ("Compare your own prompts on a local and a frontier model.", "compare"),
    "quality.frontier_share": (
        "Compare your prompts by class; until then 20 % is taken from F1.",
        "compare",
    ),
    "quality.fine_tuned_domain": (
        "Not tested: run at least 30 prompts of your own on the tuned model and the frontier model.",
        "compare",
    ),
    "team.ml_capacity": ("Name who would run the servers, and what happens when that person is away.", ""),
    "team.fte_share": (
        "Log the hours for 30 days, or type a share of a post; it is left out until then.",
        "",
    ),
    "team.salary_usd_year": ("Type what a full post costs in a year; its share is stated.", ""),
    "api.price_in": ("Choose a model of the price book as api.model, or type both prices.", "costs"),
    "api.baa": ("Look into the contract for a signed business associate agreement.", ""),
    "api.zero_retention": ("Look into the contract for how long prompts are kept.", ""),
    "api.region_ok": ("Look into the contract for where it is computed.", ""),
    "managed.price_in": ("Ask a host of open models for its prices, or type managed.usd_month.", "costs"),
    "self.fixed_usd_month": (
        "Type a month of one machine (hardware or rent, power, upkeep), or describe it in a profile.",
        "costs",
    ),
    "self.capacity_tokens_month": (
        "Measure prompt and generation rates at the number of users that you expect.",
        "models",
    ),
    "constraints.latency_ms": ("Measure the time to the first token on both sides.", "compare"),
}


def unknowns_of(
    situation: Situation, evidence: Evidence, regime: Regime | None, flips: list[Flip]
) -> list[Unknown]:
    """Keys of the case, those first whose answer could change the verdict."""
    found = dict.fromkeys(_missing(situation, regime))
    flipping = {flip.what for flip in flips if flip.from_ is None}
    rows = [_unknown(key) for key in sorted(found, key=lambda key: key not in flipping)]
    rows += _claims(situation, evidence)
    rows += _stated(situation, evidence)
    return list({row.what: row for row in reversed(rows)}.values())[::-1][:MOST]


def _missing(situation: Situation, regime: Regime | None) -> Iterator[str]:
    yield from _missing_figures(situation)
    case = situation.case
    asked = ["constraints.privacy", "quality.needs_frontier", "team.ml_capacity"]
    if regime is not None:
        asked = [*asked, *(f"api.{need}" for need in regime.needs)]
    if case.constraints.privacy == "hard":
        asked.append("sensitivity.sensitive_share")
    if any(bar.code == "hard_privacy" for bar in situation.gates.bars) or case.constraints.privacy is None:
        asked.append("constraints.veto_api")
    if case.quality.needs_frontier == "some":
        asked.append("quality.frontier_share")
    yield from (key for key in asked if value_at(case, key) is None)


def _missing_figures(situation: Situation) -> Iterator[str]:
    case, inputs = situation.case, situation.inputs
    for key in ("workload.tokens_month", "workload.mix"):
        if value_at(case, key) is None:
            yield key
    if inputs.price is None:
        yield "api.price_in"
    if inputs.fixed is None:
        yield "self.fixed_usd_month"
    if inputs.people is None:
        yield "team.salary_usd_year"
    if inputs.capacity is None:
        yield "self.capacity_tokens_month"
    if case.team.fte_share is None and not _has_people(situation):
        yield "team.fte_share"
    if case.workload.peak_to_mean is None:
        yield "workload.peak_to_mean"
    if "managed" in situation.gates.pool and situation.costs["managed"] is None:
        yield "managed.price_in"


def _has_people(situation: Situation) -> bool:
    """Whether the costs have people in them already: a profile's, or whatever the typed sum covers."""
    profile = situation.case.self_.profile
    if situation.case.self_.fixed_usd_month is not None or profile is None:
        return situation.case.self_.fixed_usd_month is not None
    return profile.people.hours_month is not None or profile.people.fte_share is not None


def _claims(situation: Situation, evidence: Evidence) -> Iterator[Unknown]:
    """Answers that are claims until they have been tested."""
    case = situation.case
    if case.quality.fine_tuned_domain:
        yield _unknown("quality.fine_tuned_domain")
    metric = case.constraints.latency_metric
    if case.constraints.latency_ms is None or case.workload.interactive is False:
        return
    if metric == "ttft" and evidence.api_ttft_ms and evidence.local_ttft_ms:
        return
    what = (
        "TTFT" if metric == "ttft" else "time per token" if metric == "tpot" else "time to the whole answer"
    )
    yield Unknown(
        what="constraints.latency_ms",
        how_to_settle=f"Measure the {what} of both sides on your own prompts; a published band stands in.",
        opens="compare",
    )


def _stated(situation: Situation, evidence: Evidence) -> Iterator[Unknown]:
    """What somebody typed although a ledger could say it."""
    if not evidence.from_ledger:
        return
    case, key = situation.case, "workload.tokens_month"
    if case.workload.tokens_month is not None and origin_of(case, key) != "measured":
        yield _stated_row(key, "run your work through Steelyard for 14 days")
    elif case.workload.tokens_month is not None and (evidence.days or 0) < ENOUGH_DAYS:
        yield Unknown(
            what=key,
            how_to_settle=f"{evidence.days or 0:.1f} days of the ledger are too few; it takes {ENOUGH_DAYS}.",
            opens="costs",
        )
    key = "self.fixed_usd_month"
    if case.self_.fixed_usd_month is not None:
        yield _stated_row(key, "describe the machine in a profile with its measured watts and rates")
    if situation.inputs.capacity is not None and not has_measured_rates(case):
        yield _stated_row("self.capacity_tokens_month", "measure the rates at the users that you expect")


def _stated_row(key: str, how: str) -> Unknown:
    return Unknown(what=key, how_to_settle=f"Stated, not measured: {how}.", opens=_SETTLE[key][1])


def _unknown(key: str) -> Unknown:
    how, opens = _SETTLE[key]
    return Unknown(what=key, how_to_settle=how, opens=opens)
