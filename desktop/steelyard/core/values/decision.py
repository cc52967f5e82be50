"""A case as the user describes it, and the decision that follows from it.

Every field of a case may be None: that is unknown, not false.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec

from steelyard.core.values.costs import CostProfile, Origin, Sensitivity
from steelyard.core.values.row import Row

VerdictWord = Literal["api", "self_host", "hybrid", "managed"]
Pattern = Literal["complexity", "sensitivity", "environment", "overflow"]
Confidence = Literal["clear", "likely", "too_close", "provisional"]
Privacy = Literal["none", "standard", "hard"]
LatencyMetric = Literal["ttft", "e2e", "tpot"]


class CaseWorkload(Row, frozen=True):
    """What is asked in a month."""

    tokens_month: Decimal | None = None
    mix: str | None = None
    cached_share: Decimal | None = None
    peak_to_mean: Decimal | None = None
    duty_share: Decimal | None = None
    interactive: bool | None = None


class CaseConstraints(Row, frozen=True):
    """What must hold whatever it costs."""

    privacy: Privacy | None = None
    veto_api: bool | None = None
    regime: str | None = None
    latency_ms: Decimal | None = None
    latency_metric: LatencyMetric | None = None
    latency_percentile: Decimal | None = None
    offline_required: bool | None = None


class CaseQuality(Row, frozen=True):
    """How good the answers must be."""

    needs_frontier: Literal["no", "some", "yes"] | None = None
    fine_tuned_domain: bool | None = None
    frontier_share: Decimal | None = None


class CaseSensitivity(Row, frozen=True):
    """How much of it must not leave."""

    sensitive_share: Decimal | None = None


class CaseTeam(Row, frozen=True):
    """Who would run it. The share of a post comes on top of `self.fixed_usd_month`."""

    ml_capacity: bool | None = None
    fte_share: Decimal | None = None
    salary_usd_year: Decimal | None = None
    stage: Literal["experimenting", "production"] | None = None
    time_to_market_critical: bool | None = None


class CaseApi(Row, frozen=True):
    """The API: a model of the book or its prices (USD per million tokens), and what its provider grants."""

    model: str | None = None
    price_in: Decimal | None = None
    price_out: Decimal | None = None
    baa: bool | None = None
    zero_retention: bool | None = None
    region_ok: bool | None = None


class CaseManaged(Row, frozen=True):
    """An open model hosted by somebody else."""

    price_in: Decimal | None = None
    price_out: Decimal | None = None
    usd_month: Decimal | None = None


class CaseSelf(Row, frozen=True):
    """Own machines: figures of one, or a profile that they are computed from."""

    fixed_usd_month: Decimal | None = None
    marginal_usd_per_m: Decimal | None = None
    capacity_tokens_month: Decimal | None = None
    redundancy: int | None = None
    """How often everything stands there; 2 doubles the fixed costs."""
    vram_needed_gib: Decimal | None = None
    """Of the weights with their KV cache, as `models fit` tells."""
    vram_gib: Decimal | None = None
    """Of all GPUs of one machine."""
    profile: CostProfile | None = None


class CasePolicy(Row, frozen=True):
    """How ties are decided."""

    tie_band: Decimal | None = None
    default: VerdictWord | None = None


class Case(Row, frozen=True, rename={"self_": "self"}):
    """CASE.toml. `origins` goes by dotted key; absent means typed by the user."""

    workload: CaseWorkload = CaseWorkload()
    constraints: CaseConstraints = CaseConstraints()
    quality: CaseQuality = CaseQuality()
    sensitivity: CaseSensitivity = CaseSensitivity()
    team: CaseTeam = CaseTeam()
    api: CaseApi = CaseApi()
    managed: CaseManaged = CaseManaged()
    self_: CaseSelf = CaseSelf()
    policy: CasePolicy = CasePolicy()
    origins: dict[str, Origin] = {}
    notes: dict[str, str] = {}
    readiness: dict[str, bool] = {}
    """Checklist items that were answered; only the app asks them."""


class Reason(Row, frozen=True):
    """One line of evidence. `source` is a preset's source, a price's id or a measurement."""

    code: str
    text: str
    origin: Origin
    source: str | None = None
    opens: str = ""
    """Page of the app that shows the measurement: costs, compare, monitor, models, settings."""


class SourceOpinion(Row, frozen=True):
    """What a published rule says of this case; `agrees` None: it does not decide it."""

    id: str
    says: Literal["api", "self_host", "hybrid", "managed", "undecided"]
    agrees: bool | None
    source: str
    rule: str = ""
    quote: str = ""
    with_your_numbers: str = ""


class Unknown(Row, frozen=True):
    """A key of the case that is not known, and how to find out."""

    what: str
    how_to_settle: str
    opens: str = ""


class Flip(Row, frozen=True, rename={"from_": "from"}):
    """The smallest change of one key that changes the verdict. Beyond `to` it is `verdict`."""

    what: str
    from_: Any
    to: Any
    verdict: VerdictWord
    text: str = ""


class OptionCost(Row, frozen=True):
    """One of the four ways. Money is a decimal string, USD a month; None is unknown."""

    name: VerdictWord
    feasible: bool
    usd_month_p10: str | None
    usd_month_p50: str | None
    usd_month_p90: str | None
    why_not: str | None = None
    usd_month: str | None = None
    """Of the figures as they are; the verdict goes by it."""
    machines: int | None = None
    local_share: float | None = None


class RuleState(Row, frozen=True):
    """One of the published "choose … if" rules; `state` None is unknown, never false."""

    id: str
    group: Literal["api", "self_host", "hybrid"]
    text: str
    state: bool | None
    evidence: str
    origin: Origin | None = None
    pattern: Pattern | None = None


class Question(Row, frozen=True):
    """One of the four questions; `answer` None: not answered."""

    id: str
    text: str
    answer: str | None
    leads_to: Literal["api", "self_host", "hybrid", "managed", "undecided"] | None


class ReadinessItem(Row, frozen=True):
    """Something that running own machines needs; `state` None: not answered."""

    id: str
    text: str
    is_critical: bool
    hours_month: float
    state: bool | None


class ClassRoute(Row, frozen=True):
    """Where one class of work goes under the verdict."""

    name: str
    token_share: float | None
    route: Literal["local", "api", "managed", "undecided"]
    why: str


class WorkClass(Row, frozen=True):
    """A class of work, editable: its regime says what a provider must grant before it may leave."""

    name: str
    regime: str | None = None
    is_local_only: bool = False
    needs_review: bool = False
    latency_matters: bool = True
    deny_words: list[str] = []
    note: str = ""


class Regime(Row, frozen=True):
    """A set of duties, editable. `needs` names keys of `[api]` that must be true. Not legal advice."""

    id: str
    name: str
    needs: list[str]
    about: str
    dated: str
    source: str


class Industry(Row, frozen=True):
    """Constraints that a line of business usually has; fills a case and says why."""

    id: str
    name: str
    case: Case
    why: str
    source: str


class SourcePreset(Row, frozen=True):
    """A published rule with its thresholds, editable."""

    id: str
    rule: str
    quote: str
    source: str
    metric: str
    unit: str
    low: float | None = None
    high: float | None = None
    below: Literal["api", "self_host", "hybrid", "managed", "undecided"] | None = None
    between: Literal["api", "self_host", "hybrid", "managed", "undecided"] | None = None
    above: Literal["api", "self_host", "hybrid", "managed", "undecided"] | None = None
    is_enabled: bool = True
    derivation: str = ""


class PresetEdit(Row, frozen=True):
    """What the user changed of a preset."""

    id: str
    is_enabled: bool = True
    low: float | None = None
    high: float | None = None


class ExampleCase(Row, frozen=True):
    """A scenario of a source that ships as a case."""

    id: str
    name: str
    text: str
    source_says: VerdictWord
    source: str
    case: Case


class DecisionBook(Row, frozen=True):
    """What decisions are made with, edits of the user included."""

    presets: list[SourcePreset]
    regimes: list[Regime]
    industries: list[Industry]
    classes: list[WorkClass]
    readiness: list[ReadinessItem]
    scenarios: list[ExampleCase]


class Change(Row, frozen=True):
    """What differs from the verdict before."""

    what: str
    before: Any
    after: Any
    text: str = ""
    """In words, with the relative change of a number."""


class Decision(Row, frozen=True):
    """The verdict with all that it rests on. The first eight keys are the command line's contract."""

    verdict: VerdictWord
    pattern: Pattern | None
    confidence: Confidence
    reasons: list[Reason]
    presets: list[SourceOpinion]
    unknowns: list[Unknown]
    flips: list[Flip]
    options: list[OptionCost]
    summary: str = ""
    """One or two sentences."""
    share_cheapest: float | None = None
    """Of the draws in which the verdict is the cheapest feasible way; None if it was not decided by cost."""
    premium_usd_month: str | None = None
    """What the constraint costs against the cheapest way that it rules out."""
    break_even_tokens_month: float | None = None
    review_at_tokens_month: float | None = None
    """The volume at which to look at this again."""
    rules: list[RuleState] = []
    questions: list[Question] = []
    readiness: list[ReadinessItem] = []
    classes: list[ClassRoute] = []
    local_share: float | None = None
    """Share of the tokens that stays, under the verdict."""
    local_share_min: float | None = None
    """Least that privacy allows."""
    local_share_max: float | None = None
    """Most that quality allows."""
    sensitivity: Sensitivity | None = None
    case: Case = Case()
    id: str = ""
    number: int = 0
    at: str = ""
    title: str = ""
    changed: list[Change] = []
    """Against the verdict before, of the same title."""


class DecisionHead(Row, frozen=True):
    """A stored verdict in a list."""

    id: str
    number: int
    at: str
    title: str
    verdict: VerdictWord
    confidence: Confidence
    pattern: Pattern | None = None
    review_at_tokens_month: float | None = None
    changed: list[Change] = msgspec.field(default_factory=list)
