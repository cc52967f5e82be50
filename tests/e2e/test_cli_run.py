"""`run` from outside, as CLI.md promises it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_api import TEXT, FakeApi, Reply, behaviour
from steelyard.core.control.lock import HomeLock, OwnerNote

from .harness import LONG_STORY, RUN, SOURCES, Cli, Done, check_shape, error_of, ledger, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# ---- the document ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def said_hello(module_cli: Cli) -> Done:
    """The issue's own first check, on a home without any settings."""
    (module_cli.home / "settings.toml").unlink()
    return module_cli(
        "run", "starter", "Say hello", "--max-tokens", "16", "--json", "--tag", "a=b=c", "--class", "greeting"
    )


@pytest.fixture(scope="module")
def run(said_hello: Done) -> dict[str, Any]:
    assert said_hello.code == 0, said_hello.err
    assert list(said_hello.document) == ["run"]
    return said_hello.document["run"]


def test_run_has_the_contracts_fields(run: dict[str, Any]) -> None:
    check_shape(run, RUN, "run")


def test_run_says_who_answered(run: dict[str, Any]) -> None:
    target = run["target"]
    assert (target["name"], target["kind"], target["endpoint_host"]) == ("starter", "local", None)
    assert target["weights"]["file"] == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert re.fullmatch("[0-9a-f]{64}", target["weights"]["sha256"])
    assert (target["weights"]["quant"], target["weights"]["size_bytes"]) == ("Q4_1", 98362432)
    assert target["engine"]["name"] == "llama-server"
    assert target["engine"]["build"] not in ("", "unknown")
    assert target["engine"]["backend"] in ("cpu", "cuda", "vulkan", "metal", "rocm")


def test_run_says_when_and_what_for(run: dict[str, Any]) -> None:
    started = datetime.fromisoformat(run["started_at"])
    assert started.utcoffset() == timedelta(0)
    assert timedelta(0) < datetime.now(UTC) - started < timedelta(minutes=10)
    assert (run["class"], run["tags"]) == ("greeting", {"a": "b=c"})
    assert run["params"]["max_tokens"] == 16
    assert {run["params"][name] for name in ("temperature", "top_p", "seed")} == {"default"}


def test_answer_and_usage_agree_with_the_servers_own(run: dict[str, Any]) -> None:
    usage, raw = run["usage"], run["raw"]
    assert run["text"].strip()
    assert run["error"] is None
    assert run["finish_reason"] in ("stop", "length")
    assert usage["source"] == "server"
    assert usage["prompt_tokens"] == raw["usage"]["prompt_tokens"]
    assert usage["completion_tokens"] == raw["usage"]["completion_tokens"] <= 16
    assert run["finish_reason"] == "stop" or usage["completion_tokens"] == 16
    assert raw["timings"]["predicted_n"] == usage["completion_tokens"]
    assert (run["state"]["cold"], run["state"]["cached_prompt_tokens"]) == (True, 0)


def test_phases_sum_to_the_whole(run: dict[str, Any]) -> None:
    timing, phases = run["timing"], run["timing"]["phases_ms"]
    assert sum(phases.values()) == pytest.approx(timing["e2e_ms"], abs=1)
    assert all(value >= 0 for value in phases.values())
    assert phases["tls"] == 0
    assert timing["load_ms"] > 0
    assert 0 < timing["ttft_ms"] <= timing["e2e_ms"]
    before_text = sum(phases.values()) - phases["stream"]
    assert before_text == pytest.approx(timing["ttft_ms"], abs=1)
    assert (timing["attempts"], timing["waited_ms"]) == (1, 0)


def test_rates_follow_their_definitions(run: dict[str, Any]) -> None:
    timing, server = run["timing"], run["raw"]["timings"]
    assert timing["gen_tps"] == pytest.approx(1000 / timing["tpot_ms"])
    assert timing["prompt_tps"] == pytest.approx(1000 * server["prompt_n"] / server["prompt_ms"])
    steps = timing["phases_ms"]["stream"] / timing["tpot_ms"]  # content chunks less one
    assert steps == pytest.approx(round(steps), abs=0.01)
    assert 1 <= round(steps) < run["usage"]["completion_tokens"]
    assert timing["itl_p95_ms"] is None  # 15 gaps cannot carry a 95th percentile


