"""Homes with odd names, without rights, without space."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.fake_api import TEXT, WORDS, FakeApi

from .harness import SOURCES, Cli, error_of, ledger, wait_until

HELLO = ["run", "starter", "Say hello", "--max-tokens", "2", "--json"]
IN_A_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


def add(cli: Cli, api: FakeApi, model: str) -> None:
    words = ["--url", api.url, "--model", model, "--format", "openai", "--key-env", "KEY"]
    cli.environment["KEY"] = "k-1234567"
    cli.json("targets", "add", "fake", *words)


def can_mount() -> bool:
    try:
        line = [*IN_A_NAMESPACE, "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
        return subprocess.run(line, capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def on_tmpfs(cli: Cli, options: str) -> None:
    """From now on commands find their home on a file system of its own."""
    script = f'mount -t tmpfs -o mode=700,{options} tmpfs "$0" && exec "$@"'
    cli.prefix = [*IN_A_NAMESPACE, "sh", "-c", script, str(cli.home)]


# ---- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["-Größe und Maß 体重 👋🏽", "a'b\"c$(id);%s", "a\x1b[31mb\nc CON. "])
def test_home_with_an_odd_name_works(cli: Cli, name: str) -> None:
    cli.home = cli.home / name
    done = cli(*HELLO)
    assert done.code == 0, done.err
    assert ledger(cli.home, "SELECT finish_reason FROM runs") == [("length",)]
    assert cli.json("ps")["owner"] is None


def test_home_with_a_long_path_works(cli: Cli) -> None:
    while len(str(cli.home)) < 290:
        cli.home = cli.home / ("Waage-" * 5)
    assert len(str(cli.home)) >= 290
    assert cli(*HELLO).code == 0
    assert (cli.home / "ledger.sqlite3").is_file()


def test_home_whose_name_has_300_characters_is_one_clear_line(cli: Cli) -> None:
    cli.home = cli.home / ("h" * 300)
    for words in (HELLO, ["ps", "--json"], ["doctor", "--json"]):
        done = cli(*words)
        assert done.code in (1, 2)
        assert error_of(done)["hint"]
        assert len(done.err.splitlines()) == 1
        assert len(done.err) < 400


def test_home_that_is_not_utf8(cli: Cli) -> None:
    """Linux allows it. It may work or be refused, but in words."""
    home = os.fsencode(cli.home) + b"/\xff\xfe"
    done = cli("doctor", "--home", home, "--json")  # the last --home counts
    assert "inside Steelyard" not in done.err
    assert "Traceback" not in done.err
    assert json.loads(done.out)


@pytest.mark.parametrize("kind", ["file", "under a file", "dangling link", "device"])
def test_home_that_cannot_be_a_folder(cli: Cli, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere" / "at" / "all")
    places = {"file": file, "under a file": file / "home", "dangling link": link, "device": "/dev/null"}
    cli.home = places[kind]  # type: ignore[assignment]
    done = cli(*HELLO)
    assert done.code == 1
    assert error_of(done)["hint"]
    assert file.read_text() == "precious"
    cli.home = tmp_path


def test_home_may_be_relative_or_a_link(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    environment = {"PYTHONPATH": str(SOURCES), "XDG_RUNTIME_DIR": str(cli.runtime), "HOME": str(tmp_path)}
    line = [sys.executable, "-m", "steelyard", "targets", "list", "--json", "--home"]
    for home in ("link", "./real", str(tmp_path / "link")):
        done = subprocess.run([*line, home], cwd=tmp_path, env=environment, capture_output=True, check=True)
        assert json.loads(done.stdout) == {"targets": []}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
    assert (tmp_path / "real" / "ledger.sqlite3").is_file()


def test_folder_that_was_there_keeps_its_permissions(cli: Cli, tmp_path: Path) -> None:
    """`--home .` must not lock others out of a shared folder; our own files are private all the same."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o775)
    (shared / "theirs.txt").write_text("x")
    (shared / "theirs.txt").chmod(0o664)
    cli.home = shared
    assert cli("targets", "list").code == 0
    assert shared.stat().st_mode & 0o777 == 0o775
    assert (shared / "theirs.txt").stat().st_mode & 0o777 == 0o664
    ours = [path for path in shared.rglob("*") if path.name != "theirs.txt"]
    assert ours
    assert [path for path in ours if path.stat().st_mode & 0o077 and path.parent == shared] == []


# ---- rights ------------------------------------------------------------------------------------------------


def test_read_only_home_is_one_clear_line(cli: Cli) -> None:
    if os.getuid() != 0:
        cli.home.chmod(0o500)
    elif can_mount():
        on_tmpfs(cli, "ro")
    else:
        pytest.skip("root may write everywhere, and mounting is not allowed here")
    done = cli(*HELLO)
    assert done.code == 1
    assert error_of(done)["hint"]
    assert len(done.err.splitlines()) == 1
    cli.home.chmod(0o700)


