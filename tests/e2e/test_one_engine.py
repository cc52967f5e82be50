"""One engine per home: joining it, losing it, and what it leaves behind when it is shot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import Home, find_home
from steelyard.core.control import owner as owner_module
from steelyard.core.control.frames import Answer, Ask, Hello, Told, read_frame, write_frame
from steelyard.core.control.lock import HomeLock, OwnerNote, read_owner
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.control.session import ask_owner
from steelyard.core.servers.run_files import RunFile, sweep_orphans
from steelyard.core.values import commands as c
from steelyard.core.values.events import Event, TextArrived

from .harness import LONG_STORY, Cli, Running, ledger, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from fakes.fake_api import FakeApi

GONE_S = 5.0
LONG = ["run", "starter", *LONG_STORY, "--max-tokens", "3500"]


class Owner:
    """A one-shot command with a long answer, which owns its home meanwhile."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        self.command = cli.start(*LONG)
        self.command.until_text(1)
        (self.server,) = cli.servers()

    def kill(self) -> float:
        """Shoot the owner; returns the seconds until no server was left."""
        started = time.monotonic()
        self.command.process.kill()
        self.command.done()
        wait_until(lambda: not self.cli.servers(), GONE_S, "the server to go")
        return time.monotonic() - started


@pytest.fixture
def owner(cli: Cli) -> Iterator[Owner]:
    owner = Owner(cli)
    yield owner
    if owner.command.process.poll() is None:
        owner.command.send(signal.SIGTERM)
        owner.command.done()


def test_ps_sees_the_owners_server(owner: Owner) -> None:
    document = owner.cli.json("ps")
    assert document["owner"] == "command"
    (row,) = document["servers"]
    assert {"name", "weights", "pid", "state", "ctx", "slots", "slots_busy", "predicted_bytes"} <= set(row)
    assert {"measured_bytes", "vram_bytes", "started_at", "idle_s"} <= set(row)
    assert (row["name"], row["state"], row["pid"]) == ("starter", "ready", owner.server.pid)
    assert (row["slots"], row["slots_busy"], row["ctx"], row["idle_s"]) == (1, 1, 4096, None)
    assert row["measured_bytes"] > 90 << 20
    text = owner.cli("ps")
    assert f"{owner.server.pid}" in text.out


def test_second_command_shares_the_server_and_outlives_the_first(owner: Owner) -> None:
    """It waits for the slot; the owner stays until its guest is done."""
    cli = owner.cli
    guest = cli.start("run", "starter", "Say hello", "--max-tokens", "4", "--json")
    wait_until(lambda: b"waiting for another prompt" in guest.err, what=f"the guest to wait {guest.err!r}")
    assert [server.pid for server in cli.servers()] == [owner.server.pid]
    assert owner.command.process.poll() is None
    owner.command.send(signal.SIGTERM)  # asked to end now: the guest is told
    done = guest.done()
    assert owner.command.done().code == 130
    assert done.code == 1
    assert "owns this home ended" in done.last_line
    assert json.loads(done.out)["error"]["retryable"] is True
    assert cli.servers() == []


def test_guest_gets_its_answer_from_the_shared_server(cli: Cli) -> None:
    first = cli.start("run", "starter", *LONG_STORY, "--max-tokens", "150", "--json")
    wait_until(lambda: cli.json("ps")["servers"], what="the first command's server")
    second = cli("run", "starter", "Say hello", "--max-tokens", "4", "--json")
    assert second.code == 0, second.err
    run = second.document["run"]
    assert run["timing"]["load_ms"] is None, "it was loaded by the other one"
    assert run["state"]["cold"] is False
    assert first.done().code == 0
    assert cli.servers() == []
    assert [row[0] for row in ledger(cli.home, "SELECT finish_reason FROM runs ORDER BY rowid")] == [
        "length"
    ] * 2


def test_events_reach_the_guest_while_it_waits_for_the_rest(owner: Owner, tmp_path: Path) -> None:
    """A guest with its own weights streams beside the owner's run, from a second server."""
    from fakes.gguf_files import tiny_model

    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny_model().encode())
    done = owner.cli("run", str(path), "hi", "--max-tokens", "4", "--json")
    assert done.code == 0, done.err
    assert owner.command.process.poll() is None
    names = {row["name"] for row in owner.cli.json("ps")["servers"]}
    assert names == {"starter", "tiny"}


