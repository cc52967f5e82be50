"""Medians in characters, and what a column costs at the user's volume."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from steelyard.core.compare.fairness.judging import judge
from steelyard.core.compare.summary import summarise
from steelyard.core.costs.outlook import median_usd
from steelyard.core.values.run import Cost, Run, RunState, TargetInfo, Timing

SECONDS_PER_MONTH = 365.25 * 24 * 3600 / 12


def made(number: int, kind: str = "local", **more: Any) -> Run:
    target = TargetInfo(name="t", kind=kind, model="m")
    return Run(id=f"r{number}", started_at="x", target=target, finish_reason="stop", **more)


def local(number: int, marginal: str, full: str | None, e2e_ms: float = 3000.0, **more: Any) -> Run:
    basis = "local_full" if full else "local_marginal"
    cost = Cost(usd=full or marginal, basis=basis, marginal_usd=marginal, full_usd=full)
    timing = Timing(ttft_ms=1000.0, e2e_ms=e2e_ms, gen_tps=20.0, attempts=1)
    return made(number, cost=cost, timing=timing, **more)


def outlook_of(runs: list[Run], month: int | None = None) -> Any:
    return summarise(runs, judge(runs, "model-by-model"), month)["t"].outlook


def test_price_of_an_api_once_a_thousand_times_and_in_a_month() -> None:
    runs = [
        made(at, "api", cost=Cost(usd=usd, basis="api_price"))
        for at, usd in enumerate(("0.00041", "0.00043"))
    ]
    found = outlook_of(runs, 25_000)
    assert (found.basis, found.prompts_month) == ("api_price", 25_000)
    assert (found.price.usd, found.price.per_1000_usd, found.price.month_usd) == ("0.00042", "0.42", "10.5")
    assert (found.marginal, found.full, found.busy_share) == (None, None, None)
    assert outlook_of(runs).price.month_usd is None
    assert outlook_of([made(1, "api")], 25_000) is None, "no price"


def test_local_marginal_and_full_are_told_apart() -> None:
    runs = [local(1, "0.000001", "0.000031"), local(2, "0.000003", "0.000033")]
    found = outlook_of(runs, 1_000_000)
    assert found.basis == "local_full"
    assert (found.marginal.per_1000_usd, found.full.per_1000_usd) == ("0.002", "0.032")
    assert (found.marginal.month_usd, found.full.month_usd) == ("2", "32")
    assert found.price is None
    assert found.busy_share == 1_000_000 * 3 / SECONDS_PER_MONTH
    assert outlook_of([local(1, "0.000001", None)]).basis == "local_marginal"


def test_how_busy_a_machine_would_be_is_known_without_its_price() -> None:
    timing = Timing(ttft_ms=1.0, e2e_ms=500.0, attempts=1)
    found = outlook_of([made(1, timing=timing)], 1000)
    assert (found.basis, found.marginal, found.full) == ("unknown", None, None)
    assert found.busy_share == 500 / SECONDS_PER_MONTH
    assert outlook_of([made(1, timing=timing)]) is None


def test_what_is_not_fair_is_in_no_outlook() -> None:
    fair = local(1, "0.000001", None, e2e_ms=1000)
    slow = local(2, "0.000001", None, e2e_ms=9000, state=RunState(throttled=["thermal"]))
    dear = local(3, "0.000009", None, e2e_ms=1000, state=RunState(template_left_out=["system"]))
    found = outlook_of([fair, slow, dear], 1000)
    assert found.marginal.usd == "0.000001"
    assert found.busy_share == 1000 * 1 / SECONDS_PER_MONTH


def test_half_a_pico_dollar_goes_to_the_even_one() -> None:
    picos = ["0.000000000001", "0.000000000002"]
    assert median_usd(picos) == "0.000000000002"
    assert median_usd(["0.000000000002", "0.000000000003"]) == "0.000000000002"
    assert median_usd(picos, 1000) == "0.0000000015", "scaled before it is rounded"
    assert median_usd(["123456789.000000000001"], 10**12) == str(Decimal("123456789000000000001"))
    assert median_usd([None, None]) is None


def test_characters_a_second_leave_out_what_was_slow_but_not_what_counts_otherwise() -> None:
    timing = Timing(ttft_ms=100.0, e2e_ms=2100.0, gen_tps=50.0, attempts=1)
    states = [RunState(tokenizer="a"), RunState(tokenizer="a", throttled=["power"])]
    runs = [
        made(at, timing=timing, text="x" * 300 * (at + 1), state=state) for at, state in enumerate(states)
    ]
    other = Run(
        id="o",
        started_at="x",
        target=TargetInfo(name="other", kind="local", model="m"),
        column=1,
        finish_reason="stop",
        timing=timing,
        text="x" * 100,
        reasoning="y" * 100,
        state=RunState(tokenizer="b"),
    )
    summary = summarise([*runs, other], judge([*runs, other], "model-by-model"))
    assert (summary["t"].gen_cps.median, summary["t"].gen_cps.n) == (150.0, 1)
    assert (summary["t"].gen_tps.median, summary["t"].gen_tps.n) == (None, 0)
    assert summary["other"].gen_cps.median == 100.0, "reasoning is read, too"
    assert (summary["t"].answer_chars.low, summary["t"].answer_chars.high) == (300, 600)
    assert summary["other"].answer_chars.median == 100
