"""What the engine would answer on Decide: the decision of the mock-up, a small book, kept verdicts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.values import cost_commands as cc
from steelyard.core.values.decision import (
    Case,
    CaseApi,
    CaseConstraints,
    CaseQuality,
    CaseSelf,
    CaseSensitivity,
    CaseTeam,
    CaseWorkload,
    Change,
    ClassRoute,
    Decision,
    DecisionBook,
    DecisionHead,
    ExampleCase,
    Flip,
    Industry,
    OptionCost,
    Question,
    ReadinessItem,
    Reason,
    Regime,
    RuleState,
    SourceOpinion,
    SourcePreset,
    Unknown,
    WorkClass,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.values.settings import DecideSettings

CASE = Case(
    workload=CaseWorkload(
        tokens_month=Decimal(95_600_000), mix="3:1", peak_to_mean=Decimal("2.1"), interactive=True
    ),
    constraints=CaseConstraints(privacy="hard"),
    quality=CaseQuality(needs_frontier="some", frontier_share=Decimal("0.12")),
    sensitivity=CaseSensitivity(sensitive_share=Decimal("0.31")),
    team=CaseTeam(ml_capacity=True),
    api=CaseApi(model="openai/gpt-4o", price_in=Decimal("2.50"), price_out=Decimal(10)),
    self_=CaseSelf(fixed_usd_month=Decimal("154.80"), capacity_tokens_month=Decimal("478000000")),
    origins={"workload.tokens_month": "measured", "workload.mix": "measured", "api.price_in": "catalogue"},
    notes={"workload.tokens_month": "30 days of the ledger, 41,860 requests"},
)

REASONS = [
    Reason(
        code="unmeasured",
        text="95.6 M tokens a month, peak to mean 2.1",
        origin="measured",
        source="30 days of ledger, 41,860 requests",
        opens="costs",
    ),
    Reason(
        code="frontier_needed",
        text="Migration review: local 52 %, GPT-4o 92 %",
        origin="measured",
        source="95 % CI 33 to 70 and 75 to 98, n = 25; floor 80 %",
        opens="compare",
    ),
    Reason(
        code="mixed_sensitivity",
        text="Class Customer never leaves this machine",
        origin="user",
        source="31 % of tokens, set on 2 Oct",
        opens="settings",
    ),
    Reason(
        code="cost_self_cheaper",
        text="Self-host $159.14 a month at 20 % of capacity",
        origin="preset",
        source="speed preset 1,500 and 50 tok/s, people 1.5 h",
        opens="costs",
    ),
    Reason(
        code="break_even",
        text="GPT-4o $2.50 in, $10.00 out per M",
        origin="catalogue",
        source="openai/gpt-4o, 2026-10-01",
        opens="costs",
    ),
]

OPINIONS = [
    ("P1", "Crossover 50 to 150 M tokens a month", "F0, S15", "undecided", None,
     "95.6 M is inside the band; your own crossover is 35.4 M"),
    ("P3", "Crossover 500 M to 1 B tokens a month", "F1, S25", "api", False,
     "Assumes a $4,000 cloud A100 and a 1 : 2 mix"),
    ("P4", "Self-host above 1 M tokens a day", "F2, S16", "self_host", True, "3.14 M a day"),
    ("P5", "Only above 50 % utilisation", "F2, S30", "api", False, "Yours needs 7.4 %; you run at 20 %"),
    ("P6", "Hybrid if sensitivity is mixed", "F1, S68", "hybrid", True, "31 % local only, 69 % free"),
    ("P7", "Privacy hard, so self-host", "F0, S70", "self_host", True,
     "True for Customer; Migration fails the quality floor"),
]  # fmt: skip

FLIPS = [
    Flip(what="workload.tokens_month", from_=95_600_000.0, to=40_200_000.0, verdict="api"),
    Flip(what="api.price_in", from_="2.5", to="1.07", verdict="api"),
    Flip(
        what="quality.needs_frontier", from_="some", to="no", verdict="self_host", text="Local would do all."
    ),
    Flip(what="constraints.privacy", from_="hard", to="standard", verdict="api"),
    Flip(what="team.ml_capacity", from_=True, to=False, verdict="managed"),
    Flip(what="policy.tie_band", from_=None, to="0.6", verdict="api"),
]

UNKNOWNS = [
    Unknown(
        what="self.capacity_tokens_month", how_to_settle="Sweep 1 to 16 users, about 12 min", opens="servers"
    ),
    Unknown(what="team.fte_share", how_to_settle="An estimate; log the hours of 30 days", opens=""),
    Unknown(
        what="constraints.latency_ms", how_to_settle="Time to first token is not measured", opens="monitor"
    ),
]

OPTIONS = [
    OptionCost(
        name="api",
        feasible=False,
        usd_month_p10="380.20",
        usd_month_p50="418.38",
        usd_month_p90="455.10",
        usd_month="418.38",
        why_not="breaks privacy",
        local_share=0.0,
    ),
    OptionCost(
        name="self_host",
        feasible=False,
        usd_month_p10="140.20",
        usd_month_p50="159.14",
        usd_month_p90="190.40",
        usd_month="159.14",
        why_not="fails quality floor",
        machines=1,
        local_share=1.0,
    ),
    OptionCost(
        name="hybrid",
        feasible=True,
        usd_month_p10="182.40",
        usd_month_p50="208.50",
        usd_month_p90="244.10",
        usd_month="208.50",
        machines=1,
        local_share=0.88,
    ),
    OptionCost(
        name="managed",
        feasible=False,
        usd_month_p10=None,
        usd_month_p50=None,
        usd_month_p90=None,
        why_not="a third party, too: privacy is hard",
    ),
]

RULES = [
    RuleState(
        id=f"{group}{at}",
        group=group,  # type: ignore[arg-type]
        text=f"Rule {at + 1} of {group}",
        state=(True, False, None)[at % 3],
        evidence="95.6 M tokens a month",
        origin="measured" if at % 3 != 2 else None,
    )
    for group, count in (("api", 6), ("self_host", 6), ("hybrid", 4))
    for at in range(count)
]

DECISION = Decision(
    verdict="hybrid",
    pattern="sensitivity",
    confidence="likely",
    reasons=REASONS,
    presets=[
        SourceOpinion(
            id=key,
            rule=rule,
            source=source,
            says=says,
            agrees=agrees,
            with_your_numbers=words,
            quote="As said.",
        )  # type: ignore[arg-type]
        for key, rule, source, says, agrees, words in OPINIONS
    ],
    unknowns=UNKNOWNS,
    flips=FLIPS,
    options=OPTIONS,
    summary="Keep Code, Docs and Customer on this machine. Send Migration review, 12 % of tokens, to GPT-4o.",
    share_cheapest=0.84,
    premium_usd_month="136.21",
    break_even_tokens_month=35_365_000.0,
    review_at_tokens_month=40_200_000.0,
    rules=RULES,
    questions=[
        Question(id="core", text="Is it a core advantage?", answer="yes", leads_to="self_host"),
        Question(
            id="data", text="How sensitive are the data?", answer="must not leave", leads_to="self_host"
        ),
        Question(id="volume", text="How much a day?", answer="3.14 M", leads_to="self_host"),
        Question(id="team", text="Can somebody run it?", answer=None, leads_to=None),
    ],
    classes=[
        ClassRoute(name="Code", token_share=0.41, route="local", why="passes 84 %"),
        ClassRoute(name="Customer", token_share=0.31, route="local", why="local only"),
        ClassRoute(name="Docs", token_share=0.16, route="local", why="passes 88 %"),
        ClassRoute(name="Migration", token_share=0.12, route="api", why="local 52 %"),
    ],
    local_share=0.88,
    local_share_min=0.31,
    local_share_max=0.88,
    case=CASE,
)

KEPT = msgspec.structs.replace(
    DECISION,
    id="kept-3",
    number=3,
    at="2026-10-14T09:30:00Z",
    title="Production assistant",
    changed=[
        Change(what="verdict", before="self_host", after="hybrid"),
        Change(what="quality.needs_frontier", before="no", after="some"),
    ],
)

BOOK = DecisionBook(
    presets=[
        SourcePreset(
            id="P1",
            rule="Crossover 50 to 150 M tokens a month",
            quote="crossover 50-150M/mo",
            source="F0, S15",
            metric="tokens_month",
            unit="tokens/month",
            low=50e6,
            high=150e6,
        ),
        SourcePreset(
            id="P5",
            rule="Only above 50 % utilisation",
            quote="60-70%",
            source="F2, S30",
            metric="utilisation",
            unit="share",
            low=0.5,
        ),
    ],
    regimes=[
        Regime(
            id="hipaa",
            name="HIPAA",
            needs=["baa"],
            about="Health data of the United States.",
            dated="2026-01",
            source="F1, S7",
        )
    ],
    industries=[
        Industry(
            id="health",
            name="Healthcare",
            case=Case(constraints=CaseConstraints(privacy="hard", regime="HIPAA")),
            why="Patient data.",
            source="F1, S7",
        )
    ],
    classes=[
        WorkClass(name="Patient", regime="HIPAA", is_local_only=True),
        WorkClass(name="Code", deny_words=["secret", "password"]),
    ],
    readiness=[
        ReadinessItem(
            id="drivers", text="Drivers are kept current", is_critical=True, hours_month=2, state=None
        ),
        ReadinessItem(
            id="watch", text="Somebody is told when it fails", is_critical=True, hours_month=4, state=None
        ),
        ReadinessItem(
            id="spare", text="A spare part is at hand", is_critical=False, hours_month=0, state=None
        ),
    ],
    scenarios=[
        ExampleCase(
            id="saas",
            name="SaaS start-up",
            text="50 M tokens a month",
            source_says="api",
            source="F1, S77",
            case=Case(workload=CaseWorkload(tokens_month=Decimal(50_000_000), mix="1:2")),
        )
    ],
)


class ScriptedDecisions:
    """Answers with `decision`, the case put in; keeps what is kept."""

    def __init__(self, settings: Callable[[], DecideSettings]) -> None:
        self._settings = settings
        self.decision = DECISION
        self.kept: list[Decision] = []
        self.memo = "<html><body><h1>Decision memo</h1><p>One page.</p></body></html>"

    def answers(self) -> dict[type, Any]:
        return {
            cc.Decide: self._decide,
            cc.DecideScenario: self._example,
            cc.ReadDecisionBook: lambda _c: self.book(),
            cc.ListDecisions: lambda _c: [_head(one) for one in reversed(self.kept)],
            cc.ReadDecision: lambda c: next(one for one in self.kept if one.id == c.id),
            cc.RemoveDecision: self._remove,
            cc.WriteMemo: lambda c: self.memo if c.format == "html" else '{"verdict": "hybrid"}',
        }

    def book(self) -> DecisionBook:
        settings = self._settings()
        edits = {one.id: one for one in settings.presets}
        return msgspec.structs.replace(
            BOOK,
            presets=[
                msgspec.structs.replace(
                    one, is_enabled=edits[one.id].is_enabled, low=edits[one.id].low, high=edits[one.id].high
                )
                if one.id in edits
                else one
                for one in BOOK.presets
            ],
            classes=settings.classes or BOOK.classes,
            regimes=settings.regimes or BOOK.regimes,
            readiness=[
                msgspec.structs.replace(one, state=settings.readiness.get(one.id)) for one in BOOK.readiness
            ],
        )

    def _decide(self, command: cc.Decide) -> Decision:
        decision = msgspec.structs.replace(self.decision, case=command.case, title=command.title)
        if not command.keep:
            return decision
        number = 1 + sum(one.title == command.title for one in self.kept)
        kept = msgspec.structs.replace(
            decision, id=f"kept-{len(self.kept)}", number=number, at="2026-10-14T09:30:00Z"
        )
        self.kept.append(kept)
        return kept

    def _example(self, command: cc.DecideScenario) -> Decision:
        example = next(one for one in BOOK.scenarios if one.id == command.id)
        return msgspec.structs.replace(self.decision, case=example.case, title=example.name)

    def _remove(self, command: cc.RemoveDecision) -> None:
        self.kept = [one for one in self.kept if one.id != command.id]


def _head(one: Decision) -> DecisionHead:
    return DecisionHead(
        id=one.id,
        number=one.number,
        at=one.at,
        title=one.title,
        verdict=one.verdict,
        confidence=one.confidence,
        pattern=one.pattern,
        review_at_tokens_month=one.review_at_tokens_month,
        changed=one.changed,
    )
