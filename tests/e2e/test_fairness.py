"""Servers that are cold, cached, cut, retried or short of something: each is marked for what it is.

Beside every one of them stands one that is fair, and none of those is marked.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.bench_parts import bench_rig
from fakes.fake_api import FakeApi, Reply, behaviour
from fakes.gguf_files import tiny_model
from steelyard.core.base.paths import find_home
from steelyard.core.runs import progress as progress_module
from steelyard.core.runs.job import Job
from steelyard.core.runs.recount import recount
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Message, Prompt, Sampling
from steelyard.core.values.run import Run, RunState, TargetInfo, Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.base.paths import Home
    from steelyard.core.runs.promptable import Learned

    from .harness import Cli, Remote

SAYS = "Paris, I think."
BYTES_PER_TOKEN, COMPLETION = 4, 5
LONG_PROMPT = "What is the capital of France? Somebody said Lyon. " * 200
WORK = {"ttft_ms", "e2e_ms", "usd"}


def _scripted(
    *, prompt_tokens: int | None = None, completion: int = COMPLETION, finish: str = "stop", **more: Any
) -> Callable[[Reply], Awaitable[None]]:
    """An API that counts as APIs do, unless it is told to say something else."""

    async def answer(reply: Reply) -> None:
        size = sum(len(message["content"]) for message in reply.asked.body["messages"])
        usage = {
            "prompt_tokens": prompt_tokens or size // BYTES_PER_TOKEN + 8,
            "completion_tokens": completion,
            **more,
        }
        await reply.head()
        for word in SAYS.split():
            await reply.send(reply.dialect.text(word + " "))
        await reply.send(reply.dialect.finish(usage, finish) + reply.dialect.end())
        await reply.close()

    return answer


FAIR, CUT, OVER = _scripted(), _scripted(finish="length", completion=64), _scripted(completion=900)
HALF = _scripted(prompt_tokens=1024)
THOUGHT = _scripted(completion=205, completion_tokens_details={"reasoning_tokens": 200})
CACHED = _scripted(prompt_tokens_details={"cached_tokens": 2048})


async def _retried(reply: Reply) -> None:
    if reply.nth == 1:
        await reply.document(500, b'{"error": {"message": "not now"}}')
    else:
        await FAIR(reply)


async def _uncounted(reply: Reply) -> None:
    await reply.head()
    await reply.send(reply.dialect.text(SAYS) + reply.dialect.finish(None) + reply.dialect.end())
    await reply.close()


SCRIPTS: dict[str, tuple[Callable[[Reply], Awaitable[None]], str | None, set[str]]] = {
    "fair": (FAIR, None, set()),
    "fair-too": (FAIR, None, set()),
    "fair-retried": (_retried, "retried", {"ttft_ms", "e2e_ms"}),
    "fair-cached": (CACHED, "cached_prefill", {"ttft_ms", "e2e_ms"}),
    "fair-cut": (CUT, "finish_length", {"e2e_ms", "usd"}),
    "fair-over": (OVER, "different_max_tokens", {"e2e_ms", "usd"}),
    "fair-half": (HALF, "truncated_prompt", WORK),
    "fair-thought": (THOUGHT, "hidden_reasoning", {"ttft_ms", "tpot_ms", "gen_tps"}),
    "fair-uncounted": (_uncounted, "api_side_unknown", {"tpot_ms", "gen_tps", "usd"}),
}
for _name, (_script, _, _) in SCRIPTS.items():
    behaviour(_name)(_script)


@pytest.fixture
def home_of_test(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """One of its own; `home` is the module's here."""
    place = Path(tempfile.mkdtemp(dir=short_folder))
    (place / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(place / "run"))
    return find_home(str(place / "home"))


def add(cli: Cli, name: str, url: str, model: str) -> None:
    words = ["--url", url, "--model", model, "--format", "openai", "--key-env", "REMOTE_KEY"]
    cli.json("targets", "add", name, *words, "--price-in", "1", "--price-out", "2")


def compare(cli: Cli, targets: list[str], *words: str) -> dict[str, Any]:
    named = [word for name in targets for word in ("--target", name)]
    result: dict[str, Any] = cli.json("compare", *named, "--temperature", "0", *words)["comparison"]
    return result


def entries(comparison: dict[str, Any]) -> set[tuple[str, int, str]]:
    """(Target, which of its runs, code)."""
    seen: dict[str, list[str]] = {}
    for run in comparison["runs"]:
        seen.setdefault(run["target"]["name"], []).append(run["id"])
    return {
        (name, ids.index(entry["run_id"]), entry["code"])
        for entry in comparison["not_comparable"]
        for name, ids in seen.items()
        if entry["run_id"] in ids
    }


@pytest.fixture(scope="module")
def home(module_cli: Cli, fake_api: FakeApi, remote: Remote) -> Cli:
    for name in SCRIPTS:
        add(module_cli, name, fake_api.url, name)
    add(module_cli, "far", f"{remote.url}/v1", "remote")
    module_cli.environment["REMOTE_KEY"] = remote.key
    return module_cli