def test_unknown_is_null_and_never_zero(run: dict[str, Any]) -> None:
    assert run["cost"] == {
        **dict.fromkeys(("usd", "marginal_usd", "full_usd", "price_id", "price_date")),
        "basis": "unknown",
        "parts": [],
    }
    assert run["energy"]["source"] in ("none", "nvml_counter", "nvml_power", "rapl")
    assert run["energy"]["joules"] != 0
    assert run["memory"]["ram_peak_bytes"] > 98362432
    assert run["memory"]["measured_bytes"] > 0
    assert 0.5 < run["memory"]["predicted_bytes"] / run["memory"]["measured_bytes"] < 2


def test_progress_goes_to_stderr_only(said_hello: Done) -> None:
    assert "starter: loading" in said_hello.err
    assert "{" not in said_hello.err


def test_home_holds_only_what_belongs_there(run: dict[str, Any], module_cli: Cli) -> None:
    assert run
    names = {path.name for path in module_cli.home.iterdir()}
    assert names <= {"engine.lock", "ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm", "logs"}
    assert [path.name for path in module_cli.runtime.rglob("*") if path.is_socket()] == []
    modes = [path.stat().st_mode & 0o077 for path in module_cli.home.rglob("*")]
    assert set(modes) == {0}, "somebody else may read something in the home"


def test_run_is_in_the_ledger(run: dict[str, Any], module_cli: Cli) -> None:
    rows = ledger(module_cli.home, "SELECT id, text, finish_reason FROM runs")
    assert (run["id"], run["text"], run["finish_reason"]) in rows


# ---- ways to ask -------------------------------------------------------------------------------------------


def test_text_mode_prints_the_answer_and_nothing_else(cli: Cli) -> None:
    words = ["--max-tokens", "8", "--temperature", "0"]
    done = cli("run", "starter", "Say hello", *words)
    assert done.code == 0
    text = cli.json("run", "starter", "Say hello", *words)["run"]["text"]
    assert done.out == f"{text}\n"
    assert re.search(r"TTFT \d+ ms · .* tok/s · \d+ → 8 tokens", done.err)


MAKEFILE = "all:\n\tcc x.c\u00a0 # 👩‍👩‍👧 می‌خواهم\n"


@behaviour("makefile")
async def _makefile(reply: Reply) -> None:
    await reply.head()
    finish = reply.dialect.finish(reply.dialect.usage()) + reply.dialect.end()
    await reply.send(reply.dialect.text(MAKEFILE) + finish)
    await reply.close()


def test_answer_in_a_file_is_what_the_model_wrote(cli: Cli, fake_api: FakeApi) -> None:
    add_fake(cli, fake_api, "makefile")
    assert cli("run", "fake", "write one", FAKE_KEY="k1234567").out == f"{MAKEFILE}\n"
    compared = cli("compare", "--target", "fake", "--prompt", "write one", FAKE_KEY="k1234567")
    assert MAKEFILE in compared.out


@pytest.mark.parametrize("words", [["-"], []])
def test_prompt_from_stdin(cli: Cli, words: list[str]) -> None:
    prompt = "Grüße, 世界 👋🏽!"
    done = cli("run", "starter", *words, "--max-tokens", "2", "--json", stdin=prompt.encode())
    assert done.code == 0, done.err
    ((messages,),) = ledger(cli.home, "SELECT messages FROM runs")
    assert json.loads(messages) == [{"role": "user", "content": prompt}]


