"""The real app as a process: it shares its engine with the command line, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEADLINE_S = 60.0


def steelyard(home: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "steelyard", "--home", str(home), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start_app(home: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(
        [sys.executable, "-m", "steelyard", "--home", str(home)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )


def ready_server(home: Path) -> dict[str, Any]:
    """The starter's row, once the app has loaded it by itself."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        document = steelyard(home, "ps")
        if document["owner"] == "app" and [row["state"] for row in document["servers"]] == ["ready"]:
            return document["servers"][0]
        time.sleep(0.3)
    raise AssertionError(f"the starter was not served within {DEADLINE_S:.0f} s: {document}")


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(pid: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    while is_alive(pid):
        assert time.monotonic() < until, f"process {pid} is still alive after {seconds:.0f} s"
        time.sleep(0.05)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    home = tmp_path / "home"
    process = start_app(home)
    yield process, home
    if process.poll() is None:
        process.kill()
    process.wait(20)


def test_the_command_line_uses_the_server_that_the_app_has_loaded(
    app: tuple[subprocess.Popen[bytes], Path],
) -> None:
    process, home = app
    server = ready_server(home)
    run = steelyard(home, "run", "starter", "Say hello", "--max-tokens", "8")["run"]
    assert run["error"] is None
    assert run["timing"]["load_ms"] is None
    assert [row["pid"] for row in steelyard(home, "ps")["servers"]] == [server["pid"]]
    again = subprocess.run(
        [sys.executable, "-m", "steelyard", "--home", str(home)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (again.returncode, "already open" in again.stdout) == (0, True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert not is_alive(server["pid"])
    assert steelyard(home, "ps") == {"owner": None, "servers": []}


def test_a_killed_app_leaves_no_server_and_the_next_start_works(
    app: tuple[subprocess.Popen[bytes], Path], request: pytest.FixtureRequest
) -> None:
    process, home = app
    rounds = 20 if request.config.getoption("--long", default=False) else 1
    for _ in range(rounds):
        server = ready_server(home)
        streaming = subprocess.Popen(
            [sys.executable, "-m", "steelyard", "--home", str(home), "run", "starter", "Count to 500"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert streaming.stdout is not None
        assert streaming.stdout.read(1)  # the answer has begun
        process.kill()
        process.wait(20)
        wait_gone(server["pid"], 5.0)
        _, errors = streaming.communicate(timeout=30)
        assert "ended" in errors.decode().splitlines()[-1]
        process = start_app(home)
    ready_server(home)
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def test_without_a_display_there_is_one_clear_line(tmp_path: Path) -> None:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", "--home", str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "display" in line.lower()
