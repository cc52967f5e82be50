"""Drives the real command line from outside, and knows the shape of what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import apsw
import psutil

import steelyard
from steelyard.core.base.paths import engine_folder, shared_weights_folder
from steelyard.core.hub.library import starter_facts

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

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


def ledger(home: Path, query: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(home / "ledger.sqlite3"))
    try:
        return list(connection.execute(query))
    finally:
        connection.close()


TEXT_OR_NONE, NUMBER_OR_NONE, COUNT_OR_NONE = (str, type(None)), (float, int, type(None)), (int, type(None))
NUMBER = (float, int)
ERROR = {"title": str, "detail": str, "hint": str, "retryable": bool}
RUN = {
    "id": str,
    "started_at": str,
    "class": TEXT_OR_NONE,
    "tags": dict,
    "target": {
        "name": str,
        "kind": str,
        "model": str,
        "weights": {
            "repo": TEXT_OR_NONE,
            "file": str,
            "revision": TEXT_OR_NONE,
            "sha256": TEXT_OR_NONE,
            "quant": TEXT_OR_NONE,
            "size_bytes": int,
        },
        "engine": {"name": str, "build": str, "backend": str},
        "server": TEXT_OR_NONE,
        "endpoint_host": TEXT_OR_NONE,
    },
    "text": str,
    "reasoning": TEXT_OR_NONE,
    "tool_calls": (list, type(None)),
    "finish_reason": str,
    "error": ERROR,
    "state": {
        "cold": (bool, type(None)),
        "cached_prompt_tokens": COUNT_OR_NONE,
        "layers_on_gpu": COUNT_OR_NONE,
        "layers": COUNT_OR_NONE,
        "throttled": list,
        "memory_pressure_share": NUMBER_OR_NONE,
        "beside": list,
        "other_gpu_processes": list,
        "context_tokens": COUNT_OR_NONE,
        "tokenizer": TEXT_OR_NONE,
        "recount_tokens": COUNT_OR_NONE,
        "recount_tokenizer": TEXT_OR_NONE,
        "template_added": TEXT_OR_NONE,
        "template_left_out": list,
        "host_cores": NUMBER_OR_NONE,
        "prompt_bytes": COUNT_OR_NONE,
        "prompt_chars": COUNT_OR_NONE,
        "prompt_digest": TEXT_OR_NONE,
        "has_system": (bool, type(None)),
    },
    "usage": {
        "prompt_tokens": COUNT_OR_NONE,
        "cached_tokens": COUNT_OR_NONE,
        "cache_write_tokens": COUNT_OR_NONE,
        "completion_tokens": COUNT_OR_NONE,
        "reasoning_tokens": COUNT_OR_NONE,
        "source": TEXT_OR_NONE,
    },
    "timing": {
        "load_ms": NUMBER_OR_NONE,
        "ttft_ms": NUMBER_OR_NONE,
        "e2e_ms": NUMBER_OR_NONE,
        "tpot_ms": NUMBER_OR_NONE,
        "itl_p50_ms": NUMBER_OR_NONE,
        "itl_p95_ms": NUMBER_OR_NONE,
        "prompt_tps": NUMBER_OR_NONE,
        "gen_tps": NUMBER_OR_NONE,
        "phases_ms": {
            "connect": NUMBER,
            "tls": NUMBER_OR_NONE,
            "send": NUMBER_OR_NONE,
            "wait_headers": NUMBER_OR_NONE,
            "first_token": NUMBER_OR_NONE,
            "stream": NUMBER_OR_NONE,
        },
        "attempts": int,
        "waited_ms": NUMBER,
    },
    "memory": {
        "vram_peak_bytes": COUNT_OR_NONE,
        "ram_peak_bytes": COUNT_OR_NONE,
        "predicted_bytes": COUNT_OR_NONE,
        "measured_bytes": COUNT_OR_NONE,
    },
    "energy": {
        "joules": NUMBER_OR_NONE,
        "prefill_joules": NUMBER_OR_NONE,
        "decode_joules": NUMBER_OR_NONE,
        "source": str,
        "idle_w": NUMBER_OR_NONE,
        "uncertainty_share": NUMBER_OR_NONE,
        "note": str,
    },
    "cost": {
        "usd": TEXT_OR_NONE,
        "basis": str,
        "marginal_usd": TEXT_OR_NONE,
        "full_usd": TEXT_OR_NONE,
        "price_id": TEXT_OR_NONE,
        "price_date": TEXT_OR_NONE,
        "parts": list,
    },
    "raw": dict,
}
MAY_BE_NULL = {"weights", "engine", "error", "phases_ms"}
ADDED = {"comparison_id", "turn", "column", "params", "not_sent", "route"}
ADDED |= {"parent_id", "case", "repeat", "structured"}


def check_shape(document: dict[str, Any], shape: dict[str, Any], where: str) -> None:
    """Exactly the contract's keys (added ones are named above), each of its type."""
    extra = set(document) - set(shape)
    assert extra <= (ADDED if where == "run" else set()), f"{where}: {extra}"
    for name, kind in shape.items():
        assert name in document, f"{where}.{name} is missing"
        value = document[name]
        if isinstance(kind, dict):
            if value is not None or name not in MAY_BE_NULL:
                check_shape(value, kind, f"{where}.{name}")
            continue
        kinds = kind if isinstance(kind, tuple) else (kind,)
        assert isinstance(value, kinds), f"{where}.{name} = {value!r}"
        assert not (isinstance(value, bool) and bool not in kinds), f"{where}.{name} = {value!r}"


def error_of(done: Done) -> dict[str, Any]:
    """A failed `--json` command: one document that tells the error, which is also stderr's last line."""
    document = done.document
    error = document["error"] if "error" in document else document["run"]["error"]
    check_shape(error, ERROR, "error")
    assert done.last_line.startswith(f"steelyard: {error['title']}"), done.err
    assert "inside Steelyard" not in done.last_line
    assert "Traceback" not in done.err
    return error
