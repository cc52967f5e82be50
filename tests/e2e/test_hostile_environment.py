"""A hostile environment changes nothing, and no key is found where it does not belong."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from steelyard.core.base.paths import Home

from .harness import LONG_STORY, SOURCES, Cli, Running, ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.fake_api import FakeApi

HOSTILE = {
    "LLAMA_ARG_HOST": "0.0.0.0",
    "LLAMA_ARG_PORT": "18080",
    "LLAMA_ARG_TOOLS": "all",
    "LLAMA_ARG_MODEL": "/etc/passwd",
    "LLAMA_ARG_CTX_SIZE": "17",
    "LLAMA_ARG_ENDPOINT_SLOTS": "1",
    "LLAMA_API_KEY": "the-users-own-llama-key",
    "LLAMA_LOG_FILE": "/tmp/llama-log-of-the-user",
    "GGML_BACKEND_PATH": "/nowhere/evil.so",
    "HF_ENDPOINT": "http://evil.example",
    "HF_TOKEN": "hf_canaryCanaryCanary",
    "OPENAI_API_KEY": "sk-canary-openai-0123456789",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "TMPDIR": "/tmp",
    "CUDA_VISIBLE_DEVICES": "0",
}
PASSED_ON = {"HOME", "TMPDIR", "CUDA_VISIBLE_DEVICES", "LLAMA_API_KEY"}
# One that a pattern would find, and two that only their exact value gives away.
CANARIES = {
    "KEY_ONE": "sk-canary-0123456789abcdef",
    "KEY_TWO": "Zebra+Canary/77==",
    "KEY_THREE": "plain.canary~key'77\"",
}


def ours(cli: Cli, owner: Running) -> list[psutil.Process]:
    return [psutil.Process(owner.pid), *cli.servers()]


@pytest.fixture
def streaming(cli: Cli) -> Iterator[Running]:
    """An owner in the middle of an answer, started in the hostile environment."""
    running = cli.start("run", "starter", *LONG_STORY, "--max-tokens", "3500", **HOSTILE)
    try:
        running.until_text(10)
        yield running
    finally:
        if running.process.poll() is None:
            running.send(signal.SIGTERM)
        running.done()


def test_environment_reaches_neither_the_listener_nor_the_child(cli: Cli, streaming: Running) -> None:
    (server,) = cli.servers()
    for process in ours(cli, streaming):
        assert process.net_connections("inet") == []
    unix = [connection.laddr for connection in server.net_connections("unix") if connection.laddr]
    assert len(set(unix)) == 1
    assert Path(unix[0]).parent.stat().st_mode & 0o777 == 0o700
    environment = server.environ()
    assert set(environment) == PASSED_ON
    assert environment["LLAMA_API_KEY"] != HOSTILE["LLAMA_API_KEY"]
    assert len(environment["LLAMA_API_KEY"]) >= 32
    assert not Path(HOSTILE["LLAMA_LOG_FILE"]).exists()


def test_child_leads_its_group_and_dumps_no_core(cli: Cli, streaming: Running) -> None:
    (server,) = cli.servers()
    assert streaming.process.poll() is None
    assert os.getpgid(server.pid) == server.pid
    assert server.rlimit(resource.RLIMIT_CORE) == (0, 0)
    for flag in ("--offline", "--no-webui"):
        assert flag in server.cmdline()
    assert not {"--tools", "--rpc", "--port", "--api-key"} & set(server.cmdline())


def test_servers_key_is_nowhere_to_be_seen(cli: Cli, streaming: Running) -> None:
    (server,) = cli.servers()
    key = server.environ()["LLAMA_API_KEY"]
    assert key not in "\n".join(_command_lines())
    assert _files_with(key, cli) == []
    document = cli("doctor", "--json")
    ps = cli("ps", "--json")
    assert key not in document.out + document.err + ps.out + ps.err
    assert streaming.process.poll() is None


def test_server_answers_nobody_without_the_key(cli: Cli, streaming: Running) -> None:
    import httpx2

    (server,) = cli.servers()
    assert streaming.process.poll() is None
    (socket,) = {connection.laddr for connection in server.net_connections("unix") if connection.laddr}
    transport = httpx2.HTTPTransport(uds=socket)
    with httpx2.Client(transport=transport, trust_env=False) as client:
        for path in ("/v1/models", "/props", "/slots", "/metrics"):
            assert client.get(f"http://localhost{path}").status_code == 401
        wrong = {"Authorization": f"Bearer {HOSTILE['LLAMA_API_KEY']}"}
        assert client.get("http://localhost/props", headers=wrong).status_code == 401


def test_canary_keys_stay_where_they_are(cli: Cli, fake_api: FakeApi) -> None:
    """Keys of three shapes, refused by an API that echoes them, alone and through an owner's socket."""
    outputs = []
    for name, key in CANARIES.items():
        for wire in ("openai", "anthropic"):
            target = f"{name.lower().replace('_', '-')}-{wire}"
            words = ["--url", fake_api.url, "--model", f"401#{target}", "--format", wire, "--key-env", name]
            cli.json("targets", "add", target, *words)
            done = cli("run", target, "hello", "--json", **{name: key})
            assert done.code == 1
            assert "invalid key" in done.last_line, "the API's own words are told"
            outputs.append(done)
            sent = fake_api.last(f"401#{target}").headers
            assert sent["authorization" if wire == "openai" else "x-api-key"].endswith(key)
    owner = cli.start("run", "starter", *LONG_STORY, "--max-tokens", "3500", **CANARIES)
    try:
        owner.until_text(1)
        words = [
            word for name in ("key-one", "key-two", "key-three") for word in ("--target", f"{name}-openai")
        ]
        outputs.append(cli("compare", *words, "--prompt", "x", "--json", **CANARIES))
        outputs.append(cli("targets", "test", "key-two-anthropic", "--json", **CANARIES))
        outputs.append(cli("doctor", "--json", **CANARIES))
        lines = "\n".join(_command_lines())
    finally:
        owner.send(signal.SIGTERM)
        outputs.append(owner.done())
    for key in CANARIES.values():
        assert key not in lines
        assert _files_with(key, cli) == []
        for done in outputs:
            assert key not in done.out + done.err
            assert json.dumps(key)[1:-1] not in done.out