def test_two_one_shots_at_once_both_succeed(cli: Cli) -> None:
    words = ["run", "starter", "Say hello", "--max-tokens", "8", "--json"]
    with ThreadPoolExecutor(2) as both:
        results = [future.result() for future in [both.submit(cli, *words) for _ in range(2)]]
    assert [done.code for done in results] == [0, 0], [done.err for done in results]
    assert len({done.document["run"]["id"] for done in results}) == 2
    assert cli.servers() == []
    assert len(ledger(cli.home, "SELECT id FROM runs WHERE finish_reason IS NOT NULL")) == 2


def test_guest_that_goes_away_frees_the_slot(cli: Cli) -> None:
    """Ctrl+C in a guest ends its run in the owner, and only that."""
    owner = Owner(cli)
    guest = cli.start("run", "starter", "Say hello", "--max-tokens", "4")
    wait_until(lambda: b"waiting" in guest.err, what="the guest to wait")
    guest.process.kill()
    guest.done()
    rows = wait_until(
        lambda: ledger(cli.home, "SELECT id FROM runs WHERE finish_reason = 'cancelled'"), 5, "its run's end"
    )
    assert len(rows) == 1
    assert owner.command.process.poll() is None
    owner.command.send(signal.SIGTERM)
    owner.command.done()


def test_guest_that_is_stopped_prints_what_had_arrived(cli: Cli, fake_api: FakeApi) -> None:
    """Its owner ends the run, keeps it as cancelled, and says how it ended."""
    words = ["--url", fake_api.url, "--model", "drip#guest", "--format", "openai"]
    cli.json("targets", "add", "fake", *words)
    owner = Owner(cli)
    guest = cli.start("run", "fake", "hello", "--json")
    fake_api.wait_for(lambda: fake_api.sent_bytes["drip#guest"] > 400)
    guest.send(signal.SIGINT)
    done = guest.done(15)
    assert (done.code, done.last_line) == (130, "steelyard: Stopped: on request")
    run = done.document["run"]
    assert (run["finish_reason"], run["error"], run["text"][:5]) == ("cancelled", None, "drip ")
    stored = ledger(cli.home, "SELECT text, finish_reason FROM runs WHERE target = 'fake'")
    assert stored == [(run["text"], "cancelled")]
    assert owner.command.process.poll() is None
    owner.command.send(signal.SIGTERM)
    owner.command.done()


def test_reader_of_a_guest_has_enough(cli: Cli, fake_api: FakeApi) -> None:
    words = ["--url", fake_api.url, "--model", "drip#guest-head", "--format", "openai"]
    cli.json("targets", "add", "fake", *words)
    owner = Owner(cli)
    into_head = ["bash", "-o", "pipefail", "-c", '"$@" | head -c 8', "bash"]
    done = Cli(cli.home, cli.runtime, prefix=into_head)("run", "fake", "hello")
    assert (done.code, done.out) == (1, "drip dri")
    assert done.last_line == "steelyard: Stopped: nobody reads the output any more"
    assert ledger(cli.home, "SELECT finish_reason FROM runs WHERE target = 'fake'") == [("cancelled",)]
    owner.command.send(signal.SIGTERM)
    owner.command.done()


def test_owner_shot_in_the_middle_of_a_stream(cli: Cli, request: pytest.FixtureRequest) -> None:
    """kill -9: no server of ours is alive 5 s later, the next start works, the text is kept."""
    rounds = 20 if request.config.getoption("--long") else 2
    for number in range(rounds):
        owner = Owner(cli)
        # At different moments of the stream; the last round also past a flush of the text.
        owner.command.until_text(60 * number + 1)
        if number == rounds - 1:
            wait_until(lambda: ledger(cli.home, "SELECT 1 FROM runs WHERE length(text) > 20"), 20, "a flush")
        assert owner.kill() < GONE_S
    assert cli.json("ps") == {"owner": None, "servers": []}
    done = cli("run", "starter", "Say hello", "--max-tokens", "2", "--json")
    assert done.code == 0, done.err
    rows = ledger(cli.home, "SELECT finish_reason, text, document FROM runs ORDER BY rowid")
    assert [row[0] for row in rows] == ["interrupted"] * rounds + ["length"]
    assert len(rows[-2][1]) > 20
    for _, _, document in rows[:-1]:
        assert json.loads(document)["error"]["title"]
    assert ledger(cli.home, "PRAGMA integrity_check") == [("ok",)]
    assert [path.name for path in cli.runtime.rglob("*") if path.is_socket()] == []


def test_owner_shot_while_loading(cli: Cli) -> None:
    command = cli.start(*LONG)
    wait_until(cli.servers, what="a server")
    command.process.kill()
    command.done()
    wait_until(lambda: not cli.servers(), GONE_S, "the server to go")
    assert cli("run", "starter", "x", "--max-tokens", "1").code == 0


