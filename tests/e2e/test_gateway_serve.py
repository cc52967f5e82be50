"""`serve` and `gateway keys` as commands."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from fakes.gguf_files import tiny_model
from steelyard.cli.parser import parse_words
from steelyard.core.base.errors import UsageError

from .harness import Cli, Running, error_of, ledger, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Served:
    """A `serve` that is ready."""

    def __init__(self, cli: Cli, *words: str) -> None:
        self.cli = cli
        self.command: Running = cli.start("serve", *words, "--port", "0", "--json")
        wait_until(
            lambda: b"\n" in self.command.out or self.command.process.poll() is not None,
            what=f"the ready line; {self.command.err!r}",
        )
        assert self.command.process.poll() is None, self.command.err
        self.ready: dict[str, Any] = json.loads(self.command.out)

    def ask(self, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.ready["base_url"] + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {key or self.ready['key']}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, json.load(exc)

    def chat(self, model: str, key: str | None = None) -> tuple[int, Any]:
        messages = [{"role": "user", "content": "Say hello"}]
        body = {"model": model, "messages": messages, "max_tokens": 3, "temperature": 0}
        return self.ask("/chat/completions", body, key)


@contextlib.contextmanager
def serving(cli: Cli, *words: str) -> Iterator[Served]:
    served = Served(cli, *words)
    try:
        yield served
    finally:
        if served.command.process.poll() is None:
            served.command.send(signal.SIGTERM)
            served.command.done()


def test_serve_from_its_ready_line_to_its_end(cli: Cli, tmp_path: Path) -> None:
    """Two weights: the first is loaded ahead, the second when it is asked for."""
    other = tmp_path / "other.gguf"
    other.write_bytes(tiny_model().encode())
    with serving(cli, "starter", str(other)) as served:
        assert set(served.ready) == {"base_url", "key", "models"}
        assert served.ready["models"] == ["starter", "other"]
        assert served.ready["base_url"].startswith("http://127.0.0.1:")
        assert [model["id"] for model in served.ask("/models")[1]["data"]] == ["starter", "other"]
        document = cli.json("ps")
        assert (document["owner"], [row["name"] for row in document["servers"]]) == ("serve", ["starter"])
        for model in served.ready["models"]:
            status, answer = served.chat(model)
            assert (status, answer["usage"]["completion_tokens"]) == (200, 3)
        assert [row["name"] for row in cli.json("ps")["servers"]] == ["starter", "other"]
        assert served.chat("gpt-5")[0] == 404
        run = cli.json("run", "starter", "Say hello", "--max-tokens", "2")["run"]
        assert run["state"]["cold"] is False, "other commands share its servers"

        second = cli("serve", "starter", "--json")
        assert second.code == 1
        assert f"serve, process {served.command.pid}" in error_of(second)["detail"]

        served.command.send(signal.SIGINT)
        done = served.command.done(15)
        assert done.code == 0
        assert len(done.out.splitlines()) == 1
        port = int(served.ready["base_url"].removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(OSError):  # noqa: PT011 - refused
            socket.create_connection(("127.0.0.1", port), 2)
    assert cli.servers() == []
    rows = ledger(
        cli.home, "SELECT json_extract(document, '$.route'), finish_reason FROM runs ORDER BY rowid"
    )
    served_rows = [row for row in rows if row[0].startswith("gateway:")]
    assert served_rows == [("gateway:serve", "length")] * 2
    for path in cli.home.rglob("*"):
        assert not path.is_file() or served.ready["key"].encode() not in path.read_bytes(), path
    assert served.ready["key"] not in done.err


def test_keys_are_made_listed_and_revoked(cli: Cli) -> None:
    made = cli.json("gateway", "keys", "add", "editor")
    assert made["name"] == "editor"
    assert made["key"].startswith("sy-")
    assert cli("gateway", "keys", "add", "editor").code == 2
    with serving(cli, "starter") as served:
        other = cli.json("gateway", "keys", "add", "agent")
        assert served.chat("starter", made["key"])[0] == 200
        assert served.chat("starter", other["key"])[0] == 200
        listed = {row["name"]: row["requests"] for row in cli.json("gateway", "keys", "list")["keys"]}
        assert listed == {"serve": 0, "agent": 1, "editor": 1}
        status, answer = served.ask("/embeddings", {"model": "starter", "input": ["Hello", "there"]})
        assert status == 200, answer
        assert [len(item["embedding"]) for item in answer["data"]] == [576, 576]
        names = [row["name"] for row in cli.json("ps")["servers"]]
        assert names == ["starter", "starter-2"], "answers and embeddings have a server each"
        assert cli.json("gateway", "keys", "revoke", "agent") == {"revoked": "agent"}
        assert served.chat("starter", other["key"])[0] == 401
    (row,) = cli.json("gateway", "keys", "list")["keys"]
    assert (row["name"], row["requests"]) == ("editor", 1)
    failed = cli("gateway", "keys", "revoke", "nobody", "--json")
    assert (failed.code, "editor" in error_of(failed)["detail"]) == (2, True)


def test_serve_that_cannot_begin(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        failed = cli("serve", "starter", "--port", port, "--json")
        assert failed.code == 1
        assert port in error_of(failed)["title"]
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF")
    for words in (["serve", "starter", "no/such:Q4"], ["serve", str(broken)]):
        failed = cli(*words, "--port", "0", "--json")
        assert failed.code == 1
        assert error_of(failed)["title"]
    for words in (["serve"], ["serve", "starter", "--port", "70000"], ["gateway", "keys"]):
        with pytest.raises(UsageError):
            parse_words(words)
    assert cli.servers() == []
