"""llama-server stopped, shot, crashing, hanging: the run ends in words, the next one works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import stat
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest
import pytest_asyncio

from steelyard.core.base.errors import AppError
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.servers.pool import ServerPool, Surroundings
from steelyard.core.targets.clients import local_client
from steelyard.core.values import commands as c
from steelyard.core.values.events import TextArrived
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.settings import ServerSettings

from .harness import LONG_STORY, servers_under, starter_file, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.run import Run

STALL_S = 2.0
SETTINGS = ServerSettings(threads=1, context_tokens=4096, generate_stall_s=STALL_S, load_stall_s=20)
SLACK_S = 4.0
in_the_engine = pytest.mark.asyncio(loop_scope="module")


class Host:
    """An engine in this process, and the llama-server that it started."""

    def __init__(self, engine: OwnedEngine, runtime: Path) -> None:
        self.engine = engine
        self.runtime = runtime
        self._requests = 0

    def server(self) -> psutil.Process:
        (server,) = servers_under(self.runtime)
        return server

    async def ready(self) -> psutil.Process:
        await self.do(c.LoadWeights(target="starter"))
        return self.server()

    async def do(self, command: c.Command, limit_s: float = 60, request: str = "t") -> Any:
        return await asyncio.wait_for(self.engine.execute(command, request), limit_s)

    async def short(self, limit_s: float = 30) -> Run:
        return await self.do(
            c.StartRun(target="starter", prompt="Say hello", sampling=Sampling(max_tokens=3)), limit_s
        )

    async def begin(self, chars: int = 1) -> asyncio.Task[Run]:
        """A long run, once so much of its text has arrived."""
        self._requests += 1
        request = f"long-{self._requests}"
        seen, arrived = [0], asyncio.Event()

        def listen(event: Any) -> None:
            if isinstance(event, TextArrived) and event.request == request:
                seen[0] += len(event.text)
                if seen[0] >= chars:
                    arrived.set()

        leave = self.engine.subscribe(listen)
        sampling = Sampling(max_tokens=3500, temperature=0)
        command = c.StartRun(target="starter", prompt=LONG_STORY[0], sampling=sampling)
        task = asyncio.create_task(self.do(command, request=request))
        try:
            await asyncio.wait_for(arrived.wait(), 60)
        finally:
            leave()
        return task


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def host(module_home: Home) -> AsyncIterator[Host]:
    engine = OwnedEngine(module_home, "command")
    await engine.start()
    host = Host(engine, module_home.runtime_folder())
    settings = await host.do(c.ReadSettings())
    await host.do(c.SaveSettings(settings=msgspec.structs.replace(settings, servers=SETTINGS)))
    yield host
    await engine.stop(12)
    assert servers_under(host.runtime) == []


@pytest_asyncio.fixture(loop_scope="module")
async def calm(host: Host) -> Host:
    """A server that has not crashed lately: the limit on restarts counts for each set of settings."""
    settings = await host.do(c.ReadSettings())
    fresh = msgspec.structs.replace(settings.servers, context_tokens=settings.servers.context_tokens + 256)
    for row in await host.do(c.ListServers()):
        await host.do(c.StopServer(name=row.name))
    await host.do(c.SaveSettings(settings=msgspec.structs.replace(settings, servers=fresh)))
    return host


def line_of(run: Run) -> str:
    assert run.error is not None
    assert run.error.title
    assert run.error.detail, run.error
    assert run.error.hint, run.error
    return AppError(run.error.title, run.error.detail, run.error.hint).one_line()


# ---- signals -----------------------------------------------------------------------------------------------


@in_the_engine
async def test_server_that_stops_answering_is_replaced(calm: Host) -> None:
    task = await calm.begin(20)
    server = calm.server()
    server.suspend()
    started = time.monotonic()
    run = await task
    assert time.monotonic() - started < STALL_S + SLACK_S
    assert f"no token for {STALL_S:.0f} s" in line_of(run)
    assert run.finish_reason == "interrupted"
    assert len(run.text) >= 20
    again = await calm.short()
    assert again.error is None
    assert calm.server().pid != server.pid
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


@in_the_engine
async def test_server_that_never_begins_is_replaced(calm: Host) -> None:
    server = await calm.ready()
    server.suspend()
    started = time.monotonic()
    run = await calm.short()
    assert time.monotonic() - started < STALL_S + SLACK_S
    line_of(run)
    assert (run.finish_reason, run.text) == ("error", "")
    again = await calm.short()
    assert again.error is None
    assert again.state.cold is True


@in_the_engine
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
async def test_server_shot_in_the_middle(calm: Host, number: signal.Signals) -> None:
    task = await calm.begin(20)
    server = calm.server()
    server.send_signal(number)
    started = time.monotonic()
    run = await task
    assert time.monotonic() - started < 3
    assert run.finish_reason == "interrupted"
    assert len(run.text) >= 20
    line = line_of(run)
    assert "chunked" not in line, "what happened to the engine is wanted, not how HTTP noticed"
    again = await calm.short()
    assert again.error is None
    assert calm.server().pid != server.pid


@in_the_engine
async def test_server_that_died_while_idle_is_not_the_users_problem(calm: Host) -> None:
    """The death notice may not even have been read when the next prompt comes."""
    server = await calm.ready()
    server.kill()
    run = await calm.short()
    assert run.error is None, run.error
    assert run.usage.completion_tokens


@in_the_engine
async def test_other_columns_go_on_when_a_server_is_shot(calm: Host, tmp_path: Path) -> None:
    from fakes.gguf_files import tiny_model

    tiny = tmp_path / "tiny.gguf"
    tiny.write_bytes(tiny_model().encode())
    command = c.StartComparison(
        targets=["starter", str(tiny)],
        prompt=LONG_STORY[0],
        sampling=Sampling(max_tokens=2000, temperature=0),
        warm_up=0,
    )
    task = asyncio.create_task(calm.do(command))
    (server,) = await asyncio.to_thread(wait_until, lambda: servers_under(calm.runtime), 30)
    await asyncio.to_thread(wait_until, lambda: _has_used_cpu(server, 1.0), 30)
    server.kill()
    result = await task
    assert result.runs[0].finish_reason in ("interrupted", "error")
    line_of(result.runs[0])
    assert result.runs[1].error is None
    assert result.runs[1].usage.completion_tokens


@in_the_engine
async def test_server_that_keeps_crashing_is_given_up(calm: Host) -> None:
    for _ in range(3):
        server = await calm.ready()
        server.kill()
        while server.pid in [row.pid for row in await calm.do(c.ListServers())]:
            await asyncio.sleep(0.02)
    started = time.monotonic()
    run = await calm.short()
    assert time.monotonic() - started < 5
    assert "keeps crashing" in line_of(run)
    rows = await calm.do(c.ListServers())
    assert {row.state for row in rows} <= {"failed", "stopped"}


# ---- cancelling --------------------------------------------------------------------------------------------


@in_the_engine
async def test_cancel_at_any_moment_frees_the_slot(calm: Host, request: pytest.FixtureRequest) -> None:
    """Otherwise the next prompt waits until thousands of tokens have been made for nobody."""
    server = await calm.ready()
    rounds = 20 if request.config.getoption("--long") else 2
    moments = random.Random(7)
    for number in range(rounds):
        if number % 2:
            task = await calm.begin(moments.randrange(1, 200))
        else:  # before the first token: on the way, or in the prompt
            command = c.StartRun(
                target="starter", prompt=f"{number} word " * 800, sampling=Sampling(max_tokens=3000)
            )
            task = asyncio.create_task(calm.do(command))
            await asyncio.sleep(moments.random() * 0.4)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        started = time.monotonic()
        run = await calm.short()
        assert run.error is None
        assert time.monotonic() - started < 12, "one batch of the cancelled prompt may still be computed"
        assert calm.server().pid == server.pid
    rows = await calm.do(c.ListServers())
    assert [(row.state, row.slots_busy) for row in rows] == [("ready", 0)]


@in_the_engine
async def test_cancel_while_loading_and_in_the_queue(calm: Host) -> None:
    command = c.StartRun(target="starter", prompt="x", sampling=Sampling(max_tokens=3))
    first = asyncio.create_task(calm.do(command))
    second = asyncio.create_task(calm.do(command))
    await asyncio.to_thread(wait_until, lambda: servers_under(calm.runtime), 30)
    for task in (second, first):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert (await calm.short()).error is None


# ---- programs that are no llama-server ---------------------------------------------------------------------

SAYS = "import os, signal, sys, time\n"
LISTENS = SAYS + (
    "import socket\n"
    "path = sys.argv[sys.argv.index('--host') + 1]\n"
    "server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen()\n"
    "def answer(status, body):\n"
    "    peer, _ = server.accept(); peer.recv(65536)\n"
    "    head = b'HTTP/1.1 %d X\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n'\n"
    "    peer.sendall(head % (status, len(body)) + body)\n"
    "    peer.close()\n"
)
PROGRAMS = {
    "ends at once": (SAYS + "sys.exit(0)", "code 0"),
    "fails": (SAYS + "print('E error loading model: tensor is odd'); sys.exit(1)", "tensor is odd"),
    "lacks a library": (
        SAYS + "print('llama-server: error while loading shared libraries: libggml.so.0'); sys.exit(127)",
        "engine is incomplete",
    ),
    "aborts": (SAYS + "os.kill(os.getpid(), signal.SIGABRT)", "SIGABRT"),
    "is killed": (SAYS + "os.kill(os.getpid(), signal.SIGKILL)", "memory"),
    "runs out of memory": (
        SAYS + "print('ggml: failed to allocate buffer of size 99'); sys.exit(1)",
        "not enough memory",
    ),
    "says a lot": (SAYS + "[os.write(1, b'x' * 65536) for _ in range(400)]; sys.exit(3)", "code 3"),
    "never listens": (SAYS + "time.sleep(600)", "no progress"),
    "is healthy and nothing else": (
        LISTENS + "while True: answer(200, b'{}')",
        "",  # accepted as ready: no build, no context
    ),
    "hates us": (LISTENS + "answer(200, b'ok')\nwhile True: answer(500, b'no')", "did not answer"),
    "answers nonsense": (LISTENS + "answer(200, b'ok')\nwhile True: answer(200, b'[[[')", "did not answer"),
}


@pytest.fixture
def runtime(short_folder: Path) -> Path:
    folder = short_folder / f"stub-{time.monotonic_ns()}"
    folder.mkdir(mode=0o700)
    return folder


def stub_pool(tmp_path: Path, runtime: Path, script: str | bytes) -> ServerPool:
    """A pool whose engine is this program."""

    async def no_need(_weights: Path, _profile: LaunchProfile) -> None:
        return None

    program = tmp_path / "llama-server"
    if isinstance(script, bytes):
        program.write_bytes(script)
    else:
        program.write_text(f"#!{sys.executable} -IS\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return ServerPool(tmp_path, runtime, Surroundings(local_client, lambda _pid: None, no_need))


@pytest.mark.parametrize("name", PROGRAMS)
async def test_program_that_is_no_server(name: str, tmp_path: Path, runtime: Path) -> None:
    script, words = PROGRAMS[name]
    pool = stub_pool(tmp_path, runtime, script)
    server = pool.server_for("weights", starter_file(), ServerSettings(load_stall_s=1.5))
    started = time.monotonic()
    try:
        if not words:
            ready = await asyncio.wait_for(server.ensure_ready(), 20)
            assert ready.ctx is None
            return
        with pytest.raises(AppError) as caught:
            await asyncio.wait_for(server.ensure_ready(), 20)
        assert time.monotonic() - started < 8
        assert words in caught.value.one_line()
        assert server.state == "failed"
        assert "weights" in caught.value.one_line() or "llama-server" in caught.value.one_line()
        assert sum(len(line) for line in server.facts.lines) < 4 << 20
    finally:
        await asyncio.wait_for(pool.close(), 12)
    assert servers_under(runtime) == []
    assert list(runtime.iterdir()) == []


async def test_server_stopped_while_it_loads_is_not_ready_afterwards(tmp_path: Path, runtime: Path) -> None:
    """What the dying child still answers must not be taken for a server that is there."""
    loads_for_a_while = (
        LISTENS
        + "is_first = not os.path.exists(sys.argv[0] + '.ran'); open(sys.argv[0] + '.ran', 'w').close()\n"
        + "if is_first: signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + "answer(200, b'ok'); time.sleep(1.0)\nwhile True: answer(200, b'{}')"
    )
    pool = stub_pool(tmp_path, runtime, loads_for_a_while)
    server = pool.server_for("weights", starter_file(), ServerSettings(load_stall_s=20))
    try:
        asked = asyncio.create_task(server.ensure_ready())
        await asyncio.sleep(0.5)
        await asyncio.wait_for(server.stop(), 12)
        with pytest.raises(AppError):
            await asked
        assert (server.state, server.pid) == ("stopped", None)
        ready = await asyncio.wait_for(server.ensure_ready(), 20)
        assert (await ready.client.get("http://localhost/health")).status_code == 200
    finally:
        await asyncio.wait_for(pool.close(), 12)


async def test_idle_server_goes_when_its_file_or_the_settings_change(tmp_path: Path, runtime: Path) -> None:
    script, _ = PROGRAMS["is healthy and nothing else"]
    pool = stub_pool(tmp_path, runtime, script)
    weights = tmp_path / "weights.gguf"
    weights.write_bytes(b"old")
    now = ServerSettings(load_stall_s=20)
    try:
        server = pool.server_for("weights", weights, now)
        await asyncio.wait_for(server.ensure_ready(), 20)
        assert pool.server_for("weights", weights, msgspec.structs.replace(now, load_stall_s=3)) is server
        await pool.stop_outdated(weights, now, LaunchProfile())
        assert server.state == "ready"
        weights.write_bytes(b"newer")
        await asyncio.wait_for(pool.stop_outdated(weights, now, LaunchProfile()), 12)
        assert server.state == "stopped"
        other = pool.server_for("weights", weights, now)
        assert other is not server
        await asyncio.wait_for(other.ensure_ready(), 20)
        await asyncio.wait_for(
            pool.stop_outdated(weights, msgspec.structs.replace(now, context_tokens=512), LaunchProfile()), 12
        )
        assert other.state == "stopped"
    finally:
        await asyncio.wait_for(pool.close(), 12)


@pytest.mark.parametrize("kind", ["not executable", "another machine's", "a folder's", "missing"])
async def test_program_that_cannot_be_started(kind: str, tmp_path: Path, runtime: Path) -> None:
    pool = stub_pool(
        tmp_path, runtime, b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x02\x00\xf3\x00" + b"\0" * 100
    )
    program = tmp_path / "llama-server"
    if kind == "not executable":
        program.chmod(0o600)
    elif kind != "another machine's":
        program.unlink()

    async def start() -> None:
        server = pool.server_for("weights", starter_file(), ServerSettings(load_stall_s=3))
        await asyncio.wait_for(server.ensure_ready(), 20)

    try:
        with pytest.raises(AppError) as caught:
            await start()
        assert "run.py setup" in caught.value.hint
        assert "Traceback" not in caught.value.one_line()
    finally:
        await asyncio.wait_for(pool.close(), 12)


async def test_program_that_ignores_to_be_asked_is_killed(tmp_path: Path, runtime: Path) -> None:
    """With a child of its own, which must not stay behind either."""
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nif os.fork() == 0: time.sleep(600)\n"
    script = SAYS + deaf + LISTENS.removeprefix(SAYS) + "while True: answer(200, b'{}')"
    pool = stub_pool(tmp_path, runtime, script)
    server = pool.server_for("weights", starter_file(), ServerSettings())
    await asyncio.wait_for(server.ensure_ready(), 20)
    assert len(servers_under(runtime)) == 2
    started = time.monotonic()
    await asyncio.wait_for(pool.close(), 12)
    assert time.monotonic() - started < 9
    await asyncio.to_thread(wait_until, lambda: not servers_under(runtime), 3, "the group to go")


async def test_pool_that_closes_leaves_nobody_waiting(tmp_path: Path, runtime: Path) -> None:
    pool = stub_pool(tmp_path, runtime, SAYS + "time.sleep(600)")
    server = pool.server_for("weights", starter_file(), ServerSettings())
    waiting = asyncio.create_task(server.ensure_ready())
    await asyncio.to_thread(wait_until, lambda: servers_under(runtime), 10)
    await asyncio.wait_for(pool.close(), 12)
    with pytest.raises((AppError, asyncio.CancelledError)):
        await asyncio.wait_for(waiting, 2)
    assert servers_under(runtime) == []
    assert os.listdir(runtime) == []


def _has_used_cpu(process: psutil.Process, seconds: float) -> bool:
    return process.cpu_times().user > seconds