def test_each_scripted_api_is_marked_with_its_reason_and_the_fair_ones_are_not(home: Cli) -> None:
    words = ["--prompt", LONG_PROMPT, "--max-tokens", "64", "--schedule", "concurrent"]
    comparison = compare(home, list(SCRIPTS), *words)
    names = {run["id"]: run["target"]["name"] for run in comparison["runs"]}
    assert [run["error"] for run in comparison["runs"]] == [None] * len(SCRIPTS)
    marked = {(names[entry["run_id"]], entry["code"]) for entry in comparison["not_comparable"]}
    # Hidden reasoning and an ignored limit are the same answer: more tokens than were allowed.
    expected = {(name, code) for name, (_, code, _) in SCRIPTS.items() if code}
    assert marked == expected | {("fair-thought", "different_max_tokens")}
    for entry in comparison["not_comparable"]:
        name = names[entry["run_id"]]
        if entry["code"] == SCRIPTS[name][1]:
            assert set(entry["metrics"]) == SCRIPTS[name][2]
        assert entry["detail"]
    half = next(entry for entry in comparison["not_comparable"] if entry["code"] == "truncated_prompt")
    assert "1,024" in half["detail"]
    summary = comparison["summary"]
    assert (summary["fair-half"]["ttft_ms"]["n"], summary["fair-half"]["gen_tps"]["n"]) == (0, 1)
    assert summary["fair"]["usd"]["n"] == 1
    assert summary["fair"]["outlook"]["price"]["per_1000_usd"]
    assert summary["fair-half"]["outlook"] is None


