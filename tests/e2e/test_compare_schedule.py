"""Comparisons of several local models with the real llama-server: memory for one, interleaving, a crash."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from fakes.gguf_files import tiny_model
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.values import commands as c
from steelyard.core.values.events import ServerChanged
from steelyard.core.values.prompt import Sampling

from .harness import ledger, servers_under, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.comparison import Comparison

    from .harness import Cli

REPEAT = 40
SETTINGS = """
[servers]
threads = 1
context_tokens = 512
memory_budget_bytes = {budget}
eviction = "{eviction}"
"""


def models_in(folder: Path) -> list[str]:
    paths = [folder / f"{name}.gguf" for name in ("alpha", "beta")]
    for path in paths:
        path.write_bytes(tiny_model().encode())
    return [str(path) for path in paths]


class Host:
    """An engine with two tiny models."""

    def __init__(self, engine: OwnedEngine, home: Home) -> None:
        self.engine = engine
        self.home = home
        self.models = models_in(home.root)
        self.most_alive = 0
        engine.subscribe(self._on_event)

    def _on_event(self, event: Any) -> None:
        if isinstance(event, ServerChanged):
            self.most_alive = max(self.most_alive, len(servers_under(self.home.runtime_folder())))

    async def compare(self, **more: Any) -> Comparison:
        command = c.StartComparison(
            targets=self.models, prompt="Hello", sampling=Sampling(max_tokens=3, temperature=0), **more
        )
        return await self.engine.execute(command, "q")


@contextlib.asynccontextmanager
async def a_host(home: Home, budget: int = 0, eviction: str = "auto") -> AsyncIterator[Host]:
    home.root.mkdir(exist_ok=True)
    home.settings.write_text(SETTINGS.format(budget=budget, eviction=eviction))
    engine = OwnedEngine(home, "command")
    await engine.start()
    try:
        yield Host(engine, home)
    finally:
        await engine.stop(12)
    assert servers_under(home.runtime_folder()) == []


async def bytes_of_one(host: Host) -> int:
    row = await host.engine.execute(c.LoadWeights(target=host.models[0]), "q")
    await host.engine.execute(c.StopServer(name=row.name), "q")
    assert row.ram_bytes is not None
    return max(row.ram_bytes, row.measured_bytes or 0)


@pytest_asyncio.fixture
async def budget(home: Home) -> int:
    """Holds either model, and not both."""
    async with a_host(home) as host:
        return int(1.6 * await bytes_of_one(host))


async def test_a_machine_that_holds_one_model_at_a_time(home: Home, budget: int) -> None:
    """Also where nobody may unload servers unasked: what the comparison loaded itself is its own."""
    async with a_host(home, budget, "ask") as host:
        done = await host.compare(repeat=2)
        assert [run.error for run in done.runs] == [None] * 4
        assert [run.state.cold for run in done.runs] == [False] * 4
        order = [run.column for run in sorted(done.runs, key=lambda run: run.id)]
        assert order == [0, 0, 1, 1]
        assert host.most_alive == 1


async def test_two_comparisons_do_not_end_each_others_servers(home: Home, budget: int) -> None:
    async with a_host(home, budget, "ask") as host:
        both = await asyncio.gather(host.compare(repeat=3), host.compare(repeat=3))
        runs = [run for done in both for run in done.runs]
        assert [run.error for run in runs] == [None] * 12
        assert [run.state.cold for run in runs] == [False] * 12
        assert host.most_alive == 1


async def test_models_that_fit_together_take_turns_in_each_round(home: Home) -> None:
    async with a_host(home) as host:
        done = await host.compare(repeat=3)
        assert [run.error for run in done.runs] == [None] * 6
        order = [run.column for run in sorted(done.runs, key=lambda run: run.id)]
        assert [sorted(order[at : at + 2]) for at in (0, 2, 4)] == [[0, 1]] * 3
        assert {one.n for one in done.summary.values()} == {3}
        assert done.summary["alpha"].gen_tps.n == 3, "one vocabulary: tokens are the same"


def test_a_comparison_goes_on_after_a_crash(cli: Cli) -> None:
    """kill -9 in the middle: what had finished is kept, the rest is made, nothing twice."""
    (cli.home / "settings.toml").write_text(SETTINGS.format(budget=0, eviction="auto"))
    alpha, beta = models_in(cli.home)
    words = ["compare", "--target", alpha, "--target", beta, "--prompt", "Hello", "--repeat", str(REPEAT)]
    running = cli.start(*words, "--max-tokens", "300", "--temperature", "0", "--json")
    finished = "SELECT count(*) FROM runs WHERE finish_reason IS NOT NULL"
    path = cli.home / "ledger.sqlite3"
    wait_until(lambda: path.exists() and path.stat().st_size > 4096, what="the ledger")
    wait_until(lambda: ledger(cli.home, finished)[0][0] >= 2, what="two runs")
    running.process.kill()
    running.done()
    wait_until(lambda: cli.servers() == [], what="the end of the killed one's servers")

    (row,) = cli.json("compare", "list")["comparisons"]
    assert 1 <= row["missing_runs"] <= 2 * REPEAT - 2
    kept = ledger(cli.home, "SELECT id FROM runs WHERE finish_reason IN ('stop', 'length') ORDER BY id")
    document = cli.json("compare", "resume", row["id"])["comparison"]
    assert document["id"] == row["id"]
    places = [(run["column"], run["repeat"]) for run in document["runs"]]
    assert places == [(column, number) for column in (0, 1) for number in range(REPEAT)]
    assert {run["finish_reason"] for run in document["runs"]} <= {"stop", "length"}
    assert {run_id for (run_id,) in kept} <= {run["id"] for run in document["runs"]}
    (row,) = cli.json("compare", "list")["comparisons"]
    assert row["missing_runs"] == 0
