"""What rules a way out before money is asked: privacy, latency, quality, VRAM, people."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError, one_line
from steelyard.core.decide.cases.case_file import percent_of
from steelyard.core.decide.cases.case_values import origin_of
from steelyard.core.decide.sources.book import regime_named
from steelyard.core.decide.verdict.options import FRONTIER_SHARE, WAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.values.costs import Origin
    from steelyard.core.values.decision import Case, DecisionBook, Regime, VerdictWord

API_ADDS_MS = (50, 200)
"""What an API adds before the first token: F0, S39."""
_ZERO, _ONE = Decimal(0), Decimal(1)
_REMOTE: frozenset[VerdictWord] = frozenset(("api", "hybrid", "managed"))
_ALL_REMOTE: frozenset[VerdictWord] = frozenset(("api", "managed"))


@dataclass(frozen=True)
class Evidence:
    """What was measured, beside the values that it put into the case."""

    from_ledger: bool = False
    days: float | None = None
    runs: int = 0
    api_ttft_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    """By percentile ("50", "95")."""
    local_ttft_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    weights: str | None = None
    class_shares: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of the tokens, by class of work."""


class Rank(IntEnum):
    """How hard a gate is: where no way passes them all the weaker ones give way first, privacy never."""

    TEAM = 0
    MEMORY = 1
    QUALITY = 2
    LATENCY = 3
    PRIVACY = 4


@dataclass(frozen=True)
class Bar:
    """One gate that some ways do not pass. `key` is the value of the case that closes it."""

    ways: frozenset[VerdictWord]
    code: str
    key: str
    rank: Rank
    origin: Origin
    lacks: tuple[str, ...] = ()
    """Keys of the provider's checklist that are not granted."""
    is_unanswered: bool = False
    """It is closed only because something is not known."""
    measured_ms: float | None = None

    @property
    def is_estimate(self) -> bool:
        """It rests on a published figure, not on what was stated or measured: it could still be held."""
        return self.code == "latency_unmet" and self.measured_ms is None


@dataclass(frozen=True)
class Gates:
    """The ways that are left, and why the others are not."""

    bars: tuple[Bar, ...]
    pool: frozenset[VerdictWord]
    """Never empty: see `gave_way`."""
    gave_way: tuple[Bar, ...]
    """Gates that had to be passed over because no way meets all of them."""
    stays_share: Decimal
    """Of the tokens, those that must not leave."""
    frontier_share: Decimal
    """Of the tokens, those that need a frontier model."""

    def of(self, way: VerdictWord) -> list[Bar]:
        """What rules this way out, the hardest first."""
        return sorted((bar for bar in self.bars if way in bar.ways), key=lambda bar: -bar.rank)


def gates_of(case: Case, evidence: Evidence, regime: Regime | None) -> Gates:
    """Put an effective case to all gates; `regime` is the one that it names."""
    private, stays_share = _privacy(case, regime)
    frontier_share = frontier_share_of(case)
    bars = (
        *private,
        *_latency(case, evidence),
        *_quality(case, frontier_share),
        *_memory(case),
        *_team(case),
    )
    pool, gave_way = _pool(bars)
    return Gates(bars, pool, gave_way, stays_share, frontier_share)


def regime_of(case: Case, book: DecisionBook) -> Regime | None:
    """The regime that an effective case names.

    Raises:
        UsageError: there is none of that name.
    """
    name = case.constraints.regime
    if name is None:
        return None
    found = regime_named(book.regimes, name)
    if found is None:
        names = [one.name for one in book.regimes]
        hint = f'Did you mean "{_most_like(name, names)}"? Regimes are edited in Decide.' if names else ""
        raise UsageError("constraints.regime is not in the decision book", one_line(name[:60]), hint)
    return found


def _most_like(name: str, names: list[str]) -> str:
    wanted = name[:60].casefold()
    return max(names, key=lambda one: difflib.SequenceMatcher(None, wanted, one.casefold()).ratio())


def frontier_share_of(case: Case) -> Decimal:
    """Of the tokens: all or none by the word; where only some need it, F1's 20 % unless a share is stated."""
    quality = case.quality
    if quality.needs_frontier == "yes":
        return _ONE
    if quality.needs_frontier == "some":
        return FRONTIER_SHARE if quality.frontier_share is None else quality.frontier_share
    if quality.needs_frontier is None and quality.frontier_share is not None:
        return quality.frontier_share
    return _ZERO


def lacking(case: Case, regime: Regime) -> tuple[list[str], list[str]]:
    """Keys that the regime needs of the provider: those answered with no, those not answered."""
    answers = {need: getattr(case.api, need, None) for need in regime.needs}
    refused = [f"api.{need}" for need, answer in answers.items() if answer is False]
    return refused, [f"api.{need}" for need, answer in answers.items() if answer is None]


def is_hard(case: Case) -> bool:
    """Whether the sensitive part must not leave; a sensitive share with no word on privacy counts as hard."""
    privacy, share = case.constraints.privacy, case.sensitivity.sensitive_share
    return privacy == "hard" or (privacy is None and bool(share))


def _privacy(case: Case, regime: Regime | None) -> tuple[list[Bar], Decimal]:
    limits = case.constraints
    bars: list[Bar] = []
    for key in ("veto_api", "offline_required"):
        if getattr(limits, key):
            name = f"constraints.{key}"
            bars.append(Bar(_REMOTE, key, name, Rank.PRIVACY, origin_of(case, name)))
    share = case.sensitivity.sensitive_share
    part = _ONE if share is None else share
    sensitive, stays = _sensitive(case, regime, part) if part > 0 else ([], False)
    stays_share = _ONE if bars else part if stays else _ZERO
    return [*bars, *sensitive], stays_share


