"""`compare` over the starter and a second llama-server that plays the API, in both formats."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from fakes.fake_api import TEXT, FakeApi

from .harness import RUN, Cli, Done, Remote, check_shape, error_of, ledger

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = "Name three colours. Grüße!"
IN, OUT, CACHED = Decimal("0.333333"), Decimal("1.777777"), Decimal("0.0123457")
SPREADS = {"ttft_ms", "tpot_ms", "gen_tps", "e2e_ms", "usd"}
CODES = """
    cold_start cached_prefill different_context truncated_prompt other_local_load throttled memory_pressure
    finish_length different_max_tokens retried tokenizer_differs hidden_reasoning spilled_to_cpu
    api_side_unknown
"""
MAX_TOKENS = 12


def add(cli: Cli, name: str, url: str, model: str, wire: str, *more: str) -> None:
    words = ["--url", url, "--model", model, "--format", wire, "--key-env", "REMOTE_KEY"]
    cli.json("targets", "add", name, *words, *more)


@pytest.fixture(scope="module")
def both(module_cli: Cli, remote: Remote) -> Cli:
    """A home that knows the remote server in both formats, at odd prices, and sees its key."""
    prices = ["--price-in", str(IN), "--price-out", str(OUT)]
    add(module_cli, "far-oa", f"{remote.url}/v1", "remote", "openai", *prices, "--price-cached", str(CACHED))
    add(module_cli, "far-an", remote.url, "remote", "anthropic", *prices)
    module_cli.environment["REMOTE_KEY"] = remote.key
    return module_cli


@pytest.fixture(scope="module")
def done(both: Cli) -> Done:
    words = ["--prompt", PROMPT, "--max-tokens", str(MAX_TOKENS), "--temperature", "0"]
    targets = ["--target", "starter", "--target", "far-oa", "--target", "far-an"]
    return both("compare", *targets, *words, "--json")


@pytest.fixture(scope="module")
def comparison(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    return done.document["comparison"]


def test_document_has_the_contracts_fields(comparison: dict[str, Any]) -> None:
    assert set(comparison) == {"id", "schedule", "runs", "not_comparable", "summary"}
    assert comparison["schedule"] == "model-by-model"
    for run in comparison["runs"]:
        check_shape(run, RUN, "run")
    assert set(comparison["summary"]) == {"starter", "far-oa", "far-an"}
    for line in comparison["summary"].values():
        assert set(line) == {"n", "gen_cps", "answer_chars", "outlook", *SPREADS}
        assert line["n"] == 1
        assert all(set(line[name]) == {"median", "low", "high", "n"} for name in SPREADS)
    for item in comparison["not_comparable"]:
        assert set(item) == {"run_id", "metrics", "code", "detail", "remedy"}
        assert item["code"] in CODES.split()
        assert item["run_id"] in {run["id"] for run in comparison["runs"]}


def test_all_three_answer_in_the_asked_order(comparison: dict[str, Any], remote: Remote) -> None:
    runs = comparison["runs"]
    assert [run["target"]["name"] for run in runs] == ["starter", "far-oa", "far-an"]
    assert [run["target"]["kind"] for run in runs] == ["local", "api", "api"]
    assert [run["error"] for run in runs] == [None, None, None]
    assert {run["text"] for run in runs} == {runs[0]["text"]}, "same weights, temperature 0"
    assert [run["target"]["endpoint_host"] for run in runs] == [None, "127.0.0.1", "127.0.0.1"]
    assert runs[1]["target"]["model"] == "remote"
    assert remote.key not in json.dumps(comparison)


def test_usage_is_the_servers_own(comparison: dict[str, Any], remote: Remote) -> None:
    messages = [{"role": "user", "content": PROMPT}]
    asked = {"messages": messages, "max_tokens": MAX_TOKENS, "temperature": 0, "model": "remote"}
    counted = remote.ask("/v1/chat/completions", asked)["usage"]
    for run in comparison["runs"]:
        usage, raw = run["usage"], run["raw"]["usage"]
        assert usage["source"] == "server"
        assert usage["prompt_tokens"] == counted["prompt_tokens"]
        assert usage["completion_tokens"] == counted["completion_tokens"]
        if run["target"]["name"] == "far-an":
            cached = raw.get("cache_read_input_tokens", 0)
            assert usage["prompt_tokens"] == raw["input_tokens"] + cached
            assert usage["completion_tokens"] == raw["output_tokens"]
        else:
            assert usage["prompt_tokens"] == raw["prompt_tokens"]
            assert usage["completion_tokens"] == raw["completion_tokens"]
            assert usage["cached_tokens"] == raw["prompt_tokens_details"]["cached_tokens"]


def exact(usd_per_million: Decimal, tokens: int) -> Decimal:
    """USD, to the whole pico-dollar, half to even."""
    return (usd_per_million * tokens / 1_000_000).quantize(Decimal("1e-12"))


def test_price_is_exact_to_the_last_digit(comparison: dict[str, Any], both: Cli) -> None:
    _, openai, anthropic = comparison["runs"]
    again = both.json("run", "far-oa", PROMPT, "--max-tokens", str(MAX_TOKENS), "--temperature", "0")["run"]
    assert again["usage"]["cached_tokens"] > 0
    for run, has_cached_price in ((openai, True), (anthropic, False), (again, True)):
        usage, cost = run["usage"], run["cost"]
        cached = (usage["cached_tokens"] or 0) if has_cached_price else 0
        expected = exact(IN, usage["prompt_tokens"] - cached) + exact(OUT, usage["completion_tokens"])
        expected += exact(CACHED, cached)
        assert Decimal(cost["usd"]) == expected
        assert "e" not in cost["usd"].lower()
        assert cost["basis"] == "api_price"
        assert sum(Decimal(part["usd"]) for part in cost["parts"]) == expected
        assert cost["price_id"]
        assert cost["price_date"]
    assert comparison["runs"][0]["cost"]["usd"] is None
    summary = comparison["summary"]
    assert Decimal(summary["far-oa"]["usd"]["median"]) == Decimal(openai["cost"]["usd"])
    assert summary["starter"]["usd"] == {"median": None, "low": None, "high": None, "n": 0}


def test_warm_up_keeps_the_local_run_comparable(comparison: dict[str, Any]) -> None:
    local = comparison["runs"][0]
    assert local["state"]["cold"] is False
    assert local["state"]["cached_prompt_tokens"] == 0
    assert local["timing"]["load_ms"] > 0, "told, and in no other figure"
    assert local["timing"]["e2e_ms"] == pytest.approx(sum(local["timing"]["phases_ms"].values()), abs=1)
    codes = {item["code"] for item in comparison["not_comparable"] if item["run_id"] == local["id"]}
    assert not codes & {"cold_start", "cached_prefill", "other_local_load"}
    assert comparison["summary"]["starter"]["ttft_ms"]["n"] == 1


def test_progress_is_on_stderr(done: Done) -> None:
    assert "starter: loading" in done.err
    assert "starter: warming up" in done.err


def test_comparison_is_in_the_ledger(comparison: dict[str, Any], both: Cli) -> None:
    rows = ledger(both.home, "SELECT id, finish_reason FROM runs WHERE comparison_id IS NOT NULL")
    assert {(run["id"], run["finish_reason"]) for run in comparison["runs"]} <= set(rows)


def test_repeat_concurrent_and_seed(both: Cli) -> None:
    words = ["--max-tokens", "8", "--seed", "7", "--temperature", "1", "--repeat", "3", "--warm-up", "0"]
    targets = ["--target", "starter", "--target", "far-oa"]
    result = both.json("compare", *targets, "--prompt", PROMPT, *words, "--schedule", "concurrent")[
        "comparison"
    ]
    assert result["schedule"] == "concurrent"
    assert [run["target"]["name"] for run in result["runs"]] == ["starter"] * 3 + ["far-oa"] * 3
    assert len({run["text"] for run in result["runs"][:3]}) == 1, "the seed decides"
    assert [run["state"]["cold"] for run in result["runs"][:3]] == [True, False, False]
    cold = [item for item in result["not_comparable"] if item["code"] == "cold_start"]
    assert [item["run_id"] for item in cold] == [result["runs"][0]["id"]]
    summary = result["summary"]["starter"]
    # The other API computes on the same cores: runs that it disturbed do not count, and are named.
    local = {run["id"] for run in result["runs"][:3]}
    disturbed = {item["run_id"] for item in result["not_comparable"] if item["code"] == "other_local_load"}
    assert (summary["n"], summary["gen_tps"]["n"]) == (3, 3 - len(local & disturbed))
    assert summary["ttft_ms"]["n"] == len(local - disturbed - {result["runs"][0]["id"]})
    far = result["summary"]["far-oa"]["usd"]
    assert far["n"] == 3
    assert Decimal(far["low"]) <= Decimal(far["median"]) <= Decimal(far["high"])


def test_failing_targets_are_results(both: Cli, fake_api: FakeApi, tmp_path: Path) -> None:
    add(both, "wrong-key", fake_api.url, "401", "openai")
    add(both, "dead", "http://127.0.0.1:9/v1", "m", "anthropic")
    add(both, "fine", fake_api.url, "ok#compare", "anthropic")
    foreign = tmp_path / "foreign.gguf"
    foreign.write_bytes(b"<html>not weights</html>")
    prompt = tmp_path / "prompt.txt"
    prompt.write_text(PROMPT, encoding="utf-8")
    names = ["wrong-key", "starter", "dead", "fine", str(foreign)]
    words = [word for name in names for word in ("--target", name)]
    done = both("compare", *words, "--prompt-file", str(prompt), "--max-tokens", "4", "--json")
    assert done.code == 1
    runs = done.document["comparison"]["runs"]
    assert [run["finish_reason"] for run in runs] == ["error", "length", "error", "stop", "error"]
    assert runs[3]["text"] == TEXT
    assert "key" in runs[0]["error"]["title"]
    assert done.last_line.startswith(f"steelyard: {runs[0]['error']['title']}")
    for run in runs:
        check_shape(run, RUN, "run")
        if run["error"]:
            timing = run["timing"]
            assert (timing["ttft_ms"], timing["gen_tps"], timing["tpot_ms"]) == (None, None, None)
            assert run["usage"]["completion_tokens"] is None
            assert run["cost"]["usd"] is None


def test_all_failing_is_1_and_an_unknown_name_is_an_error(both: Cli) -> None:
    done = both("compare", "--target", "starter", "--target", "nonsense", "--prompt", "x", "--json")
    assert done.code == 1
    assert "nonsense" in json.dumps(done.document)


def test_key_that_is_not_set_fails_its_column_only(both: Cli) -> None:
    words = ["--target", "far-oa", "--target", "starter", "--prompt", "x", "--max-tokens", "2", "--json"]
    done = both("compare", *words, REMOTE_KEY="")
    assert done.code == 1
    runs = done.document["comparison"]["runs"]
    assert "REMOTE_KEY" in runs[0]["error"]["detail"]
    assert runs[1]["error"] is None


def test_targets_test_tells_models_and_time(both: Cli) -> None:
    for name in ("far-oa", "far-an"):
        answer = both.json("targets", "test", name)
        assert (answer["ok"], answer["error"]) == (True, None)
        assert answer["ttft_ms"] > 0
        assert answer["models"] == ["remote"]
    failed = both("targets", "test", "far-oa", "--json", REMOTE_KEY="wrong-key-here")
    assert failed.code == 1
    assert failed.document["ok"] is False
    assert "key" in failed.document["error"]
    assert "wrong-key-here" not in failed.out + failed.err


def test_two_files_of_one_name_stay_two_targets(cli: Cli, tmp_path: Path) -> None:
    from fakes.gguf_files import tiny_model

    paths = [tmp_path / folder / "model.gguf" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(tiny_model().encode())
    words = [word for path in paths for word in ("--target", str(path))]
    compared = cli.json("compare", *words, "--prompt", "x", "--max-tokens", "2")["comparison"]
    assert set(compared["summary"]) == {str(path) for path in paths}
    assert [run["target"]["name"] for run in compared["runs"]] == [str(path) for path in paths]


def test_targets_list_and_remove(both: Cli) -> None:
    rows = {row["name"]: row for row in both.json("targets", "list")["targets"]}
    assert rows["far-oa"]["key"] == "env"
    assert rows["far-oa"]["prices"] == {
        "input": str(IN),
        "output": str(OUT),
        "cached": str(CACHED),
        "cache_write": None,
    }
    add(both, "brief", "http://127.0.0.1:9", "m", "openai")
    again = both(
        "targets", "add", "brief", "--url", "http://x/", "--model", "m", "--format", "openai", "--json"
    )
    assert again.code == 2
    error_of(again)
    both.json("targets", "rm", "brief")
    gone = both("targets", "rm", "brief", "--json")
    assert gone.code == 1
    error_of(gone)
