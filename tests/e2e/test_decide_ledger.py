"""Costs and a verdict from real runs of the starter model: measured figures say so, and are not made firm."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from .harness import ledger

if TYPE_CHECKING:
    from pathlib import Path

    from .harness import Cli

SETTINGS = """
[energy]
idle_watts = 20
active_watts = 65
tariff_usd_per_kwh = 0.30

[hardware]
price_usd = 1200
life_months = 48
busy_share = 0.2

[costs]
comparator = "openai/gpt-4o-mini"
"""
PROMPTS = ("Say hello.", "Name three rivers.", "Count to twenty.")


@pytest.fixture(scope="module")
def used(module_cli: Cli) -> Cli:
    """A home in which the starter has answered."""
    settings = module_cli.home / "settings.toml"
    settings.write_text(settings.read_text() + SETTINGS)
    for number, prompt in enumerate(PROMPTS):
        class_ = "chat" if number else "greeting"
        module_cli.json("run", "starter", prompt, "--max-tokens", "24", "--class", class_)
    return module_cli


@pytest.fixture(scope="module")
def runs(used: Cli) -> list[tuple[Any, ...]]:
    return ledger(
        used.home,
        "SELECT prompt_tokens, completion_tokens, document ->> '$.cost.marginal_usd',"
        " document ->> '$.cost.full_usd' FROM runs",
    )


def test_the_ledger_adds_up_to_the_pico_dollar(used: Cli, runs: list[tuple[Any, ...]]) -> None:
    total = used.json("costs", "ledger")["total"]
    assert total["runs"] == len(PROMPTS)
    assert total["prompt_tokens"] == sum(run[0] for run in runs)
    assert total["completion_tokens"] == sum(run[1] for run in runs)
    assert Decimal(total["local_marginal_usd"]) == sum(Decimal(run[2]) for run in runs)
    assert Decimal(total["local_full_usd"]) == sum(Decimal(run[3]) for run in runs)
    assert Decimal(total["local_full_usd"]) > Decimal(total["local_marginal_usd"]) > 0
    assert total["api_usd"] is None


def test_what_it_would_have_cost_is_kept_apart(used: Cli, runs: list[tuple[Any, ...]]) -> None:
    found = used.json("costs", "ledger", "--by", "class")
    assert found["comparator"]["price_date"]
    assert {row["key"] for row in found["rows"]} == {"greeting", "chat"}
    elsewhere = Decimal(found["total"]["would_have_usd"])
    million = Decimal(10**6)
    expected = sum(run[0] * Decimal("0.15") + run[1] * Decimal("0.60") for run in runs) / million
    assert elsewhere == expected
    assert Decimal(found["total"]["saved_usd"]) == elsewhere - Decimal(found["total"]["local_full_usd"])


def test_a_csv_has_a_line_for_each_row(used: Cli, tmp_path: Path) -> None:
    target = tmp_path / "ledger.csv"
    used.json("costs", "ledger", "--by", "class", "--csv", str(target))
    lines = target.read_text().splitlines()
    assert len(lines) >= 3
    assert "would_have_usd" in lines[0]


def test_a_verdict_from_the_ledger_is_measured_and_provisional(used: Cli) -> None:
    found = used.json("decide", "--from-ledger")
    case = found["case"]
    assert found["confidence"] == "provisional"
    assert case["origins"]["workload.tokens_month"] == "measured"
    assert case["origins"]["workload.mix"] == "measured"
    assert float(case["workload"]["tokens_month"]) > 0
    assert "runs" in case["notes"]["workload.tokens_month"]
    rates = case["self"]["profile"]["rates"]
    assert float(rates["gen_tps"]) > 0
    assert case["self"]["profile"]["origins"]["rates.gen_tps"] == "measured"
    assert case["self"]["profile"]["origins"]["energy.tariff_usd_per_kwh"] == "user"
    assert {reason["origin"] for reason in found["reasons"]} & {"measured"}
    assert "workload.tokens_month" in {unknown["what"] for unknown in found["unknowns"]}


def test_what_the_user_states_goes_before_what_was_measured(used: Cli, tmp_path: Path) -> None:
    case = tmp_path / "case.toml"
    case.write_text('[workload]\ntokens_month = 50e6\n[api]\nmodel = "openai/gpt-4o"\n')
    memo = tmp_path / "memo.html"
    found = used.json("decide", str(case), "--from-ledger", "--memo", str(memo))
    assert Decimal(found["case"]["workload"]["tokens_month"]) == 50_000_000
    assert "workload.tokens_month" not in {
        key for key, origin in found["case"]["origins"].items() if origin == "measured"
    }
    assert found["confidence"] == "provisional"
    text = memo.read_text()
    assert "measured" in text
    assert "steelyard decide" in text
