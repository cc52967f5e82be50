"""Which servers have to go for others, and who gets a slot."""

from __future__ import annotations

import asyncio
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.core.servers.room import Holder, Need, Space, plan_room
from steelyard.core.servers.slot_queue import ServerBusy, SlotQueue

GIB = 1 << 30


def holder(
    name: str, gib: float, *, busy: bool = False, idle_s: float = 0, reload_ms: float | None = 1000
) -> Holder:
    return Holder(name, {"GPU": int(gib * GIB)}, busy, idle_s, reload_ms)


def plan(need_gib: float, free_gib: float, holders: list[Holder], budget_gib: float = 0):
    space = Space("GPU", int(free_gib * GIB), int(budget_gib * GIB))
    return plan_room(Need({"GPU": int(need_gib * GIB)}), [space], holders)


def test_what_fits_evicts_nobody() -> None:
    found = plan(2, 3, [holder("a", 5)])
    assert (found.fits, found.evict, found.waits_for) == (True, [], [])


def test_the_cheapest_set_goes_not_the_oldest() -> None:
    slow = holder("slow", 6, idle_s=900, reload_ms=30_000)
    quick = [holder("q1", 3, reload_ms=900), holder("q2", 3, reload_ms=900)]
    found = plan(7, 1, [slow, *quick])
    assert found.evict == ["q1", "q2"]
    assert found.reload_ms == 1800


def test_of_equally_cheap_ones_the_longest_idle_goes() -> None:
    assert plan(2, 0, [holder("new", 3, idle_s=5), holder("old", 3, idle_s=50)]).evict == ["old"]


def test_a_busy_server_is_waited_for_only_where_idle_ones_do_not_suffice() -> None:
    assert plan(2, 0, [holder("busy", 9, busy=True), holder("idle", 3, reload_ms=1e9)]).evict == ["idle"]
    found = plan(8, 0, [holder("busy", 9, busy=True), holder("idle", 3)])
    assert (found.evict, found.waits_for, found.fits) == ([], ["busy"], False)
    assert "busy" in found.why


def test_a_budget_counts_what_all_servers_hold() -> None:
    assert plan(2, 20, [holder("a", 3)], budget_gib=5).fits
    assert plan(2.5, 20, [holder("a", 3)], budget_gib=5).evict == ["a"]
    found = plan(6, 20, [holder("a", 3)], budget_gib=5)
    assert (found.fits, found.evict, found.waits_for) == (False, [], [])


def test_every_device_has_to_have_room() -> None:
    need = Need({"A": 4 * GIB, "B": 4 * GIB})
    spaces = [Space("A", 5 * GIB), Space("B", 1 * GIB)]
    on_a = Holder("on a", {"A": 9 * GIB}, False, 0, 1)
    on_b = Holder("on b", {"B": 3 * GIB}, False, 0, 1000)
    assert plan_room(need, spaces, [on_a, on_b]).evict == ["on b"]


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 100), st.integers(1, 50)), max_size=7
    ),
    st.integers(0, 20),
    st.integers(0, 10),
)
def test_no_cheaper_set_of_idle_servers_would_do(
    rows: list[tuple[int, bool, int, int]], need: int, free: int
) -> None:
    holders = [
        Holder(f"s{at}", {"GPU": size}, busy, idle_s, reload_ms)
        for at, (size, busy, idle_s, reload_ms) in enumerate(rows)
    ]
    found = plan_room(Need({"GPU": need}), [Space("GPU", free)], holders)
    by_name = {one.name: one for one in holders}
    idle = [one for one in holders if not one.is_busy]
    costs = [
        sum(one.cost_ms for one in chosen)
        for count in range(len(idle) + 1)
        for chosen in combinations(idle, count)
        if free + sum(one.held_bytes["GPU"] for one in chosen) >= need
    ]
    assert not any(by_name[name].is_busy for name in found.evict)
    if costs:
        assert found.fits == (need <= free)
        assert not found.waits_for
        assert sum(by_name[name].cost_ms for name in found.evict) == min(costs)
    else:
        assert not found.fits


async def holds(queue: SlotQueue, name: str, log: list[str], release: asyncio.Event) -> None:
    async with queue.slot():
        log.append(name)
        await release.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_slots_go_in_order_and_one_more_is_refused() -> None:
    queue, log, release = SlotQueue("s", 2, 2, lambda: None), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(holds(queue, name, log, release)) for name in "abcd"]
    await settle()
    assert (log, queue.busy, queue.waiting) == (["a", "b"], 2, 2)
    with pytest.raises(ServerBusy, match="busy"):
        await holds(queue, "e", log, release)
    tasks[2].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert log == ["a", "b", "d"]
    assert queue.is_idle


async def test_nobody_passes_a_closed_gate_and_all_do_when_it_opens() -> None:
    queue, log, release = SlotQueue("s", 1, 9, lambda: None), list[str](), asyncio.Event()
    release.set()
    with queue.closed_gate():
        tasks = [asyncio.create_task(holds(queue, name, log, release)) for name in "ab"]
        await settle()
        assert (log, queue.waiting) == ([], 2)
    await asyncio.gather(*tasks)
    assert log == ["a", "b"]


async def test_a_slot_that_was_given_to_somebody_who_left_goes_to_the_next() -> None:
    queue, log, release = SlotQueue("s", 1, 9, lambda: None), list[str](), asyncio.Event()
    first = asyncio.create_task(holds(queue, "a", log, release))
    await settle()
    second = asyncio.create_task(holds(queue, "b", log, release))
    third = asyncio.create_task(holds(queue, "c", log, release))
    await settle()
    release.set()
    first.cancel()
    second.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert (log, queue.busy) == (["a", "c"], 0)
