"""The real command line, the real llama-server, and a second llama-server as the remote API."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import SMALL_SETTINGS, Cli, Remote, llama_server, servers_under, starter_file, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


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
