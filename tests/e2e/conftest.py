"""The real command line, the real llama-server, and a second llama-server as the remote API."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil
import pytest

import steelyard
from steelyard.core.base.paths import engine_folder, shared_weights_folder
from steelyard.core.hub.library import starter_facts

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

SOURCES = Path(steelyard.__file__).parents[1]
PATIENCE_S = 60.0
# At temperature 0 the starter goes on with this for thousands of tokens.
LONG_STORY = ["Write a very long story about a lighthouse keeper, with many chapters.", "--temperature", "0"]
SMALL_SETTINGS = "[servers]\nthreads = 1\ncontext_tokens = 4096\n"


def starter_file() -> Path:
    return shared_weights_folder() / starter_facts().file


def llama_server() -> Path:
    return engine_folder() / "llama-server"


def wait_until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S, what: str = "") -> Any:
    """Poll for something that no event tells; returns its first true value."""
    deadline = time.monotonic() + timeout_s
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s in vain for {what or condition}"
        time.sleep(0.02)


@dataclass
class Done:
    """What a finished command line left."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        lines = self.out.splitlines()
        assert len(lines) == 1, (self.out, self.err)
        return json.loads(lines[0])

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1] if self.err.strip() else ""


class Running:
    """A command line in progress; its streams are read beside it, so that it never blocks."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.out, self.err = bytearray(), bytearray()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=pair)
            for pair in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[bytes], into: bytearray) -> None:
        while data := os.read(stream.fileno(), 1 << 16):
            into += data

    @property
    def pid(self) -> int:
        return self.process.pid

    def until_text(self, chars: int = 1) -> None:
        """Wait until so much of the answer has been printed."""
        wait_until(
            lambda: len(self.out) >= chars or self.process.poll() is not None, what=f"text; {self.err!r}"
        )
        assert self.process.poll() is None, (self.out, self.err)

    def done(self, timeout_s: float = PATIENCE_S) -> Done:
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join(10)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return Done(code, self.out.decode(errors="replace"), self.err.decode(errors="replace"))

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@dataclass
class Cli:
    """The command line on one home, in an environment built from empty."""

    home: Path
    runtime: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    prefix: list[str] = field(default_factory=list[str])

    def start(self, *words: str | bytes, stdin: bytes | None = None, **environment: str) -> Running:
        base = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.runtime),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PYTHONPATH": str(SOURCES),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        }
        process = subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "steelyard", "--home", self.home, *words],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**base, **self.environment, **environment},
        )
        if stdin is not None:
            assert process.stdin is not None
            process.stdin.write(stdin)
            process.stdin.close()
        return Running(process)

    def __call__(self, *words: str | bytes, stdin: bytes | None = None, **environment: str) -> Done:
        return self.start(*words, stdin=stdin, **environment).done()

    def json(self, *words: str, **environment: str) -> Any:
        """The document of a command that must succeed."""
        done = self(*words, "--json", **environment)
        assert done.code == 0, (done.out, done.err)
        return done.document

    def servers(self) -> list[psutil.Process]:
        """Every living llama-server (or its shim) of this home's runtime folder."""
        return servers_under(self.runtime)


def servers_under(folder: Path) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            is_ours = any(f"{folder}{os.sep}" in word for word in process.cmdline())
            if is_ours and "--model" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="session", autouse=True)
def _engine_is_there() -> None:
    for path in (llama_server(), starter_file()):
        if not path.is_file():
            pytest.fail(f"{path} is missing; run `python3 run.py setup`")


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_left_behind(short_folder: Path) -> Iterator[None]:
    yield
    left = servers_under(short_folder)
    for process in left:
        process.kill()
    assert left == []


def _make_cli(short_folder: Path) -> Cli:
    place = Path(tempfile.mkdtemp(dir=short_folder))
    home, runtime = place / "home", place / "run"
    runtime.mkdir(mode=0o700)
    home.mkdir(mode=0o700)
    (home / "settings.toml").write_text(SMALL_SETTINGS)
    return Cli(home, runtime)


@pytest.fixture
def cli(short_folder: Path) -> Iterator[Cli]:
    """A command line on a home of its own, with one thread per server; afterwards no server may live."""
    cli = _make_cli(short_folder)
    yield cli
    left = cli.servers()
    for process in left:
        process.kill()
    shutil.rmtree(cli.home, ignore_errors=True)
    assert left == []


@pytest.fixture(scope="module")
def module_cli(short_folder: Path) -> Cli:
    return _make_cli(short_folder)


@dataclass
class Remote:
    """A llama-server on TCP that is not ours to manage: an API like any other."""

    url: str
    key: str
    process: subprocess.Popen[bytes]

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Ask it without Steelyard."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            return json.load(response)


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    key = secrets.token_hex(16)
    log = tmp_path_factory.mktemp("remote") / "log.txt"
    words = ["--model", str(starter_file()), "--alias", "remote", "--host", "127.0.0.1", "--port", "0"]
    words += ["--threads", "1", "--parallel", "2", "--ctx-size", "4096", "--no-webui", "--offline"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(llama_server()), *words],
            env={"LLAMA_API_KEY": key, "HOME": str(log.parent)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        place = re.compile(r"listening on (http://127\.0\.0\.1:\d+)")
        match = wait_until(
            lambda: process.poll() is None and place.search(log.read_text()), what="the remote"
        )
        yield Remote(match.group(1), key, process)
    finally:
        process.kill()
        process.wait(10)
