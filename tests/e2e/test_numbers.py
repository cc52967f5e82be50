"""Figures of a run, computed again from what is stored: by the definitions, not by our code."""

from __future__ import annotations

import json
import statistics
from itertools import pairwise
from typing import TYPE_CHECKING

import apsw
import pytest

if TYPE_CHECKING:
    from .harness import Cli


def quantile(values: list[float], share: float) -> float:
    """Linear interpolation, as a spreadsheet's PERCENTILE does it."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = int(at)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (at - low)


def test_an_outsider_gets_the_same_figures_from_the_stored_events(cli: Cli) -> None:
    done = cli("run", "starter", "Tell me of the sea.", "--max-tokens", "90", "--temperature", "0", "--json")
    run = done.document["run"]
    ledger = apsw.Connection(str(cli.home / "ledger.sqlite3"))
    ((stored,),) = ledger.execute("SELECT times FROM runs WHERE id = ?", (run["id"],))
    ((sent, templated, samplers),) = ledger.execute(
        "SELECT sent, templated, samplers FROM run_details WHERE run_id = ?", (run["id"],)
    )
    ledger.close()
    times, timing, raw = json.loads(stored), run["timing"], run["raw"]
    content = [stamp / 1000 for stamp in times["content"]]
    gaps = [b - a for a, b in pairwise(content)]
    span_ms = content[-1] - content[0]
    exact = {"abs": 0.003, "rel": 1e-4}  # stamps are stored in whole microseconds

    assert timing["ttft_ms"] == pytest.approx(content[0], **exact)
    assert timing["tpot_ms"] == pytest.approx(span_ms / (len(content) - 1), **exact)
    assert timing["gen_tps"] == pytest.approx(1000 * (len(content) - 1) / span_ms, rel=1e-3)
    assert timing["itl_p50_ms"] == pytest.approx(statistics.median(gaps), **exact)
    assert timing["itl_p95_ms"] == pytest.approx(quantile(gaps, 0.95), **exact)
    assert sum(timing["phases_ms"].values()) == pytest.approx(timing["e2e_ms"], abs=1)
    assert timing["prompt_tps"] == pytest.approx(
        1000 * raw["timings"]["prompt_n"] / raw["timings"]["prompt_ms"], rel=1e-9
    )
    assert run["usage"]["prompt_tokens"] == raw["usage"]["prompt_tokens"]
    assert run["usage"]["completion_tokens"] == raw["usage"]["completion_tokens"] == len(content)

    assert json.loads(sent)["messages"][-1]["content"] == "Tell me of the sea."
    assert templated.endswith("<|im_start|>user\nTell me of the sea.<|im_end|>\n<|im_start|>assistant\n")
    assert "top-p" in json.loads(samplers)
