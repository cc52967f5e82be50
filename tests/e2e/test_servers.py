"""Several models in one budget, with the real llama-server: who is served, who waits, who goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest
import pytest_asyncio

from fakes.gguf_files import tiny_lora, tiny_model
from steelyard.core.base.errors import AppError
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.values import commands as c
from steelyard.core.values.events import RoomWanted, RunWaited, ServerChanged, ServerLogged, TextArrived
from steelyard.core.values.profiles import LaunchProfile, LoraAdapter, StoredProfile
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.settings import ServerSettings

from .harness import servers_under

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.run import Run
    from steelyard.core.values.servers import ServerRow

SMALL = ServerSettings(threads=1, context_tokens=512, generate_stall_s=5, load_stall_s=20)
LONG_TOKENS = 450


class Host:
    """An engine with two tiny models, and everything that it told."""

    def __init__(self, engine: OwnedEngine, runtime: Path, models: list[str]) -> None:
        self.engine = engine
        self.runtime = runtime
        self.models = models
        self.events: list[Any] = []
        self.rows: dict[str, ServerRow] = {}
        engine.subscribe(self._on_event)

    def _on_event(self, event: Any) -> None:
        self.events.append(event)
        if isinstance(event, ServerChanged):
            self.rows[event.server.name] = event.server

    async def do(self, command: c.Command, request: str = "t", limit_s: float = 40) -> Any:
        return await asyncio.wait_for(self.engine.execute(command, request), limit_s)

    async def set(self, **changes: Any) -> None:
        settings = await self.do(c.ReadSettings())
        servers = msgspec.structs.replace(SMALL, **changes)
        await self.do(c.SaveSettings(settings=msgspec.structs.replace(settings, servers=servers)))

    async def ask(self, at: int, tokens: int = 3, request: str = "t", prompt: str = "Hello") -> Run:
        sampling = Sampling(max_tokens=tokens, temperature=0)
        return await self.do(c.StartRun(target=self.models[at], prompt=prompt, sampling=sampling), request)

    async def begin_long(self, at: int, request: str) -> asyncio.Task[Run]:
        """A run whose first text has arrived."""
        task = asyncio.create_task(self.ask(at, LONG_TOKENS, request))
        await self.until(
            lambda: any(isinstance(e, TextArrived) and e.request == request for e in self.events)
        )
        return task

    def has_text(self, request: str) -> bool:
        return any(isinstance(e, TextArrived) and e.request == request for e in self.events)

    async def until(self, condition: Any, limit_s: float = 20) -> None:
        async with asyncio.timeout(limit_s):
            while not condition():
                await asyncio.sleep(0.01)

    async def ps(self) -> list[ServerRow]:
        return await self.do(c.ListServers())

    async def stop_all(self) -> None:
        for row in await self.do(c.ListServers(with_ended=True)):
            with contextlib.suppress(AppError):
                await self.do(c.ForgetServer(name=row.name))
        self.events.clear()
        self.rows.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(module_home: Home) -> AsyncIterator[Host]:
    models = []
    for name in ("alpha", "beta"):
        path = module_home.root / f"{name}.gguf"
        path.write_bytes(tiny_model().encode())
        models.append(str(path))
    engine = OwnedEngine(module_home, "command")
    await engine.start()
    yield Host(engine, module_home.runtime_folder(), models)
    await engine.stop(12)
    assert servers_under(module_home.runtime_folder()) == []


@pytest_asyncio.fixture(loop_scope="module")
async def host(whole: Host) -> Host:
    await whole.stop_all()
    await whole.set()
    return whole


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def budget_for_one(host: Host) -> int:
    """A budget that holds either model, and not both: from what the first one measurably holds."""
    assert (await host.ask(0)).error is None
    (row,) = await host.ps()
    assert row.ram_bytes is not None
    return int(1.6 * max(row.ram_bytes, row.measured_bytes or 0))


async def test_two_models_swap_in_a_budget_that_holds_one(host: Host) -> None:
    await host.set(memory_budget_bytes=await budget_for_one(host))
    for at in (1, 0, 1):
        run = await host.ask(at)
        assert run.error is None
        assert [row.weights for row in await host.ps()] == [host.models[at]]
        assert len(servers_under(host.runtime)) == 1
    assert host.rows["alpha"].ended == "Unloaded to make room for beta"


async def test_a_busy_model_is_waited_for_and_not_killed(host: Host) -> None:
    await host.set(memory_budget_bytes=await budget_for_one(host))
    (process,) = servers_under(host.runtime)
    long = await host.begin_long(0, "long")
    process.suspend()
    other = asyncio.create_task(host.ask(1, request="other"))
    await host.until(lambda: "beta" in host.rows and host.rows["beta"].state == "waiting")
    late = asyncio.create_task(host.ask(0, request="late"))
    plan = host.rows["beta"].room
    process.resume()
    assert plan is not None
    assert plan.waits_for == ["alpha"]
    runs = await asyncio.gather(long, other, late)
    assert [run.error for run in runs] == [None, None, None]
    assert runs[0].usage.completion_tokens == LONG_TOKENS
    reasons = [e.reason for e in host.events if isinstance(e, RunWaited) and e.request == "other"]
    assert any("alpha must finish first" in reason for reason in reasons)
    # Whoever asks the busy one later waits behind the one that needs its memory.
    assert runs[2].started_at >= runs[1].started_at
    assert (runs[2].state.cold, runs[0].state.cold) == (True, False)


async def test_an_asker_who_leaves_while_it_loads_does_not_break_the_budget(host: Host) -> None:
    budget = await budget_for_one(host)
    await host.set(memory_budget_bytes=budget)
    for pause_s in (0.01, 0.05, 0.4):
        leaver = asyncio.create_task(host.ask(1))
        await asyncio.sleep(pause_s)
        leaver.cancel()
        await asyncio.gather(leaver, return_exceptions=True)
        assert (await host.ask(0)).error is None
        await asyncio.sleep(0.3)
        held = [row.ram_bytes or 0 for row in await host.ps() if row.pid is not None]
        assert sum(held) <= budget, held


async def test_a_server_that_crashed_comes_back_only_if_there_is_room(host: Host) -> None:
    budget = await budget_for_one(host)
    await host.set(memory_budget_bytes=budget)
    assert (await host.ask(1)).error is None
    (process,) = servers_under(host.runtime)
    process.kill()
    assert (await host.ask(0)).error is None
    await asyncio.sleep(1.5)
    assert [row.name for row in await host.ps() if row.pid is not None] == ["alpha"]
    assert (await host.ask(1)).error is None


async def test_who_waits_too_long_is_told_what_for(host: Host) -> None:
    await host.set(memory_budget_bytes=await budget_for_one(host), room_wait_s=0.2)
    (process,) = servers_under(host.runtime)
    long = await host.begin_long(0, "long")
    process.suspend()
    try:
        run = await host.ask(1)
    finally:
        process.resume()
    assert run.error is not None
    assert "no room" in run.error.title
    assert "alpha must finish first" in run.error.detail
    assert (await long).error is None


async def test_nothing_goes_unasked_when_the_settings_say_so(host: Host) -> None:
    await host.set(memory_budget_bytes=await budget_for_one(host), eviction="ask")
    run = await host.ask(1)
    assert run.error is not None
    assert "Stopping alpha makes room" in run.error.detail
    plan = await host.do(c.PlanRoom(target=host.models[1]))
    assert (plan.fits, plan.evict) == (False, ["alpha"])
    with pytest.raises(AppError):
        await host.do(c.LoadWeights(target=host.models[1]), "load")
    assert any(isinstance(e, RoomWanted) and e.request == "load" for e in host.events)
    row = await host.do(c.LoadWeights(target=host.models[1], makes_room=True))
    assert row.state == "ready"
    assert [row.name for row in await host.ps()] == ["beta"]


async def test_a_model_larger_than_the_budget_is_refused_in_words(host: Host) -> None:
    await host.set(memory_budget_bytes=1 << 20)
    run = await host.ask(0)
    assert run.error is not None
    assert "larger than the memory budget" in run.error.title
    assert await host.ps() == []


async def test_idle_servers_are_ended_and_come_back_on_the_next_request(host: Host) -> None:
    await host.set(idle_unload_s=0.4)
    assert (await host.ask(0)).error is None
    (row,) = await host.ps()
    assert row.unload_in_s is not None
    await host.until(lambda: host.rows["alpha"].state == "stopped")
    assert host.rows["alpha"].ended == "Unloaded after 400 ms idle"
    assert servers_under(host.runtime) == []
    (ended,) = await host.do(c.ListServers(with_ended=True))
    assert (ended.state, ended.pid) == ("stopped", None)
    run = await host.ask(0)
    assert run.state.cold
    assert run.timing.load_ms


async def test_a_profile_decides_how_it_is_served(host: Host) -> None:
    await host.ask(0)
    profile = LaunchProfile(parallel=2, context_tokens=256, kv_type_k="bf16", kv_type_v="bf16")
    row = await host.do(c.RestartServer(name="alpha", profile=profile))
    assert (row.slots, row.ctx) == (2, 256)
    runs = await asyncio.gather(*(host.ask(0, 200, f"r{at}") for at in range(3)))
    assert [run.error for run in runs] == [None] * 3
    assert max(e.server.slots_busy for e in host.events if isinstance(e, ServerChanged)) == 2
    assert max(e.server.waiting for e in host.events if isinstance(e, ServerChanged)) == 1
    detail = await host.do(c.ReadServer(name="alpha"))
    flags = {flag.flag: flag for flag in detail.flags}
    assert (flags["--cache-type-v"].value, flags["--cache-type-v"].why) == ("bf16", "profile")
    (process,) = servers_under(host.runtime)
    assert "--ctx-size 512" in " ".join(process.cmdline())
    assert "--cache-type-k bf16" in detail.command
    assert {part.kind for part in detail.parts} >= {"weights", "kv", "compute"}
    assert sum(part.measured_bytes or 0 for part in detail.parts) == pytest.approx(
        row.measured_bytes, abs=4096
    )
    assert (await host.do(c.ListServers()))[0].context_used
    # From now on these weights are served like this, until another profile is chosen.
    await host.do(c.StopServer(name="alpha"))
    await host.ask(0)
    assert (await host.ps())[0].slots == 2
    assert (await host.do(c.RestartServer(name="alpha", profile=LaunchProfile()))).slots == 1


async def test_adapters_and_drafts_are_loaded_beside_the_model(host: Host, tmp_path: Path) -> None:
    lora = tmp_path / "tone.gguf"
    lora.write_bytes(tiny_lora().encode())
    profile = LaunchProfile(
        lora=[LoraAdapter(path=str(lora), scale=0.5)],
        speculation="draft",
        draft_weights=host.models[1],
        draft_max=4,
        chat_template="{{ messages[0].content }}",
    )
    sampling = Sampling(max_tokens=40, temperature=0)
    run = await host.do(c.StartRun(target=host.models[0], prompt="Hello", sampling=sampling, profile=profile))
    assert run.error is None, run.error
    assert run.usage.prompt_tokens is not None
    assert run.usage.prompt_tokens < 12, "the profile's template adds nothing"
    assert run.raw["timings"]["draft_n"] > 0
    detail = await host.do(c.ReadServer(name="alpha"))
    assert detail.draft_accepted_share is not None
    log = await host.do(c.ReadLog(name="alpha"))
    assert any("lora" in line.text.lower() for line in log.lines)
    inspected = await host.do(c.InspectRun(run_id=run.id))
    assert inspected.templated == "Hello"


async def test_what_a_start_would_be_is_shown_before_it(host: Host) -> None:
    template = "{{ messages[0].content }} !"
    preview = await host.do(
        c.PreviewLaunch(target=host.models[0], profile=LaunchProfile(chat_template=template, threads=1))
    )
    assert preview.problems == []
    assert preview.fit is not None
    assert preview.fit.total_bytes > 0
    assert preview.template is not None
    assert preview.template.is_override
    assert "+{{ messages[0].content }} !" in preview.template.diff
    bad = LaunchProfile(extra_flags=["--host", "0.0.0.0"])
    preview = await host.do(c.PreviewLaunch(target=host.models[0], profile=bad))
    assert "--host" in preview.problems[0]
    run = await host.do(c.StartRun(target=host.models[0], prompt="x", profile=bad))
    assert run.error is not None
    assert "launch profile" in run.error.title


async def test_a_prompt_longer_than_the_context_is_counted_and_not_cut(host: Host) -> None:
    run = await host.ask(0, prompt="word " * 400)
    assert run.error is not None
    assert "too long" in run.error.title
    assert "512" in run.error.detail
    assert run.usage.prompt_tokens is None
    assert (await host.ask(0)).error is None


async def test_the_log_can_be_read_and_followed(host: Host) -> None:
    await host.ask(0)
    log = await host.do(c.ReadLog(name="alpha"))
    assert log.lines[-1].number == log.first + len(log.lines) - 1
    assert any("listening" in line.text for line in log.lines)
    following = asyncio.create_task(host.do(c.FollowLog(name="alpha"), limit_s=20))
    await asyncio.sleep(0.05)
    await host.ask(0)
    await host.until(lambda: any(isinstance(e, ServerLogged) for e in host.events))
    following.cancel()
    told = next(e for e in host.events if isinstance(e, ServerLogged))
    assert told.lines[0].number > log.lines[-1].number


async def test_profiles_of_a_home(host: Host) -> None:
    kept = await host.do(
        c.SaveProfile(profile=StoredProfile(name="two", profile=LaunchProfile(parallel=2), origin="user"))
    )
    listed = await host.do(c.ListProfiles())
    assert {"two", "Everyday chat"} <= {one.name for one in listed}
    assert kept.path is not None
    await host.do(c.RemoveProfile(name="two"))
    with pytest.raises(AppError):
        await host.do(c.RemoveProfile(name="Everyday chat"))


async def step(host: Host, chance: random.Random, running: list[asyncio.Task[Any]]) -> None:
    name, model = chance.choice(("alpha", "beta")), chance.choice(host.models)
    sampling = Sampling(max_tokens=chance.choice((2, 60)), temperature=0)
    commands: dict[str, c.Command] = {
        "ask": c.StartRun(target=model, prompt="Hello", sampling=sampling),
        "load": c.LoadWeights(target=model),
        "stop": c.StopServer(name=name),
        "restart": c.RestartServer(name=name),
        "forget": c.ForgetServer(name=name),
    }
    what = chance.choice(("ask", "ask", "kill", "cancel", *commands))
    if what in commands:
        running.append(asyncio.create_task(host.do(commands[what])))
    elif what == "kill":
        for process in servers_under(host.runtime)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    elif running:
        chance.choice(running).cancel()
    await asyncio.sleep(chance.choice((0, 0.01, 0.05)))


async def test_random_steps_leave_nothing_behind(host: Host, pytestconfig: pytest.Config) -> None:
    """What is shown is what runs, whatever happens in whatever order."""
    chance, running = random.Random(4), list[asyncio.Task[Any]]()
    await host.set(memory_budget_bytes=await budget_for_one(host), room_wait_s=5)
    for _ in range(200 if pytestconfig.getoption("--long") else 25):
        await step(host, chance, running)
    results = await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 120)
    expected = (AppError, asyncio.CancelledError)
    assert [r for r in results if isinstance(r, BaseException) and not isinstance(r, expected)] == []
    await asyncio.sleep(1.5)  # a restart that was under way
    shown = {row.pid for row in await host.ps() if row.pid is not None}
    assert shown == {process.pid for process in servers_under(host.runtime)}
    for row in host.rows.values():
        assert (row.pid is not None and psutil.pid_exists(row.pid)) == (row.pid in shown)
    await host.stop_all()
    assert servers_under(host.runtime) == []
    assert [path.name for path in host.runtime.iterdir() if path.name.startswith("llama-")] == []