# ---- space -------------------------------------------------------------------------------------------------


def test_no_space_from_the_start_is_one_clear_line(cli: Cli) -> None:
    if not can_mount():
        pytest.skip("mounting is not allowed here")
    on_tmpfs(cli, "size=16k")
    done = cli(*HELLO)
    assert done.code == 1
    assert "disk is full" in done.last_line or "No space left" in done.last_line
    assert error_of(done)["hint"]


MOUNT = """
mount -t tmpfs -o mode=700,size=512k tmpfs "$0" && echo "$SETTINGS" > "$0"/settings.toml && exec "$@"
"""


def test_disk_that_fills_up_during_an_answer_costs_no_answer(cli: Cli, fake_api: FakeApi) -> None:
    if not can_mount():
        pytest.skip("mounting is not allowed here")
    models = ["gate#full", "gate#too"]
    add(cli, fake_api, models[0])
    words = ["--url", fake_api.url, "--model", models[1], "--format", "anthropic", "--key-env", "KEY"]
    cli.json("targets", "add", "other", *words)
    settings = (cli.home / "settings.toml").read_text()
    cli.prefix = [*IN_A_NAMESPACE, "sh", "-c", MOUNT, str(cli.home)]
    words = ["--target", "fake", "--target", "other", "--prompt", "hello"]
    running = cli.start("compare", *words, "--json", SETTINGS=settings)
    for model in models:
        fake_api.wait_for(lambda model=model: fake_api.sent_bytes[model] > 200)
    fill_up(Path(f"/proc/{running.pid}/root{cli.home}/filler"))
    fake_api.open_gates.update(models)
    done = running.done()
    assert "Traceback" not in done.err
    assert done.code == 1
    assert "disk is full" in done.last_line or "No space left" in done.last_line
    for run in done.document["comparison"]["runs"]:
        assert (run["text"], run["finish_reason"]) == ("".join(WORDS[:3]), "stop")
        assert "not saved" in run["error"]["title"]


def fill_up(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 512)
    assert shutil.disk_usage(file.parent).free == 0


def test_ledger_that_cannot_grow_does_not_cost_the_answer(cli: Cli, fake_api: FakeApi) -> None:
    """The same without rights to mount: no file may grow beyond the ledger's present size."""
    add(cli, fake_api, "long-answer")
    size = (cli.home / "ledger.sqlite3").stat().st_size
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 8192},) * 2); "
    cli.prefix = [sys.executable, "-c", f"{limit}os.execv(sys.argv[1], sys.argv[1:])"]
    done = cli("run", "fake", "hello", "--json", "--max-tokens", "40000")
    assert done.code == 1, (done.out[:500], done.err)
    assert "Traceback" not in done.err
    assert done.document["run"]["text"] == "word " * 40000
    assert "not saved" in error_of(done)["title"]


def test_full_ledger_does_not_end_the_whole_comparison(cli: Cli, fake_api: FakeApi) -> None:
    add(cli, fake_api, "long-answer#columns")
    words = ["--url", fake_api.url, "--model", "ok#columns", "--format", "anthropic", "--key-env", "KEY"]
    cli.json("targets", "add", "fine", *words)
    room = 120 << 10  # for what begins, but not for the 200 kB of the answer
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room},) * 2); "
    cli.prefix = [sys.executable, "-c", f"{limit}os.execv(sys.argv[1], sys.argv[1:])"]
    words = ["--target", "fake", "--target", "fine", "--prompt", "x", "--max-tokens", "40000", "--json"]
    done = cli("compare", *words)
    assert done.code == 1
    runs = done.document["comparison"]["runs"]
    (long,) = [run for run in runs if run["text"] == "word " * 40000]
    assert "not saved" in long["error"]["title"]
    (other,) = [run for run in runs if run is not long]
    # There was room for it or not; one that could not even be begun is an error in its column.
    assert other["text"] == TEXT or other["error"] is not None


def test_settings_cannot_be_saved_on_a_full_disk(cli: Cli) -> None:
    """The old settings stay, and the answer is a clear line."""
    before = (cli.home / "settings.toml").read_text()
    assert cli("targets", "list").code == 0
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
    cli.prefix = [sys.executable, "-c", f"{limit}os.execv(sys.argv[1], sys.argv[1:])"]
    words = ["--url", "http://127.0.0.1:9/v1", "--model", "m" * 100, "--format", "openai", "--json"]
    done = cli("targets", "add", "big", *words)
    assert done.code == 1
    assert error_of(done)["hint"]
    assert (cli.home / "settings.toml").read_text() == before
    assert sorted(path.name for path in cli.home.iterdir() if "settings" in path.name) == ["settings.toml"]
    assert wait_until(lambda: not cli.servers(), 5)