def test_sampling_is_sent_and_recorded(cli: Cli, fake_api: FakeApi) -> None:
    add_fake(cli, fake_api, "ok#sampling")
    words = [
        "--seed",
        "42",
        "--temperature",
        "0.5",
        "--top-p",
        "0.9",
        "--max-tokens",
        "77",
        "--system",
        "Be kind.",
    ]
    run = cli.json("run", "fake", "hello", *words, FAKE_KEY="k1234567")["run"]
    params = {"seed": 42, "temperature": 0.5, "top_p": 0.9, "max_tokens": 77}
    assert {name: run["params"][name] for name in params} == params
    sent = fake_api.last("ok#sampling").body
    assert {name: sent[name] for name in params} == params
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello"},
    ]
    assert sent["stream_options"] == {"include_usage": True}


def test_answer_holds_to_a_json_schema(cli: Cli, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    properties = {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}}
    content = {"type": "object", "properties": properties, "required": ["name", "age"]}
    schema.write_text(json.dumps({**content, "additionalProperties": False}))
    words = ["--json-schema", str(schema), "--temperature", "0", "--max-tokens", "200"]
    run = cli.json("run", "starter", "Tell me about a person.", *words)["run"]
    answer = json.loads(run["text"])
    assert set(answer) == {"name", "age"}
    assert isinstance(answer["age"], int)
    assert run["finish_reason"] == "stop"


def test_schema_that_is_none_is_refused_before_anything_is_loaded(cli: Cli, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "no-such-type"}')
    done = cli("run", "starter", "x", "--json-schema", str(schema), "--json")
    assert done.code == 2
    assert "no-such-type" in done.last_line
    assert "loading" not in done.err
    error_of(done)


def test_prompt_beyond_the_context_is_refused_in_words(cli: Cli) -> None:
    done = cli("run", "starter", "-", "--json", stdin=b"word " * 20_000)
    assert done.code == 1
    assert "context" in done.last_line
    assert error_of(done)["retryable"] is False
    assert done.document["run"]["usage"]["completion_tokens"] is None


@pytest.mark.parametrize("how", ["before", "equals", "after", "variable"])
def test_home_is_accepted_anywhere(cli: Cli, tmp_path: Path, how: str) -> None:
    home = tmp_path / "elsewhere"
    line = {
        "before": ["--json", "--home", str(home), "targets", "list"],
        "equals": [f"--home={home}", "targets", "--json", "list"],
        "after": ["targets", "list", "--json", "--home", str(home)],
        "variable": ["targets", "list", "--json"],
    }[how]
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCES),
        "XDG_RUNTIME_DIR": str(cli.runtime),
        "HOME": str(tmp_path),
    }
    environment |= {"STEELYARD_HOME": str(home)} if how == "variable" else {}
    done = subprocess.run(
        [sys.executable, "-m", "steelyard", *line], env=environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout) == {"targets": []}
    assert (home / "ledger.sqlite3").is_file()


# ---- wrong usage, failures ---------------------------------------------------------------------------------


def adding(name: str, url: str, *more: str) -> list[str]:
    return ["targets", "add", name, "--url", url, "--model", "m", "--format", "openai", *more]


