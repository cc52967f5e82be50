"""The lines of evidence behind a verdict: what decided first, with its numbers and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from steelyard.core.decide.cases.case_values import origin_of
from steelyard.core.decide.figures import money_text, number_text, share_text, tokens_text
from steelyard.core.decide.verdict.cost_reasons import choice_reasons, cost_origin, worst
from steelyard.core.decide.verdict.flip_text import WAY_NAMES
from steelyard.core.decide.verdict.gate_text import bar_source, bar_text, granted_text
from steelyard.core.decide.verdict.gates import Rank, lacking
from steelyard.core.decide.verdict.options import SPIKY, machines_for
from steelyard.core.values.decision import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.gates import Evidence
    from steelyard.core.decide.verdict.options import Inputs
    from steelyard.core.values.costs import BreakEven
    from steelyard.core.values.decision import Case, ReadinessItem, Regime, VerdictWord


_AMPLE = 2


@dataclass(frozen=True)
class Grounds:
    """What the lines are made of."""

    situation: Situation
    evidence: Evidence
    regime: Regime | None
    break_even: BreakEven | None
    premium: Decimal | None
    premium_over: VerdictWord | None
    readiness: tuple[ReadinessItem, ...] = ()


def reasons_of(grounds: Grounds) -> list[Reason]:
    """What decided comes first, what only adds to it last."""
    rows = [
        *_gates(grounds),
        *choice_reasons(grounds.situation),
        *_premium(grounds),
        *_context(grounds),
        *_unmeasured(grounds),
    ]
    return list({(row.code, row.text): row for row in rows}.values())


def _gates(grounds: Grounds) -> Iterator[Reason]:
    situation = grounds.situation
    case, gates = situation.case, situation.gates
    verdict = situation.choice.verdict
    for bar in sorted(gates.bars, key=lambda bar: -bar.rank):
        if verdict in bar.ways and bar.code == "no_ml_capacity":
            yield Reason(
                code="readiness_missing",
                text="Nobody is there to run own machines, and every other way is ruled out: "
                "hire or train somebody before anything is bought.",
                origin=bar.origin,
                source="F1, S66",
            )
            continue
        text = bar_text(bar, case, grounds.regime)
        yield Reason(
            code=bar.code, text=text, origin=bar.origin, source=bar_source(bar), opens=_opens(bar.code)
        )
    if any(bar.code != "no_ml_capacity" and verdict in bar.ways for bar in gates.bars):
        names = ", ".join(dict.fromkeys(bar.key for bar in gates.gave_way)) or "none"
        yield Reason(
            code="no_option_meets_all",
            text=f"No way meets every limit. Privacy goes first; this one does not meet {names}.",
            origin="user",
        )
    yield from _granted(grounds)
    yield from _conflict(grounds)
    limits = case.constraints
    if limits.latency_ms is not None and case.workload.interactive is False:
        yield Reason(
            code="latency_not_counted",
            text=f"Nobody waits for the answers, so {number_text(limits.latency_ms)} ms is no limit.",
            origin=origin_of(case, "workload.interactive"),
            source="F0 and F1, S45",
        )


def _granted(grounds: Grounds) -> Iterator[Reason]:
    """That a regime is met, where it would be asked."""
    case, regime = grounds.situation.case, grounds.regime
    if regime is None or not regime.needs or any(lacking(case, regime)):
        return
    if not any("api" in bar.ways and bar.rank == Rank.PRIVACY for bar in grounds.situation.gates.bars):
        yield Reason(
            code="regime_met",
            text=granted_text(regime),
            origin=worst(origin_of(case, f"api.{need}") for need in regime.needs),
            source="F1, S8; F2, S13",
        )


def _conflict(grounds: Grounds) -> Iterator[Reason]:
    share = grounds.situation.share
    gates = grounds.situation.gates
    if 0 < gates.stays_share < 1 and share.least > share.most:
        yield Reason(
            code="privacy_over_quality",
            text=f"{share_text(share.least)} must stay and {share_text(gates.frontier_share)} need a "
            f"frontier model: both do not fit. Privacy wins, and {share_text(share.least - share.most)} gets "
            "less than it needs.",
            origin=worst(
                [
                    origin_of(grounds.situation.case, "sensitivity.sensitive_share"),
                    origin_of(grounds.situation.case, "quality.frontier_share"),
                ]
            ),
        )


def _premium(grounds: Grounds) -> Iterator[Reason]:
    if grounds.premium is None or grounds.premium_over is None:
        return
    bars = grounds.situation.gates.of(grounds.premium_over)
    name = {"api": "the API", "managed": "the managed model"}.get(
        grounds.premium_over, f"the {WAY_NAMES[grounds.premium_over]} way"
    )
    yield Reason(
        code="premium_of_constraint",
        text=f"The constraint costs {money_text(grounds.premium)} a month more than {name} "
        "that it rules out.",
        origin=worst(
            [
                bars[0].origin,
                cost_origin(grounds.situation, grounds.situation.choice.verdict),
                cost_origin(grounds.situation, grounds.premium_over),
            ]
        ),
        opens="costs",
    )


def _context(grounds: Grounds) -> Iterator[Reason]:
    situation = grounds.situation
    case, inputs = situation.case, situation.inputs
    uses_own = situation.choice.verdict in ("self_host", "hybrid")
    if grounds.break_even is not None:
        yield Reason(
            code="break_even",
            text=f"{grounds.break_even.reason}{_room(inputs)}",
            origin=worst([cost_origin(situation, "api"), cost_origin(situation, "self_host")]),
            source=inputs.price.price_id if inputs.price else None,
            opens="costs",
        )
    missing = [item.text for item in grounds.readiness if item.is_critical and item.state is False]
    if uses_own and missing:
        yield Reason(
            code="readiness_missing",
            text=f"Not there yet: {'; '.join(missing)}.",
            origin="user",
            source="F1, S63",
        )
    if inputs.redundancy > 1 and inputs.fixed is not None and uses_own:
        yield Reason(
            code="redundancy",
            text=f"Everything stands there {inputs.redundancy} times: "
            f"{money_text(inputs.redundancy * inputs.fixed)} a month in place of {money_text(inputs.fixed)}.",
            origin=origin_of(case, "self.redundancy"),
            source="F1, S80",
        )
    if inputs.capacity is not None and inputs.tokens is not None and case.workload.peak_to_mean is not None:
        peak = inputs.tokens * inputs.peak
        yield Reason(
            code="capacity_peaks",
            text=f"The peak is a rate of {tokens_text(peak)} tokens a month, which "
            f"takes {_machines(machines_for(inputs, peak))} of {tokens_text(inputs.capacity)} each"
            f"{_queue(situation)}.",
            origin=worst(
                [origin_of(case, "workload.peak_to_mean"), origin_of(case, "self.capacity_tokens_month")]
            ),
            opens="costs",
        )
    if uses_own:
        yield from _oversized(case)


def _oversized(case: Case) -> Iterator[Reason]:
    """A machine that has far more memory than is used; what fits is bought first and scaled later (S37)."""
    needed, there = case.self_.vram_needed_gib, case.self_.vram_gib
    if needed is None or there is None or not 0 < needed * _AMPLE < there:
        return
    yield Reason(
        code="oversized",
        text=f"The weights take {number_text(needed)} of {number_text(there)} GiB: a smaller machine does,"
        " and can be changed once the load has been measured.",
        origin=worst([origin_of(case, "self.vram_needed_gib"), origin_of(case, "self.vram_gib")]),
        source="F2, S37",
        opens="models",
    )


def _room(inputs: Inputs) -> str:
    if inputs.capacity is None or inputs.peak == 1:
        return ""
    return f" A machine counts with the mean load that leaves room for {number_text(inputs.peak)} times it."


def _machines(count: int) -> str:
    return "1 machine" if count == 1 else f"{count:,} machines"


def _queue(situation: Situation) -> str:
    """What the hybrid's machines, sized for the mean, mean for the part that may not overflow."""
    inputs, share = situation.inputs, situation.share
    if situation.choice.verdict != "hybrid" or inputs.tokens is None or inputs.peak <= SPIKY:
        return ""
    kept = inputs.tokens * share.value
    enough = machines_for(inputs, kept)
    if situation.gates.stays_share == 0 or machines_for(inputs, kept * inputs.peak) <= enough:
        return f"; with the API for the peaks {enough} are enough"
    return f"; with {enough}, sensitive work waits in a queue when it peaks"


def _unmeasured(grounds: Grounds) -> Iterator[Reason]:
    evidence = grounds.evidence
    if not evidence.from_ledger:
        return
    if evidence.weights is not None:
        yield Reason(
            code="runs_here",
            text=f"{evidence.weights} runs on this machine: its rates were measured here.",
            origin="measured",
            source="ledger",
            opens="monitor",
        )
    case = grounds.situation.case
    key = "workload.tokens_month"
    if origin_of(case, key) == "measured" and case.workload.tokens_month is not None:
        days = evidence.days or 0
        yield Reason(
            code="volume_measured",
            text=f"{tokens_text(case.workload.tokens_month)} tokens a month from {days:.1f} days of the "
            f"ledger, {evidence.runs:,} runs.",
            origin="measured",
            source="ledger",
            opens="costs",
        )
    elif case.workload.tokens_month is not None:
        yield Reason(
            code="unmeasured",
            text="The volume is stated, not measured.",
            origin=origin_of(case, key),
            opens="costs",
        )


def _opens(code: str) -> str:
    return {"latency_unmet": "compare", "frontier_needed": "compare"}.get(code, "")
