"""What goes on beside a run: an API that computes on this very machine, and a GPU that is held back."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from fakes.fake_nvml import NvmlChild, build, one_gpu
from steelyard.core.base.clock import now_ns
from steelyard.core.compare.fairness.judging import judge
from steelyard.core.runs.host_load import NOTABLE_CORES, find_host
from steelyard.core.runs.watch import WatchDesk
from steelyard.core.targets.exchange import RawTimes
from steelyard.core.values.run import Energy, Memory, Run, RunState, TargetInfo
from steelyard.core.values.telemetry import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Listens, and has a child that computes once somebody connects; `idle` has one that sleeps.
SERVER = """
import socket, subprocess, sys
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
door.accept()
work = "while True: pass" if sys.argv[1] == "busy" else "import time; time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", work])
print("works", flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


class NoMeter:
    lacks_baseline = False

    def run_began(self, run_id: str) -> None:
        pass

    def forget(self, run_id: str) -> None:
        pass

    async def energy(self, *_when: object) -> Energy:
        return Energy()

    def power_points(self, _begin_ns: int, _end_ns: int) -> list[Any]:
        return []


class Target:
    """As much of a target as is watched."""

    def __init__(self, name: str, kind: Any) -> None:
        self.info = TargetInfo(name=name, kind=kind, model="m")

    def memory(self) -> Memory:
        return Memory()

    def layers(self) -> tuple[int, int] | None:
        return None

    def on_gpu(self) -> bool | None:
        return None


@contextlib.contextmanager
def served(mode: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, mode], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1", process
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def run_of(target: Target, column: int, state: RunState) -> Run:
    name = target.info.name
    return Run(id=name, started_at="x", target=target.info, column=column, finish_reason="stop", state=state)


def codes_of(local: RunState, api: RunState) -> set[tuple[str, str]]:
    runs = [run_of(Target("here", "local"), 0, local), run_of(Target("api", "api"), 1, api)]
    return {(entry.run_id, entry.code) for entry in judge(runs, "concurrent")}


async def watched_together(mode: str) -> tuple[RunState, RunState]:
    """States of a local run and of an API's, which went on at the same time."""
    with served(mode) as (url, process):
        host = await find_host(url)
        assert host is not None
        desk = WatchDesk(lambda: None, NoMeter())
        local, api = Target("here", "local"), Target("api", "api")
        begin = now_ns()
        watches = desk.watch("r1", local), desk.watch("r2", api, host)
        watches[0].sample()
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].partition("/")[0]))
        assert process.stdout
        await asyncio.to_thread(process.stdout.readline)
        await asyncio.sleep(0.4)
        writer.close()
        for watch in watches:
            watch.sample()
        times = RawTimes(start=begin, end=now_ns(), attempts=1)
        states = [(await watch.conclude(times))[1] for watch in watches]
        return states[0], states[1]


async def test_api_that_computes_here_and_the_local_run_beside_it_are_marked() -> None:
    local, api = await watched_together("busy")
    assert api.host_cores is not None
    assert api.host_cores >= NOTABLE_CORES, "its child's work counts, too"
    assert (local.beside, api.beside) == (["api"], ["here"])
    assert codes_of(local, api) == {("here", "other_local_load"), ("api", "other_local_load")}


async def test_api_that_only_passes_on_is_fair() -> None:
    local, api = await watched_together("idle")
    assert local.beside == []
    assert api.host_cores is not None
    assert api.host_cores < NOTABLE_CORES
    assert codes_of(local, api) == set()


@pytest.mark.parametrize("url", ["https://api.example.com/v1", "http://127.0.0.1:1/v1", "http://[bad", "x"])
async def test_no_process_is_seen_behind_it(url: str) -> None:
    assert await find_host(url) is None


async def test_our_own_door_is_not_taken_for_an_api() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with server:
        assert await find_host(f"http://localhost:{server.sockets[0].getsockname()[1]}/v1") is None


THERMAL, GPU_IDLE = 0x40, 0x1


@pytest.mark.skipif(shutil.which("cc") is None, reason="the fake driver is compiled here")
@pytest.mark.parametrize(("reasons", "codes"), [(THERMAL, {("here", "throttled")}), (GPU_IDLE, set())])
async def test_gpu_that_was_held_back(tmp_path: Path, reasons: int, codes: set[tuple[str, str]]) -> None:
    state = tmp_path / "state"
    driver = NvmlChild(build(tmp_path), state, {"count": 1, **one_gpu(throttle=reasons)})
    try:
        sample = msgspec.convert(driver.until(lambda sample: sample and sample["gpus"]), Sample)
    finally:
        driver.close()
    desk = WatchDesk(lambda: sample, NoMeter())
    _, state_of_run, _ = await desk.watch("r1", Target("here", "local")).conclude(RawTimes())
    assert codes_of(state_of_run, RunState()) == codes