WRONG = {
    "no command of ours": ["frobnicate"],
    "no target": ["run"],
    "unknown option": ["run", "starter", "x", "--frobnicate"],
    "abbreviated option": ["run", "starter", "x", "--max", "3"],
    "no tokens": ["run", "starter", "x", "--max-tokens", "0"],
    "no number": ["run", "starter", "x", "--temperature", "warm"],
    "not a number": ["run", "starter", "x", "--temperature", "nan"],
    "empty prompt": ["run", "starter", "  "],
    "not a tag": ["run", "starter", "x", "--tag", "novalue"],
    "schema missing": ["run", "starter", "x", "--json-schema", "/no/such/file"],
    "comparison without a prompt": ["compare", "--target", "starter"],
    "comparison without a target": ["compare", "--prompt", "x"],
    "two prompts": ["compare", "--target", "starter", "--prompt", "x", "--prompt-file", "y"],
    "half a price": adding("x", "http://a/v1", "--price-in", "1"),
    "reserved name": adding("starter", "http://a/v1"),
    "password in the URL": adding("x", "http://u:p@a/v1"),
    "no URL": adding("x", "ftp://a"),
    "a key as --key-env": adding("x", "http://a/v1", "--key-env", "sk-123"),
    "home without a value": ["targets", "list", "--home"],
    "empty home": ["targets", "list", "--home", ""],
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_2_with_one_document(module_cli: Cli, name: str) -> None:
    done = module_cli("--json", *WRONG[name])
    assert done.code == 2
    error_of(done)


@pytest.mark.parametrize(
    "target", ["no-such-target", "./no-such-file.gguf", "org/repo:Q4_K_M", "~nobody-here/x.gguf"]
)
def test_target_that_is_not_there_is_1(module_cli: Cli, target: str) -> None:
    done = module_cli("run", target, "x", "--json")
    assert done.code == 1
    assert error_of(done)["hint"]


def test_failure_in_text_mode_ends_with_its_line(module_cli: Cli) -> None:
    done = module_cli("run", "no-such-target", "x")
    assert (done.code, done.out) == (1, "")
    assert "no-such-target" in done.last_line


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_closed_streams_are_no_crash(module_cli: Cli, stream: str) -> None:
    prompt, redirect = ("-", "<&-") if stream == "stdin" else ("x", ">&-")
    line = f"exec {sys.executable} -m steelyard --home {module_cli.home} run starter {prompt}"
    environment = {"PYTHONPATH": str(SOURCES), "XDG_RUNTIME_DIR": str(module_cli.runtime), "HOME": "/tmp"}
    done = subprocess.run(
        ["sh", "-c", f"{line} --max-tokens 1 {redirect}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in ((2,) if stream == "stdin" else (0, 1))
    assert "Traceback" not in done.stderr
    assert "inside Steelyard" not in done.stderr


def test_reader_that_goes_away_is_no_crash(module_cli: Cli) -> None:
    environment = {"PYTHONPATH": str(SOURCES), "XDG_RUNTIME_DIR": str(module_cli.runtime), "HOME": "/tmp"}
    line = f"{sys.executable} -m steelyard --home {module_cli.home} models list --json | true"
    done = subprocess.run(["sh", "-c", line], env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipeError" not in done.stderr


def test_document_does_not_depend_on_the_locale(cli: Cli, fake_api: FakeApi) -> None:
    add_fake(cli, fake_api, "ok#locale")
    narrow = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = cli("run", "fake", "hello", "--json", FAKE_KEY="k1234567", **narrow)
    assert done.code == 0, done.err
    assert done.document["run"]["text"] == TEXT
    as_text = cli("run", "fake", "hello", FAKE_KEY="k1234567", **narrow)
    assert as_text.code == 0, as_text.err
    assert "Ende." in as_text.out


def test_arguments_that_are_no_text(module_cli: Cli) -> None:
    done = module_cli("run", "no-such-target", b"\xff\xfe", "--system", b"\xff", "--tag", b"a=\xff", "--json")
    assert done.code in (1, 2)
    error_of(done)


def shell(cli: Cli, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `line` in a shell that knows the command line as `steelyard`; fails where it does not end."""
    base = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCES),
        "XDG_RUNTIME_DIR": str(cli.runtime),
        "HOME": "/tmp",
    }
    command = f'steelyard() {{ "{sys.executable}" -m steelyard --home "{cli.home}" "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}{line}"],
        env={**base, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_reader_that_has_enough_cancels_the_run(cli: Cli, fake_api: FakeApi) -> None:
    add_fake(cli, fake_api, "drip#head")
    done = shell(cli, "steelyard run fake 'hello' | head -c 8", FAKE_KEY="k1234567")
    assert (done.returncode, done.stdout) == (1, "drip dri")
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr
    assert done.stderr.splitlines()[-1] == "steelyard: Stopped: nobody reads the output any more"
    ((finish, text, document),) = ledger(cli.home, "SELECT finish_reason, text, document FROM runs")
    assert (finish, json.loads(document)["error"]) == ("cancelled", None)
    assert text.startswith("drip drip ")
    assert fake_api.count("drip#head") == 1, "it is not asked again"
    fake_api.wait_for(lambda: fake_api.hung_up["drip#head"] == 1)


@pytest.mark.parametrize("words", ["run fake x", "run fake x --json", "targets list", "run no-such x --json"])
def test_full_disk_behind_stdout_is_told_in_words(cli: Cli, fake_api: FakeApi, words: str) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    add_fake(cli, fake_api, "ok#full")
    done = shell(cli, f"steelyard {words} >/dev/full", FAKE_KEY="k1234567")
    assert done.returncode == 1
    expected = "No target is called" if "no-such" in words else "The output cannot be written: No space left"
    assert done.stderr.splitlines()[-1].startswith(f"steelyard: {expected}"), done.stderr


def test_errors_that_nobody_reads_are_no_crash(cli: Cli) -> None:
    done = shell(cli, "steelyard run no-such-target x --json 2>&1 | true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (1, "")


@pytest.fixture
def quiet_process() -> Iterator[list[Any]]:
    """Commands that the test started; ended at the end, whatever happened."""
    started: list[Any] = []
    yield started
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
            running.done()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_a_run_keeps_what_came(cli: Cli, number: signal.Signals, quiet_process: list[Any]) -> None:
    running = cli.start("run", "starter", *LONG_STORY, "--max-tokens", "3000")
    quiet_process.append(running)
    running.until_text(20)
    running.send(number)
    done = running.done(15)
    assert done.code == 130
    assert "Stopped" in done.last_line
    assert cli.servers() == []
    ((finish, text),) = ledger(cli.home, "SELECT finish_reason, text FROM runs")
    assert finish == "cancelled"
    assert text.startswith(done.out[:20].strip("\n"))


def test_stopping_while_loading(cli: Cli, quiet_process: list[Any]) -> None:
    running = cli.start("run", "starter", "x", "--json")
    quiet_process.append(running)
    wait_until(lambda: b"loading" in running.err, what="loading")
    running.send(signal.SIGINT)
    done = running.done(15)
    assert done.code == 130
    assert "Stopped" in done.last_line
    run = done.document["run"]
    check_shape(run, RUN, "run")
    assert (run["finish_reason"], run["text"], run["error"]) == ("cancelled", "", None)
    assert cli.servers() == []


def test_stopped_before_the_run_began_is_an_error(cli: Cli, quiet_process: list[Any]) -> None:
    """Nothing was asked, so there is no RUN to print."""
    mute = cli.runtime / "mute.sock"
    lock = HomeLock.try_take(cli.home / "engine.lock", OwnerNote(os.getpid(), "app", str(mute)))
    assert lock is not None
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(mute))
            listener.listen()
            running = cli.start("run", "starter", "x", "--json")
            quiet_process.append(running)
            connection, _ = listener.accept()
            running.send(signal.SIGINT)
            done = running.done(15)
            connection.close()
    finally:
        lock.release()
    assert done.code == 130
    assert error_of(done)["title"] == "Stopped"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_run_prints_what_had_arrived(
    cli: Cli, fake_api: FakeApi, number: signal.Signals, quiet_process: list[Any]
) -> None:
    model = f"drip#stop-{number.name}"
    add_fake(cli, fake_api, model)
    running = cli.start("run", "fake", "hello", "--json", FAKE_KEY="k1234567")
    quiet_process.append(running)
    fake_api.wait_for(lambda: fake_api.sent_bytes[model] > 400)
    running.send(number)
    done = running.done(15)
    assert (done.code, done.last_line) == (130, "steelyard: Stopped: on request")
    run = done.document["run"]
    check_shape(run, RUN, "run")
    assert (run["finish_reason"], run["error"]) == ("cancelled", None)
    assert run["text"].startswith("drip ")
    assert ledger(cli.home, "SELECT id, text, finish_reason FROM runs") == [
        (run["id"], run["text"], "cancelled")
    ]


def test_stopped_comparison_prints_the_answers_so_far(
    cli: Cli, fake_api: FakeApi, quiet_process: list[Any]
) -> None:
    for name, model in (("done", "ok#so-far"), ("slow", "drip#so-far")):
        cli.json(*adding(name, fake_api.url)[:5], "--model", model, "--format", "openai")
    words = ["compare", "--target", "done", "--target", "slow", "--prompt", "x"]
    for is_json in (True, False):
        before = fake_api.sent_bytes["drip#so-far"]
        running = cli.start(*words, *["--json"][: int(is_json)])
        quiet_process.append(running)
        fake_api.wait_for(lambda before=before: fake_api.sent_bytes["drip#so-far"] > before + 400)
        running.send(signal.SIGINT)
        done = running.done(15)
        assert (done.code, done.last_line) == (130, "steelyard: Stopped: on request")
        if not is_json:
            assert TEXT in done.out
            assert "drip" in done.out
            continue
        comparison = done.document["comparison"]
        assert [(run["finish_reason"], run["text"][:5]) for run in comparison["runs"]] == [
            ("stop", TEXT[:5]),
            ("cancelled", "drip "),
        ]
        assert comparison["summary"]["done"]["e2e_ms"]["n"] == 1
        assert comparison["summary"]["slow"]["e2e_ms"]["n"] == 0, "half an answer is no measurement"


def add_fake(cli: Cli, api: FakeApi, model: str) -> None:
    words = ["--url", api.url, "--model", model, "--format", "openai", "--key-env", "FAKE_KEY"]
    cli.json("targets", "add", "fake", *words)


def test_broken_settings_are_told_by_every_command(cli: Cli) -> None:
    """Otherwise all targets seem to be gone."""
    (cli.home / "settings.toml").write_text('theme = "dakr"\n')
    for words in (["targets", "list"], ["models", "list"], ["run", "mine", "x"]):
        assert "The settings file was not used" in cli(*words).err
    assert "The settings file was not used" in cli(*adding("new", "http://127.0.0.1:9")).err
    (problem,) = [row["what"] for row in cli.json("doctor")["problems"] if "unreadable" in row["what"]]
    assert "settings.toml.unreadable-1" in problem


def test_folder_with_odd_things_is_listed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "loop.gguf").symlink_to(tmp_path / "loop.gguf")
    (tmp_path / "gone.gguf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF")
    assert [row["name"] for row in cli.json("models", "list", str(tmp_path))["weights"]] == ["starter"]
    assert "it is a folder" in cli("run", f"{tmp_path}/", "x").last_line


def test_key_in_place_of_a_variable_is_refused(cli: Cli) -> None:
    done = cli(*adding("k", "http://127.0.0.1:9", "--key-env", "sk_live_abcdefghijklmnop1"))
    assert done.code == 2
    assert "not a key" in done.last_line
    assert "sk_live" not in (cli.home / "settings.toml").read_text()


def test_damaged_ledger_is_told(cli: Cli) -> None:
    (cli.home / "ledger.sqlite3").write_bytes(b"no database" * 1000)
    assert "The ledger was damaged; it is kept as ledger.sqlite3.damaged-" in cli("targets", "list").err
    assert "ledger.sqlite3.damaged-" in str(cli.json("doctor")["problems"])


@pytest.mark.parametrize(
    "words", [["--max-tokens", "2", "Say hello"], ["--max-tokens", "2", "--", "--help me"]]
)
def test_prompt_may_stand_behind_the_options(cli: Cli, words: list[str]) -> None:
    run = cli("--json", "run", "starter", *words).document["run"]
    assert run["usage"]["completion_tokens"] <= 2


def test_two_prompts_are_wrong_usage(cli: Cli) -> None:
    assert cli("run", "starter", "one", "--max-tokens", "2", "two").code == 2
    assert cli("run", "starter", "--max-tokens", "2", "--wrong").code == 2


def test_command_is_installed() -> None:
    command = Path(sys.executable).with_name("steelyard")
    assert shutil.which(str(command)), "run.py installs the command"
    done = subprocess.run([str(command), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("steelyard ")