THREADED_OWNER = """
import asyncio, sys, threading
from steelyard.core.base.paths import find_home
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.values.commands import StartRun
from steelyard.core.values.prompt import Sampling

async def live():
    engine = OwnedEngine(find_home(sys.argv[1]), "app")
    await engine.start()
    engine.subscribe(lambda event: type(event).__name__ == "TextArrived" and print("x", flush=True))
    sampling = Sampling(max_tokens=3500, temperature=0)
    await engine.execute(StartRun(target="starter", prompt=sys.argv[2], sampling=sampling), "r")

engine = threading.Thread(target=lambda: asyncio.run(live()), name="engine")
engine.start()
engine.join()
"""


def test_owner_with_its_engine_in_a_thread_is_shot(cli: Cli) -> None:
    """As the app has it: the death signal is bound to the thread that spawned the server."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_RUNTIME_DIR": str(cli.runtime),
    }
    command = Running(
        subprocess.Popen(
            [sys.executable, "-c", THREADED_OWNER, str(cli.home), LONG_STORY[0]],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
    )
    command.until_text(10)
    assert cli.json("ps")["owner"] == "app"
    assert len(cli.servers()) == 1
    command.process.kill()
    command.done()
    wait_until(lambda: not cli.servers(), GONE_S, "the server to go")


# ---- an owner that hangs -----------------------------------------------------------------------------------


async def test_owner_that_says_nothing_does_not_hang_the_others(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped owner still has its lock and its listening socket."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(cli.runtime))
    home = find_home(str(cli.home))
    socket = home.runtime_folder() / "control-mute.sock"
    writers: list[asyncio.StreamWriter] = []

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    server = await asyncio.start_unix_server(mute, str(socket))
    lock = HomeLock.try_take(home.lock, OwnerNote(os.getpid(), "app", str(socket)))
    assert lock is not None
    try:
        async with asyncio.timeout(20):
            with pytest.raises(AppError) as caught:
                await ask_owner(home, c.ListServers())
        assert caught.value.hint
    finally:
        lock.release()
        server.close()
        for writer in writers:
            writer.close()
            await writer.wait_closed()
        await server.wait_closed()


# ---- a guest that does not read ----------------------------------------------------------------------------

PIECES, PIECE = 4000, "word " * 200


class Chatty:
    """An engine whose one answer is 4 MB in pieces."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Event], None]] = []
        self.has_answered = asyncio.Event()

    async def start(self) -> None:
        pass

    async def stop(self, deadline_s: float) -> None:
        pass

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def execute(self, _command: c.Command, request: str) -> str:
        for number in range(PIECES):
            event = TextArrived(
                request=request,
                run_id=f"run{number % 2}",
                column=number % 2,
                text=PIECE,
                is_reasoning=False,
                chunks=number,
                elapsed_ms=1,
                ttft_ms=1,
            )
            for listener in self.listeners:
                listener(event)
            if number % 50 == 0:
                await asyncio.sleep(0)
        self.has_answered.set()
        return "the answer"


@pytest.fixture
async def chatty(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OwnedEngine]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(cli.runtime))
    owned = OwnedEngine(find_home(str(cli.home)), "command")
    owned._engine = Chatty()
    await owned.start()
    yield owned
    await owned.stop(5)


