"""`bench` and `tune` from outside, with the real engine on tiny weights."""

from __future__ import annotations

import json
import signal
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.gguf_files import tiny_model
from steelyard.cli.bench import show_bench, show_tune
from steelyard.cli.output import Printer

from .harness import ledger, wait_until

if TYPE_CHECKING:
    from .harness import Cli


@pytest.fixture
def tiny(cli: Cli) -> str:
    path = cli.runtime / "tiny.gguf"
    path.write_bytes(tiny_model().encode())
    return str(path)


def routes(cli: Cli) -> set[str]:
    return {json.loads(document)["route"] for (document,) in ledger(cli.home, "SELECT document FROM runs")}


def test_bench_prints_the_contracts_document(cli: Cli, tiny: str) -> None:
    done = cli("bench", tiny, "--parallel", "1,2", "--json")
    assert done.code == 0
    assert "engine: prompt run" in done.err
    document = done.document
    engine = document["engine"]
    assert engine["prompt_tps"] > 0
    assert engine["gen_tps"] > 0
    assert engine["build"]
    assert engine["backend"] == "cpu"
    keys = {
        "parallel",
        "aggregate_tps",
        "gen_tps_median",
        "ttft_p50_ms",
        "ttft_p95_ms",
        "n",
        "ratio_to_engine",
    }
    assert [level["parallel"] for level in document["levels"]] == [1, 2]
    for level in document["levels"]:
        assert keys <= level.keys()
        assert level["n"] >= 5
        assert level["failed"] == 0
        assert level["aggregate_tps"] == pytest.approx(level["ratio_to_engine"] * engine["gen_tps"])
    assert routes(cli) == {"bench"}
    assert cli.servers() == []


def test_people_get_tables_with_dashes_for_what_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    engine = {"prompt_tps": 325.4, "gen_tps": 178.4, "build": "b1", "backend": "cpu", "gen_tps_sd": 4.9}
    level = {"parallel": 1, "aggregate_tps": 128.5, "gen_tps_median": 165.7, "ttft_p50_ms": 195.6}
    level |= {"ttft_p95_ms": None, "n": 9, "ratio_to_engine": 0.72}
    show_bench({"engine": engine, "levels": [level], "notes": ["a\x1b[31mnote"]}, Printer(is_json=False))
    row = {"settings": {}, "prompt_tps": 325.4, "gen_tps": 178.4, "memory_bytes": None}
    row |= {"joules_per_token": None, "distinguishable": False}
    better = row | {
        "settings": {"threads": 4},
        "distinguishable": True,
        "gen_tps_low": 170,
        "gen_tps_high": 180,
    }
    report = {"baseline": row, "best": better, "candidates": [row, better], "profile_path": "/p.toml"}
    show_tune(report | {"verdict": "Best: threads 4."}, Printer(is_json=False))
    shown = capsys.readouterr().out
    assert "178.4 tok/s ± 4.9" in shown
    assert "0.72" in shown
    assert "\x1b" not in shown
    defaults, threads = (line for line in shown.splitlines() if line.startswith(("defaults", "threads 4")))
    assert "—" in defaults
    assert "170.0 to 180.0" in threads
    assert "yes" in threads
    assert shown.endswith("profile: /p.toml\n")


@pytest.mark.parametrize("parallel", ["0", "1,,x"])
def test_levels_that_make_no_sense_are_wrong_usage(cli: Cli, tiny: str, parallel: str) -> None:
    assert cli("bench", tiny, "--parallel", parallel).code == 2


def test_tune_prints_the_contracts_document_within_its_budget(cli: Cli, tiny: str) -> None:
    document = cli.json("tune", tiny, "--budget-s", "6")
    keys = {"settings", "prompt_tps", "gen_tps", "memory_bytes", "joules_per_token", "distinguishable"}
    rows: list[dict[str, Any]] = [document["baseline"], document["best"], *document["candidates"]]
    assert all(keys <= row.keys() for row in rows)
    assert document["baseline"]["settings"] == {}
    assert document["baseline"]["gen_tps"] > 0
    assert document["verdict"]
    path = document["profile_path"]
    assert (path is None) == (document["best"]["settings"] == {})
    if path is not None:
        known = tomllib.loads(Path(path).read_text())
        assert known
        assert cli("run", tiny, "Hi", "--max-tokens", "2", "--profile", path).code == 0


def test_a_tune_that_is_interrupted_leaves_nothing_behind(cli: Cli, tiny: str) -> None:
    running = cli.start("tune", tiny, "--json")
    wait_until(lambda: b"/" in running.err, what="the first step")
    running.send(signal.SIGINT)
    done = running.done()
    assert done.code == 130
    assert cli.servers() == []
    assert not list(cli.home.rglob("*tuned*"))


def test_weights_that_are_none_are_told(cli: Cli) -> None:
    done = cli("bench", "./nothing-here.gguf", "--json")
    assert done.code == 1
    assert "nothing-here.gguf" in done.last_line