def test_prompts_are_not_logged(cli: Cli) -> None:
    secret = "my-deepest-prompt-secret"
    assert cli("run", "starter", secret, "--max-tokens", "2").code == 0
    assert any(secret in row[0] for row in ledger(cli.home, "SELECT messages FROM runs"))
    logs = [path.read_text() for path in (cli.home / "logs").iterdir()]
    assert logs
    assert not any(secret in log for log in logs)


ODD_SETTINGS = {
    "socks-proxy": {"ALL_PROXY": "socks5://127.0.0.1:9"},
    "nonsense-proxy": {"ALL_PROXY": "::::"},
    "missing-certificates": {"SSL_CERT_FILE": "/nowhere/certificates.pem"},
    "certificates-are-a-folder": {"SSL_CERT_FILE": "/tmp"},
    "dead-proxy": {"HTTPS_PROXY": "http://127.0.0.1:9"},
}


@pytest.mark.parametrize("name", ODD_SETTINGS)
def test_odd_network_settings_are_told_in_one_line(cli: Cli, name: str) -> None:
    words = ["--url", "https://no-such-host.invalid/v1", "--model", "m", "--format", "openai"]
    cli.json("targets", "add", "far", *words, "--key-env", "KEY")
    words = ["compare", "--target", "far", "--target", "starter", "--prompt", "x", "--max-tokens", "2"]
    done = cli(*words, "--json", KEY="k-1234567", **ODD_SETTINGS[name])
    assert done.code == 1
    assert "inside Steelyard" not in done.err
    assert "Traceback" not in done.err
    far, starter = done.document["comparison"]["runs"]
    assert (far["finish_reason"], starter["finish_reason"]) == ("error", "length")
    assert far["error"]["hint"]


def test_proxies_are_not_used_for_this_machine(cli: Cli, fake_api: FakeApi) -> None:
    words = ["--url", fake_api.url, "--model", "ok#proxy", "--format", "openai", "--key-env", "KEY"]
    cli.json("targets", "add", "near", *words)
    assert cli.json("run", "near", "x", KEY="k-1234567", **HOSTILE)["run"]["error"] is None


def test_bare_environment(cli: Cli, tmp_path: Path) -> None:
    """No HOME, no PATH, no runtime folder, no locale."""
    line = [sys.executable, "-m", "steelyard", "--home", str(tmp_path / "h"), "run", "starter", "x", "--json"]
    done = subprocess.run(
        [*line, "--max-tokens", "1"], env={"PYTHONPATH": str(SOURCES)}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["error"] is None
    assert cli.servers() == []


def test_few_file_descriptors(cli: Cli) -> None:
    cli.prefix = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"]
    assert cli("run", "starter", "x", "--max-tokens", "1", "--json").code == 0


def test_runtime_folder_of_somebody_else_is_refused(cli: Cli, tmp_path: Path) -> None:
    """A link planted under the predictable name must not lead our sockets elsewhere."""
    assert cli("targets", "list").code == 0
    folder = cli.runtime / f"steelyard-{Home(cli.home, is_default=False).digest}"
    assert not folder.exists(), "its owner is gone"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    folder.symlink_to(elsewhere)
    done = cli("run", "starter", "x", "--max-tokens", "1", "--json")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert list(elsewhere.iterdir()) == []


def _command_lines() -> Iterator[str]:
    for process in psutil.process_iter():
        try:
            yield " ".join(process.cmdline())
        except psutil.Error:
            continue


def _files_with(key: str, cli: Cli) -> list[str]:
    forms = {
        key.encode(),
        key.encode("utf-16-le"),
        base64.b64encode(key.encode()).rstrip(b"="),
        urllib.parse.quote(key, safe="").encode(),
        json.dumps(key)[1:-1].encode(),
    }
    found = []
    for folder in (cli.home, cli.runtime):
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found += [str(path) for form in forms if form in data]
    return found