def test_cold_is_cold_once_and_a_cached_prefill_is_one(home: Cli) -> None:
    words = ["--prompt", "Say yes.", "--system", "Be brief.", "--max-tokens", "8", "--repeat", "2"]
    cold = compare(home, ["starter"], *words, "--warm-up", "0")
    assert entries(cold) == {("starter", 0, "cold_start")}
    assert cold["summary"]["starter"]["ttft_ms"]["n"] == 1
    # The remote llama-server keeps the prompt of its last answer, as it does for everybody.
    prompt = ["--prompt", "Say yes, and say it in French.", "--max-tokens", "8"]
    far = compare(home, ["far"], *prompt, "--repeat", "2")
    assert ("far", 1, "cached_prefill") in entries(far)
    assert {code for _, _, code in entries(far)} == {"cached_prefill"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A vocabulary of bytes, and a template that adds nothing."""
    path = tmp_path_factory.mktemp("weights") / "tiny.gguf"
    path.write_bytes(tiny_model().encode())
    return str(path)


def test_words_that_one_template_adds_and_vocabularies_that_differ(home: Cli, tiny: str) -> None:
    both = ["starter", tiny]
    words = ["--prompt", "Name a colour.", "--max-tokens", "12"]
    plain = compare(home, both, *words)
    starter, other = plain["runs"]
    assert starter["state"]["template_added"].startswith("You are a helpful AI assistant named SmolLM")
    assert (other["state"]["template_added"], other["state"]["template_left_out"]) == ("", [])
    assert starter["state"]["tokenizer"] != other["state"]["tokenizer"]
    assert starter["state"]["prompt_digest"] == other["state"]["prompt_digest"]
    by_code = {entry["code"]: entry for entry in plain["not_comparable"]}
    marked = {(run, code) for run, _, code in entries(plain) if code != "finish_length"}
    assert marked == {
        ("starter", "different_context"),
        ("starter", "tokenizer_differs"),
        (other["target"]["name"], "tokenizer_differs"),
    }
    assert by_code["different_context"]["metrics"] == ["ttft_ms"]
    assert by_code["different_context"]["remedy"] == "Rerun with a system prompt"
    assert "“You are a helpful AI assistant" in by_code["different_context"]["detail"]
    assert plain["summary"]["starter"]["gen_tps"]["n"] == 0
    assert plain["summary"]["starter"]["gen_cps"]["n"] == 1
    remedied = compare(home, both, *words, "--system", "Be brief.")
    assert {code for _, _, code in entries(remedied)} - {"finish_length"} == {"tokenizer_differs"}


def test_quants_and_an_api_of_the_same_vocabulary_are_fair(home: Cli) -> None:
    words = ["--prompt", "Tell me about the sea.", "--system", "Be brief.", "--max-tokens", "24"]
    result = compare(home, ["starter", "far"], *words)
    assert {code for _, _, code in entries(result)} <= {"cached_prefill", "other_local_load"}
    local, far = result["runs"]
    assert far["state"]["recount_tokenizer"] == local["state"]["tokenizer"]
    assert abs(far["state"]["recount_tokens"] - far["usage"]["completion_tokens"]) <= 2
    assert far["state"]["tokenizer"] is None


def test_api_that_counts_in_other_units_is_found_by_a_recount(home: Cli, fake_api: FakeApi) -> None:
    text = "The sea is wide and blue, and nobody has counted its waves so far. "

    async def answer(reply: Reply) -> None:
        await reply.head()
        for _ in range(4):
            await reply.send(reply.dialect.text(text))
        usage = {"prompt_tokens": 20, "completion_tokens": 140}
        await reply.send(reply.dialect.finish(usage) + reply.dialect.end())
        await reply.close()

    behaviour("fair-units")(answer)
    add(home, "units", fake_api.url, "fair-units")
    words = ["--prompt", "Name a colour.", "--system", "Be brief.", "--max-tokens", "200"]
    result = compare(home, ["starter", "units"], *words)
    differs = [entry for entry in result["not_comparable"] if entry["code"] == "tokenizer_differs"]
    assert {tuple(entry["metrics"]) for entry in differs} == {("tpot_ms", "gen_tps")}
    assert {entry["run_id"] for entry in differs} == {run["id"] for run in result["runs"]}
    assert "units 140 tokens (" in differs[0]["detail"]


def test_answer_that_fills_a_small_context(home: Cli, tiny: str, tmp_path: Path) -> None:
    profile = tmp_path / "small.toml"
    profile.write_text("context_tokens = 256\n")
    words = ["--prompt", "Write a very long story about a lighthouse keeper.", "--max-tokens", "1024"]
    result = compare(home, [tiny, "fair"], *words, "--profile", str(profile))
    local, _ = result["runs"]
    assert local["state"]["context_tokens"] == 256
    assert local["finish_reason"] == "length"
    full = [entry for entry in result["not_comparable"] if entry["run_id"] == local["id"]]
    assert [(entry["code"], entry["remedy"]) for entry in full] == [
        ("different_context", "Rerun with more context")
    ]
    assert full[0]["metrics"] == ["e2e_ms", "usd"]


def test_api_that_computes_on_this_machine_is_told(home: Cli) -> None:
    words = ["--prompt", "Tell me about the sea.", "--system", "Be brief.", "--max-tokens", "32"]
    result = compare(home, ["starter", "far"], *words, "--repeat", "3", "--schedule", "concurrent")
    far = [run["state"] for run in result["runs"] if run["target"]["kind"] == "api"]
    assert max(state["host_cores"] or 0 for state in far) > 0.2
    loaded = {name for name, _, code in entries(result) if code == "other_local_load"}
    assert loaded == {"starter", "far"}
    details = [entry for entry in result["not_comparable"] if entry["code"] == "other_local_load"]
    assert {entry["remedy"] for entry in details} == {"Rerun one after another"}


@pytest.mark.parametrize("fault", ["hangs", "breaks"])
async def test_what_cannot_be_learned_costs_neither_the_answer_nor_its_figures(
    fault: str, home_of_test: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def learn(_prompt: Prompt) -> Learned:
        if fault == "breaks":
            raise RuntimeError("the template is broken")
        await asyncio.sleep(600)
        raise AssertionError

    monkeypatch.setattr(progress_module, "_LEARN_S", 0.1)
    async with bench_rig(home_of_test) as rig:
        target = await rig.parts.resolve("tiny", LaunchProfile())
        monkeypatch.setattr(target, "learn", learn)
        prompt = Prompt(messages=[Message(role="user", content="x")], sampling=Sampling(max_tokens=4))
        run = await rig.parts.runner.run(Job(request="r", target=target, prompt=prompt))
    assert (run.error, run.finish_reason) == (None, "length")
    assert run.timing.e2e_ms is not None
    assert (run.state.template_added, run.state.tokenizer) == (None, None)
    assert run.state.context_tokens == 512


async def test_recount_is_bounded_and_never_fails(home_of_test: Home) -> None:
    def api(text: str, source: Any = "server", **more: Any) -> Run:
        return Run(
            id="a",
            started_at="x",
            target=TargetInfo(name="a", kind="api", model="m"),
            text=text,
            usage=Usage(prompt_tokens=1, completion_tokens=30, source=source),
            **more,
        )

    async with bench_rig(home_of_test) as rig:
        target = await rig.parts.resolve("tiny", LaunchProfile())
        assert await recount(api("y" * 30), target) == RunState(), "its server is not up"
        async with target.hold(lambda _reason: None):
            counted = await recount(api("y" * 30), target, "bytes")
            assert counted.recount_tokens in range(30, 34), "a vocabulary of bytes, and a space before it"
            assert counted.recount_tokenizer == "bytes"
            for run in (api("short"), api("y" * 200_001), api("y" * 30, "estimated")):
                assert await recount(run, target) == run.state
            with_call = api("y" * 30, tool_calls=[{"name": "f"}])
            assert await recount(with_call, target) == with_call.state
        await target.release("over")
        assert await recount(api("y" * 30), target) == RunState()