async def ask_without_reading(cli: Cli, owned: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    note = read_owner(cli.home / "engine.lock")
    assert note is not None
    reader, writer = await asyncio.open_unix_connection(note.socket)
    assert await read_frame(reader) == Hello()
    reader._transport.pause_reading()
    write_frame(writer, Ask(c.ListServers(), "r1"))
    async with asyncio.timeout(20):
        await owned._engine.has_answered.wait()
    return reader, writer


async def test_guest_that_pauses_gets_everything_in_few_frames(cli: Cli, chatty: OwnedEngine) -> None:
    """As with a pager: nothing is lost, and the owner keeps no more for it than the text itself."""
    reader, writer = await ask_without_reading(cli, chatty)
    reader._transport.resume_reading()
    texts: dict[str, int] = {}
    frames = 0
    async with asyncio.timeout(20):
        while isinstance(frame := await read_frame(reader), Told):
            assert isinstance(frame.event, TextArrived)
            texts[frame.event.run_id] = texts.get(frame.event.run_id, 0) + len(frame.event.text)
            frames += 1
    assert frame == Answer("the answer")
    assert texts == {f"run{number}": PIECES // 2 * len(PIECE) for number in range(2)}
    assert frames < PIECES // 4
    writer.close()


async def test_guest_that_never_reads_is_let_go(
    cli: Cli, chatty: OwnedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A one-shot owner would otherwise wait for it for ever."""
    monkeypatch.setattr(owner_module, "_GUEST_S", 0.3)
    _reader, writer = await ask_without_reading(cli, chatty)
    async with asyncio.timeout(5):
        await chatty.until_guests_left()
    writer.transport.abort()


# ---- the sweep ---------------------------------------------------------------------------------------------


@pytest.fixture
def runtime(short_folder: Path) -> Path:
    folder = short_folder / f"sweep-{time.monotonic_ns()}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def decoys() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(5)


def sleeper(*words: str) -> subprocess.Popen[bytes]:
    """Something that lives on, with these words in its command line, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(600)", *words], start_new_session=True
    )


def note(folder: Path, name: str, pid: int, socket: str, started_at_s: float | None = None) -> None:
    import msgspec

    at = psutil.Process(pid).create_time() if started_at_s is None else started_at_s
    record = RunFile(pid=pid, started_at_s=at, socket=socket)
    (folder / f"{name}.server.json").write_bytes(msgspec.json.encode(record))


def test_sweep_kills_orphans_and_never_a_decoy(runtime: Path, decoys: list[subprocess.Popen[bytes]]) -> None:
    sockets = [str(runtime / f"llama-{number}.sock") for number in range(4)]
    orphan = sleeper("llama-server", "--host", sockets[0])
    reused_pid = sleeper("llama-server", "--host", sockets[1])
    other_program = sleeper("llama-server", "--model", "/somewhere.gguf")
    not_noted = sleeper("llama-server", "--host", sockets[3])
    decoys += [orphan, reused_pid, other_program, not_noted]
    note(runtime, "llama-0", orphan.pid, sockets[0])
    note(runtime, "llama-1", reused_pid.pid, sockets[1], started_at_s=time.time() - 86_400)
    note(runtime, "llama-2", other_program.pid, sockets[2])
    Path(sockets[2]).touch()
    assert sweep_orphans(runtime) == 1
    assert orphan.poll() is not None
    assert [process.poll() for process in (reused_pid, other_program, not_noted)] == [None] * 3
    assert list(runtime.iterdir()) == []


BROKEN_NOTES: dict[str, bytes] = {
    "empty": b"",
    "half": b'{"pid": 1, "started',
    "binary": b"\x00\xff" * 100,
    "types": b'{"pid": "1", "started_at_s": [], "socket": 5}',
    "negative": b'{"pid": -1, "started_at_s": 1.0, "socket": "/x"}',
    "zero": b'{"pid": 0, "started_at_s": 1.0, "socket": "/x"}',
    "init": b'{"pid": 1, "started_at_s": 1.0, "socket": "/x"}',
    "huge": b'{"pid": 99999999999999999999, "started_at_s": 1.0, "socket": "/x"}',
    "big": b'{"pid": 4611686018427387904, "started_at_s": 1.0, "socket": "/x"}',
    "nul": b'{"pid": 2, "started_at_s": 1.0, "socket": "a\\u0000b"}',
}


@pytest.mark.parametrize("name", BROKEN_NOTES)
def test_sweep_survives_broken_notes(runtime: Path, name: str) -> None:
    (runtime / "llama-x.server.json").write_bytes(BROKEN_NOTES[name])
    assert sweep_orphans(runtime) == 0


def test_sweep_removes_nothing_outside_its_folder(runtime: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    record = {"pid": 2**22 - 1, "started_at_s": 1.0, "socket": str(precious)}
    (runtime / "llama-x.server.json").write_text(json.dumps(record))
    sweep_orphans(runtime)
    assert precious.read_text() == "mine"


def test_next_owner_sweeps_a_real_orphan(
    cli: Cli, decoys: list[subprocess.Popen[bytes]], monkeypatch: Any
) -> None:
    """Where there is no death signal (macOS), the next start has to find it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(cli.runtime))
    home = Home(cli.home, is_default=False)
    folder = home.runtime_folder()
    orphan = sleeper("--host", str(folder / "llama-old.sock"))
    decoy = sleeper("llama-server", "--host", "127.0.0.1")
    decoys += [orphan, decoy]
    reaper = threading.Thread(target=orphan.wait)  # as init does for a true orphan
    reaper.start()
    note(folder, "llama-old", orphan.pid, str(folder / "llama-old.sock"))
    assert cli("targets", "list").code == 0
    reaper.join(5)
    assert orphan.poll() == -signal.SIGKILL
    assert decoy.poll() is None
