"""Two sets of weights and a device that holds one of them: who goes, who stays, who waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.values import commands as c
from steelyard.core.values.profiles import LaunchProfile

from .rig import MIB

if TYPE_CHECKING:
    from steelyard.core.values.servers import RoomPlan

    from .rig import Host

in_the_engine = pytest.mark.asyncio(loop_scope="module")
LARGE = {"context_tokens": 49_152, "gpu_layers": "all"}
"""About 1,300 MiB of the device."""
MEDIUM = {"context_tokens": 20_480, "memory_budget_bytes": 900 * MIB}
"""Each takes about 600 MiB of the device and, as this one is made of software, 750 MiB of the host."""


@in_the_engine
async def test_device_that_holds_one_of_two_gets_one_after_the_other(host: Host, twin: str) -> None:
    first = await host.load(**LARGE)
    plan: RoomPlan = await host.do(c.PlanRoom(target=twin, profile=LaunchProfile(**LARGE)))
    assert (plan.fits, plan.evict, plan.device[:7]) == (False, [first.name], "Vulkan0")
    assert plan.needed_bytes > plan.free_bytes
    second = await host.load(twin, **LARGE)
    assert second.layers_on_gpu == second.layers, "there was room for all of it"
    rows = await host.rows()
    assert (rows[first.name].state, rows[second.name].state) == ("stopped", "ready")
    assert second.name in rows[first.name].ended
    run = await host.ask("starter")  # and back
    assert run.error is None
    assert run.state.cold is True
    rows = await host.rows()
    assert (rows[first.name].state, rows[second.name].state) == ("ready", "stopped")
    (shown,) = (await host.ps())["servers"]
    assert (shown["name"], shown["state"]) == (first.name, "ready")


@in_the_engine
async def test_small_ones_stay_side_by_side(host: Host, twin: str) -> None:
    rows = [await host.load(), await host.load(twin)]
    assert [row.layers_on_gpu for row in rows] == [row.layers for row in rows]
    assert {row.state for row in (await host.rows()).values()} == {"ready"}


@in_the_engine
async def test_budget_is_kept_though_the_device_has_more(host: Host, twin: str) -> None:
    await host.use(**MEDIUM)
    first, second = await host.load(), await host.load(twin)
    rows = await host.rows()
    assert (rows[first.name].state, rows[second.name].state) == ("stopped", "ready")
    with pytest.raises(AppError, match="larger than the memory budget"):
        await host.load(**LARGE)


@in_the_engine
async def test_nobody_goes_unasked_if_the_settings_say_so(host: Host, twin: str) -> None:
    await host.use(**MEDIUM, eviction="ask")
    first = await host.load()
    with pytest.raises(AppError, match="memory that other servers hold"):
        await host.load(twin)
    assert (await host.rows())[first.name].state == "ready"
    second = await host.do(c.LoadWeights(target=twin, makes_room=True))
    rows = await host.rows()
    assert (rows[first.name].state, rows[second.name].state) == ("stopped", "ready")


@in_the_engine
async def test_busy_server_finishes_before_it_goes(host: Host, twin: str) -> None:
    await host.use(**MEDIUM)
    first = await host.load()
    long_run = asyncio.create_task(host.ask("starter", 8))
    while not (await host.rows())[first.name].slots_busy:
        await asyncio.sleep(0.02)
    other = asyncio.create_task(host.ask(twin))
    run = await long_run
    assert (run.error, run.finish_reason, run.usage.completion_tokens) == (None, "length", 8)
    assert (await other).error is None
    assert (await host.rows())[first.name].state == "stopped"
