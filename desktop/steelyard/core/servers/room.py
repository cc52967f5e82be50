"""Which idle servers have to go so that weights fit beside the others. Pure: bytes in, a plan out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.units import gib_text
from steelyard.core.base.words import listed
from steelyard.core.values.servers import RoomPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_MAX_EXACT = 12
"""Up to so many holders every set of them is looked at: 4,096 sets."""
_UNKNOWN_RELOAD_MS = 10_000.0


@dataclass(frozen=True)
class Holder:
    """A server that holds memory, bytes by device. `reload_ms`: what its last load took."""

    name: str
    held_bytes: Mapping[str, int]
    is_busy: bool
    idle_s: float = 0.0
    reload_ms: float | None = None

    @property
    def cost_ms(self) -> float:
        """What it takes to have it back."""
        return _UNKNOWN_RELOAD_MS if self.reload_ms is None else self.reload_ms


@dataclass(frozen=True)
class Space:
    """Memory of one device, bytes: what is free now, what all servers together may hold (0: no limit), and
    what the device has (0: unknown). Some drivers call all memory free that the asking process does not hold.
    """

    device: str
    free_bytes: int
    budget_bytes: int = 0
    total_bytes: int = 0

    def limit_bytes(self, held_bytes: int) -> int:
        """What all servers together may hold, if they hold so much now."""
        limits = [limit for limit in (self.budget_bytes, self.total_bytes) if limit]
        return min([self.free_bytes + held_bytes, *limits])


@dataclass(frozen=True)
class Need:
    """What weights would take, bytes by device."""

    bytes_of: Mapping[str, int] = field(default_factory=dict[str, int])


def plan_room(need: Need, spaces: Sequence[Space], holders: Sequence[Holder]) -> RoomPlan:
    """What has to go. The cheapest set is the one with the least time to load it again; of equal ones the one
    that has been idle the longest. Busy servers are only waited for, and only where idle ones do not suffice.
    """
    short = _shortage(need, spaces, holders)
    tightest = max(spaces, key=lambda space: short.get(space.device, 0), default=Space("", 0))
    if not short:
        return _plan(need, tightest, holders, fits=True)
    idle = [holder for holder in holders if not holder.is_busy]
    if (evicted := _cheapest(short, idle)) is not None:
        names = [holder.name for holder in evicted]
        reload_ms = sum(holder.cost_ms for holder in evicted)
        return _plan(need, tightest, holders, evict=names, reload_ms=reload_ms)
    if (chosen := _cheapest(short, [*holders])) is not None:
        return _plan(
            need,
            tightest,
            holders,
            evict=[holder.name for holder in chosen if not holder.is_busy],
            waits_for=[holder.name for holder in chosen if holder.is_busy],
        )
    return _plan(need, tightest, holders)


def _shortage(need: Need, spaces: Iterable[Space], holders: Sequence[Holder]) -> dict[str, int]:
    """Bytes that are missing, by device; devices with enough are not in it."""
    short: dict[str, int] = {}
    for space in spaces:
        wanted = need.bytes_of.get(space.device, 0)
        held = sum(holder.held_bytes.get(space.device, 0) for holder in holders)
        room = space.limit_bytes(held) - held
        if wanted > max(0, room):
            short[space.device] = wanted - room
    return short


def _cheapest(short: Mapping[str, int], holders: Sequence[Holder]) -> list[Holder] | None:
    useful = [holder for holder in holders if any(holder.held_bytes.get(device, 0) for device in short)]
    if len(useful) > _MAX_EXACT:
        return _greedy(short, useful)
    best: list[Holder] | None = None
    for count in range(1, len(useful) + 1):
        for chosen in combinations(useful, count):
            if _frees(chosen, short) and (best is None or _price(chosen) < _price(best)):
                best = list(chosen)
    return best


def _greedy(short: Mapping[str, int], holders: Sequence[Holder]) -> list[Holder] | None:
    chosen: list[Holder] = []
    for holder in sorted(holders, key=lambda one: (one.is_busy, -one.idle_s)):
        chosen.append(holder)
        if _frees(chosen, short):
            return chosen
    return None


def _frees(chosen: Iterable[Holder], short: Mapping[str, int]) -> bool:
    taken = list(chosen)
    return all(
        sum(holder.held_bytes.get(device, 0) for holder in taken) >= missing
        for device, missing in short.items()
    )


def _price(chosen: Sequence[Holder]) -> tuple[int, float, int, float]:
    return (
        sum(holder.is_busy for holder in chosen),
        sum(holder.cost_ms for holder in chosen),
        len(chosen),
        -sum(holder.idle_s for holder in chosen),
    )


def _plan(
    need: Need,
    space: Space,
    holders: Sequence[Holder],
    *,
    fits: bool = False,
    evict: list[str] | None = None,
    waits_for: list[str] | None = None,
    reload_ms: float | None = None,
) -> RoomPlan:
    held = sum(holder.held_bytes.get(space.device, 0) for holder in holders)
    budget = space.budget_bytes or space.limit_bytes(held)
    plan = RoomPlan(
        needed_bytes=need.bytes_of.get(space.device, 0),
        free_bytes=max(0, min(space.free_bytes, budget - held)),
        budget_bytes=budget,
        device=space.device,
        fits=fits,
        evict=evict or [],
        waits_for=waits_for or [],
        reload_ms=reload_ms,
    )
    return msgspec.structs.replace(plan, why=_why(plan))


def _why(plan: RoomPlan) -> str:
    sizes = f"Needs {gib_text(plan.needed_bytes)}, {gib_text(plan.free_bytes)} free"
    if plan.fits:
        return f"{sizes}."
    if plan.waits_for:
        return f"{sizes}. {listed(plan.waits_for)} must finish first: nothing busy is stopped."
    if plan.evict:
        return f"{sizes}. Stopping {listed(plan.evict)} makes room."
    return f"{sizes}. Stopping every server would not make enough room."