def _sensitive(case: Case, regime: Regime | None, part: Decimal) -> tuple[list[Bar], bool]:
    """Hard privacy and regimes, for the part of the tokens they are about; and whether that part stays."""
    hard = is_hard(case)
    if not hard and regime is None:
        return [], False
    refused, unanswered = ([], []) if regime is None else lacking(case, regime)
    lacks = tuple(refused + unanswered)
    may_leave = regime is not None and not lacks
    if hard:
        # Hard is a no until somebody says that an API is all right and its provider grants what is asked.
        may_leave = may_leave and bool(regime and regime.needs) and case.constraints.veto_api is False
    code = "hard_privacy" if hard else "regime_unmet"
    key = _key(case, hard)
    if may_leave and not (regime and regime.needs):
        return [], False
    if may_leave:
        # The checklist is the API's: nothing is known of whoever hosts the open model.
        return [Bar(frozenset(("managed",)), "regime_unmet", key, Rank.PRIVACY, origin_of(case, key))], False
    ways = _REMOTE if part == 1 else _ALL_REMOTE
    is_unanswered = not hard and not refused
    return [Bar(ways, code, key, Rank.PRIVACY, origin_of(case, key), lacks, is_unanswered)], True


def _key(case: Case, hard: bool) -> str:
    if not hard:
        return "constraints.regime"
    return "sensitivity.sensitive_share" if case.constraints.privacy is None else "constraints.privacy"


def _latency(case: Case, evidence: Evidence) -> list[Bar]:
    limits = case.constraints
    if limits.latency_ms is None or case.workload.interactive is False:
        return []
    key, allowed = "constraints.latency_ms", float(limits.latency_ms)
    percent = float(percent_of(limits.latency_percentile))
    bars: list[Bar] = []
    if limits.latency_metric == "tpot":
        return bars
    local, _ = _measured(evidence.local_ttft_ms, percent, allowed, limits.latency_metric)
    if local is not None and local > allowed:
        bars.append(
            Bar(frozenset(("self_host", "hybrid")), "latency_unmet", key, Rank.LATENCY, "measured",
                measured_ms=local)
        )  # fmt: skip
    remote, settled = _measured(evidence.api_ttft_ms, percent, allowed, limits.latency_metric)
    if remote is not None and remote > allowed:
        bars.append(Bar(frozenset(("api", "hybrid")), "latency_unmet", key, Rank.LATENCY, "measured",
                        measured_ms=remote))  # fmt: skip
    if limits.latency_ms < API_ADDS_MS[1]:
        ways: frozenset[VerdictWord] = frozenset(("managed",)) if settled else _REMOTE
        bars.append(Bar(ways, "latency_unmet", key, Rank.LATENCY, "preset"))
    return bars


def _measured(
    percentiles: Mapping[str, float], percent: float, allowed_ms: float, metric: str | None
) -> tuple[float | None, bool]:
    """The measured time to the first token that settles the limit, and whether one does.

    A higher percentile that holds the limit proves it; a lower one that breaks it disproves it. The whole
    answer takes longer than its first token, so for it only the latter counts.
    """
    known = sorted((float(name), value) for name, value in percentiles.items())
    broken = [value for at, value in known if at <= percent and value > allowed_ms]
    if broken:
        return broken[0], True
    held = [value for at, value in known if at >= percent and value <= allowed_ms]
    if held and metric == "ttft":
        return held[0], True
    return None, False


def _quality(case: Case, frontier_share: Decimal) -> list[Bar]:
    if frontier_share == 0:
        return []
    key = "quality.frontier_share" if case.quality.needs_frontier is None else "quality.needs_frontier"
    origin = origin_of(case, key)
    if frontier_share < 1:
        return [Bar(frozenset(("self_host", "managed")), "frontier_needed", key, Rank.QUALITY, origin)]
    if case.quality.fine_tuned_domain:
        return []  # the claim that a tuned model reaches it is listed as not tested
    ways: frozenset[VerdictWord] = frozenset(("self_host", "hybrid", "managed"))
    return [Bar(ways, "frontier_needed", key, Rank.QUALITY, origin)]


def _memory(case: Case) -> list[Bar]:
    """Weights that do not fit the machine as it is (C4); on a larger one they may."""
    needed, there = case.self_.vram_needed_gib, case.self_.vram_gib
    if needed is None or there is None or needed <= there:
        return []
    key = "self.vram_needed_gib"
    ways: frozenset[VerdictWord] = frozenset(("self_host", "hybrid"))
    return [Bar(ways, "vram_too_small", key, Rank.MEMORY, origin_of(case, key))]


def _team(case: Case) -> list[Bar]:
    if case.team.ml_capacity is not False:
        return []
    key = "team.ml_capacity"
    ways: frozenset[VerdictWord] = frozenset(("self_host", "hybrid"))
    return [Bar(ways, "no_ml_capacity", key, Rank.TEAM, origin_of(case, key))]


def _pool(bars: tuple[Bar, ...]) -> tuple[frozenset[VerdictWord], tuple[Bar, ...]]:
    for rank in (None, *Rank):
        kept = [bar for bar in bars if rank is None or bar.rank > rank]
        pool = frozenset(WAYS).difference(*(bar.ways for bar in kept))
        if pool:
            gave_way = tuple(bar for bar in bars if bar not in kept and bar.ways & pool)
            return pool, gave_way
    raise AssertionError("own machines pass every gate of privacy")
