"""The nearest number at which a verdict changes: a grid both ways, then halving.

The first step of the grid that changes the verdict is halved until it is known to one part in 10^10. What is
returned was asked again: at it and just beyond it the verdict is the other one, just short of it it is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from steelyard.core.values.decision import VerdictWord

    Probe = Callable[[Decimal], VerdictWord | None]
    """The verdict at a number; None where it cannot be decided."""

CLOSE = Decimal("1e-10")
_STEPS = tuple(
    Decimal(step)
    for step in (
        *("1.001", "1.01", "1.02", "1.05", "1.1", "1.15", "1.2", "1.3", "1.4", "1.5", "1.75"),
        *(
            "2",
            "2.5",
            "3",
            "4",
            "5",
            "6",
            "8",
            "10",
            "15",
            "20",
            "30",
            "50",
            "100",
            "300",
            "1e3",
            "1e4",
            "1e6",
        ),
    )
)
_FROM_ZERO = tuple(Decimal(10) ** power for power in range(-6, 19))
_BISECTIONS = 60
_NUDGE = Decimal("1e-6")
_DIGITS = (3, 5, 7, 9, 11)


@dataclass(frozen=True)
class Point:
    """A number at which the verdict is another one."""

    to: float
    verdict: VerdictWord
    distance: float
    """From today's number, as the logarithm of the ratio; infinite from or to 0."""


def nearest(probe: Probe, base: VerdictWord, now: Decimal, limits: tuple[Decimal, Decimal]) -> Point | None:
    """The nearer one of the two directions, within the limits."""
    both = (towards(probe, base, now, limits, is_up=up) for up in (True, False))
    return min((one for one in both if one is not None), key=lambda one: one.distance, default=None)


def towards(
    probe: Probe, base: VerdictWord, now: Decimal, limits: tuple[Decimal, Decimal], *, is_up: bool
) -> Point | None:
    """The nearest one in one direction, up to a million times as much or as little, or 0."""
    near = now
    for value in _grid(now, limits, is_up=is_up):
        verdict = probe(value)
        if verdict is None:
            return None
        if verdict != base:
            return _settled(probe, base, near, value, verdict, now)
        near = value
    return None


def first_above_nothing(probe: Probe, base: VerdictWord) -> Point | None:
    """Of a number that is not known: from where on the verdict is another one than for the smallest."""
    near: Decimal | None = None
    for value in _FROM_ZERO:
        verdict = probe(value)
        if verdict is None or (verdict != base and near is None):
            return None
        if near is not None and verdict != base:
            return _settled(probe, base, near, value, verdict, None)
        near = value
    return None


def anywhere(probe: Probe, base: VerdictWord) -> Point | None:
    """Of a number that is not known: the largest one at which `base` ends, on whichever side of it."""
    last: tuple[Decimal, VerdictWord] | None = None
    for value in reversed(_FROM_ZERO):
        verdict = probe(value)
        if verdict is None:
            return None
        if last is not None and verdict != last[1] and base in (verdict, last[1]):
            near, far = (value, last[0]) if verdict == base else (last[0], value)
            return _settled(probe, base, near, far, last[1] if verdict == base else verdict, None)
        last = value, verdict
    return None


def plain(value: Decimal) -> str:
    """A positive number in plain notation, with 13 digits at most and 15 after the point."""
    whole, _, part = f"{_significant(value, 13, ROUND_HALF_EVEN):f}".partition(".")
    part = part[:15].rstrip("0")
    return f"{whole}.{part}" if part else whole


def _settled(
    probe: Probe, base: VerdictWord, near: Decimal, far: Decimal, verdict: VerdictWord, now: Decimal | None
) -> Point | None:
    """Halve the step between a number that leaves the verdict and one that changes it."""
    for _ in range(_BISECTIONS):
        if abs(far - near) <= CLOSE * max(far, near):
            break
        middle = _middle(near, far)
        there = probe(middle)
        if there is None:
            return None
        if there == base:
            near = middle
        else:
            far, verdict = middle, there
    to = _rounded(probe, base, near, far, verdict)
    if to is None:
        return None
    return Point(to, verdict, abs(math.log(to / float(now))) if now and to else math.inf)


def _rounded(
    probe: Probe, base: VerdictWord, near: Decimal, far: Decimal, verdict: VerdictWord
) -> float | None:
    """The shortest number at which it changes, and short of which by one part in a million it does not."""
    outward = ROUND_CEILING if far > near else ROUND_FLOOR
    nudge = _NUDGE if far > near else -_NUDGE
    for digits in _DIGITS:
        for rounding in (ROUND_HALF_EVEN, outward):
            to = float(_significant(far, digits, rounding))
            value = Decimal(repr(to))  # as it will be read from a file
            if probe(value) != verdict or (value and probe(value * (1 - nudge)) != base):
                continue
            if probe(value * (1 + nudge)) in (verdict, None):
                return to
    return None


def _grid(now: Decimal, limits: tuple[Decimal, Decimal], *, is_up: bool) -> Iterator[Decimal]:
    low, high = limits
    if now == 0:
        yield from (value for value in _FROM_ZERO if is_up and value <= high)
        return
    last = high if is_up else low
    for step in _STEPS:
        value = now * step if is_up else now / step
        if (value >= last) if is_up else (value <= last):
            break
        yield value
    else:
        if is_up:
            return
    if last != now:
        yield last


def _middle(near: Decimal, far: Decimal) -> Decimal:
    """Geometric, except next to 0."""
    low, high = min(near, far), max(near, far)
    if low > 0 and high > 2 * low:
        return (low * high).sqrt()
    return (low + high) / 2


def _significant(value: Decimal, digits: int, rounding: str) -> Decimal:
    if value == 0:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), rounding=rounding)
