"""What would change the verdict: each key of the case moved alone, to the nearest value at which it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import UsageError
from steelyard.core.decide.cases.case_file import CASE_KEYS, checked_case
from steelyard.core.decide.cases.case_values import value_at, with_value
from steelyard.core.decide.verdict.flip_search import (
    CLOSE,
    anywhere,
    first_above_nothing,
    nearest,
    plain,
    towards,
)
from steelyard.core.decide.verdict.flip_text import flip_text
from steelyard.core.values.decision import Flip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from steelyard.core.decide.verdict.choice import Situation
    from steelyard.core.decide.verdict.flip_search import Point, Probe
    from steelyard.core.values.decision import Case, VerdictWord

    Ask = Callable[[Case], VerdictWord]

MOST = 12
_ZERO = Decimal(0)
_NEAR = math.log(20)
_VOLUME, _REDUNDANCY, _PART = "workload.tokens_month", "self.redundancy", "sensitivity.sensitive_share"
_CAPACITY = "self.capacity_tokens_month"
_ODDS = (_ZERO, Decimal(10**6))
_CHOICES: dict[str, tuple[Any, ...]] = {
    "constraints.veto_api": (True, False),
    "constraints.offline_required": (True, False),
    "constraints.privacy": ("none", "standard", "hard"),
    "constraints.regime": ("none",),
    "workload.interactive": (False, True),
    "quality.needs_frontier": ("no", "some", "yes"),
    "quality.fine_tuned_domain": (True, False),
    "team.ml_capacity": (True, False),
    "team.stage": ("production", "experimenting"),
    "api.baa": (True, False),
    "api.zero_retention": (True, False),
    "api.region_ok": (True, False),
    "policy.default": ("api", "self_host", "hybrid", "managed"),
    _PART: (_ZERO,),
}


@dataclass(frozen=True)
class _Found:
    flip: Flip
    distance: float
    """Of numbers, as the logarithm of the ratio; infinite where there is none."""


def flips_of(case: Case, situation: Situation, ask: Ask) -> tuple[list[Flip], float | None]:
    """The nearest flip of each key, the smallest change first; and the next larger volume that is one.

    `case` is the one that was asked about; `ask` decides one like it, and raises `UsageError` if it cannot.
    """
    search = _Search(case, situation, ask)
    found = [flip for key, now in _numbers(situation) if (flip := search.number(key, now)) is not None]
    others = (search.unknown_volume(), search.unknown_capacity(), search.mix(), search.redundancy())
    found += [one for one in others if one is not None]
    found += [flip for key in _CHOICES if search.is_asked(key) for flip in search.answers(key)]
    found.sort(key=lambda one: (_group(one), one.distance))
    return [one.flip for one in found[:MOST]], search.next_volume()


class _Search:
    def __init__(self, case: Case, situation: Situation, ask: Ask) -> None:
        self._case = case
        self._situation = situation
        self._base: VerdictWord = situation.choice.verdict
        self._ask = ask

    def number(self, key: str, now: Decimal) -> _Found | None:
        probe = self._probe(key)
        if probe(now) != self._base:
            return None  # a figure of a profile, which its key would not stand for alone
        point = nearest(probe, self._base, now, _limits(key))
        return None if point is None else self._found(key, float(now), point)

    def next_volume(self) -> float | None:
        now = self._situation.inputs.tokens
        if now is None:
            return None
        up = towards(self._probe(_VOLUME), self._base, now, _limits(_VOLUME), is_up=True)
        return None if up is None else up.to

    def unknown_volume(self) -> _Found | None:
        if self._situation.inputs.tokens is not None:
            return None
        point = first_above_nothing(self._probe(_VOLUME), self._base)
        return None if point is None else self._found(_VOLUME, None, point)

    def unknown_capacity(self) -> _Found | None:
        inputs = self._situation.inputs
        if inputs.capacity is not None or inputs.fixed is None:
            return None
        probe = self._probe(_CAPACITY)
        point = anywhere(probe, self._base)
        if point is None:
            return None
        is_below = probe(Decimal(repr(point.to)) * 2) != point.verdict
        text = flip_text(_CAPACITY, None, point.to, point.verdict, "below" if is_below else "above")
        flip = Flip(what=_CAPACITY, from_=None, to=point.to, verdict=point.verdict, text=text)
        return _Found(flip, math.inf)

    def mix(self) -> _Found | None:
        """Output tokens for each input token."""
        key, mix = "workload.mix", self._situation.inputs.mix
        if mix is None or mix.input_parts == 0:
            return None

        def probe(odds: Decimal) -> VerdictWord | None:
            return self._decided(key, f"1:{plain(odds)}")

        point = nearest(probe, self._base, mix.output_parts / mix.input_parts, _ODDS)
        if point is None:
            return None
        to = f"1:{plain(Decimal(repr(point.to)))}"
        return _Found(self._flip(key, mix.text, to, point.verdict), point.distance)

    def redundancy(self) -> _Found | None:
        now = self._situation.inputs.redundancy
        for count in sorted(range(1, 11), key=lambda count: abs(count - now)):
            verdict = self._decided(_REDUNDANCY, count)
            if verdict is not None and verdict != self._base:
                flip = self._flip(_REDUNDANCY, now, count, verdict)
                return _Found(flip, abs(math.log(count / now)))
        return None

    def is_asked(self, key: str) -> bool:
        """A checklist without a regime is not; nor is a share that is moved as a number, nor no regime."""
        case = self._situation.case
        if key == _PART:
            return value_at(case, key) is None
        needs_regime = key.startswith("api.") or key == "constraints.regime"
        return not needs_regime or case.constraints.regime is not None

    def answers(self, key: str) -> Iterator[_Found]:
        """Every other answer that changes the verdict."""
        now = value_at(self._situation.case, key)
        for option in _CHOICES[key]:
            verdict = None if option == now else self._decided(key, option)
            if verdict is not None and verdict != self._base:
                to = float(option) if isinstance(option, Decimal) else option
                yield _Found(self._flip(key, now, to, verdict), math.inf)

    def _probe(self, key: str) -> Probe:
        return lambda value: self._decided(key, value)

    def _decided(self, key: str, value: Any) -> VerdictWord | None:
        changed = with_value(self._case, key, value)
        is_number = isinstance(value, Decimal)
        if is_number and not _limits(key)[0] <= value <= _limits(key)[1]:
            return None
        try:
            return self._ask(changed if is_number else checked_case(changed))
        except UsageError:
            return None

    def _found(self, key: str, now: float | None, point: Point) -> _Found | None:
        try:  # on the way there only ranges are looked at, not what contradicts other keys
            checked_case(with_value(self._case, key, Decimal(repr(point.to))))
        except UsageError:
            return None
        return _Found(self._flip(key, now, point.to, point.verdict), point.distance)

    def _flip(self, key: str, now: Any, to: Any, verdict: VerdictWord) -> Flip:
        return Flip(what=key, from_=now, to=to, verdict=verdict, text=flip_text(key, now, to, verdict))


def _numbers(situation: Situation) -> Iterator[tuple[str, Decimal]]:
    """Dotted keys whose number is known, with it."""
    case, inputs = situation.case, situation.inputs
    price = inputs.price
    fixed = None if inputs.fixed is None else inputs.fixed + inputs.shared
    candidates: dict[str, Decimal | None] = {
        _VOLUME: inputs.tokens,
        "workload.peak_to_mean": case.workload.peak_to_mean,
        "workload.cached_share": case.workload.cached_share,
        "api.price_in": price and price.input,
        "api.price_out": price and price.output,
        "self.fixed_usd_month": fixed,
        "self.marginal_usd_per_m": None if inputs.fixed is None else inputs.marginal,
        _CAPACITY: inputs.capacity,
        "self.vram_needed_gib": case.self_.vram_needed_gib,
        "self.vram_gib": case.self_.vram_gib,
        "team.fte_share": None if case.team.salary_usd_year is None else case.team.fte_share or _ZERO,
        "team.salary_usd_year": case.team.salary_usd_year if case.team.fte_share else None,
        "managed.price_in": case.managed.price_in,
        "managed.price_out": case.managed.price_out,
        "managed.usd_month": case.managed.usd_month,
        _PART: case.sensitivity.sensitive_share,
        "quality.frontier_share": case.quality.frontier_share,
        "constraints.latency_ms": case.constraints.latency_ms,
        "policy.tie_band": situation.band,
    }
    return ((key, value) for key, value in candidates.items() if value is not None)


def _limits(key: str) -> tuple[Decimal, Decimal]:
    rule = CASE_KEYS[key]
    low, high = rule.low or _ZERO, rule.high
    assert high is not None  # every number of a case has one
    return (low + CLOSE if rule.is_above_low else low), high


def _group(one: _Found) -> int:
    """Near numbers first, then answers, then numbers that would have to change a lot."""
    is_answer = isinstance(one.flip.to, bool | str) and one.flip.what != "workload.mix"
    if is_answer or one.flip.from_ is None:
        return 1
    return 0 if one.distance <= _NEAR else 2
