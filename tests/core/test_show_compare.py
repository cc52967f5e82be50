"""What `compare` prints for people: what does not count, speed in characters, and costs later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fakes.comparisons import answer, comparison
from steelyard.cli.show_compare import show_comparison, show_history, show_rows
from steelyard.core.values.comparison import Comparison, ComparisonRow

if TYPE_CHECKING:
    import pytest


def test_exclusions_medians_and_costs_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    history = comparison()
    runs = [answer.run for column in history.columns for answer in column.answers]
    show_comparison(
        Comparison(
            id="c",
            schedule="model-by-model",
            runs=runs,
            not_comparable=history.not_comparable,
            summary=history.summary,
        )
    )
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert (
        "not comparable: qwen: ttft_ms, e2e_ms: the model was loaded for this run (4.2 s) (Rerun warm)"
        in lines
    )
    assert "MEDIANS TTFT MS TOK/S CHARS/S TOTAL MS USD" in lines
    assert "qwen — 148.2 640 — 0.00086" in lines, "what cannot be compared is a dash"
    assert "COST COUNTS PROMPT USD 1,000 SUCH USD MONTH OF 50,000 USD" in lines
    assert "qwen local, marginal (electricity) 0.00086 0.86 43" in lines
    assert "qwen local, all-in (machine too) 0.0021 2.1 105" in lines
    assert "gpt-mini API price 0.00021 0.21 10.5" in lines


def test_a_history_is_told_question_by_question(capsys: pytest.CaptureFixture[str]) -> None:
    history = comparison(
        answer(0, id_="r1"),
        answer(1, id_="r2"),
        answer(0, id_="r3", turn=1, question="And then?", parent="r1"),
    )
    show_history(msgspec.structs.replace(history, missing_runs=2))
    shown = capsys.readouterr().out
    assert shown.count("> ") - shown.count("> Expect") == 2
    assert shown.index("== gpt-mini") < shown.index("> And then?")
    assert "2 runs are missing: `steelyard compare resume cmp1` makes them" in shown


def test_the_list_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    row = ComparisonRow(
        id="c1",
        started_at="2026-11-21T14:24:00Z",
        title="A\nB",
        targets=["x", "y"],
        turns=1,
        runs=8,
        planned_runs=12,
        missing_runs=5,
        is_starred=True,
        tags=["sql"],
    )
    show_rows([row])
    assert "c1 2026-11-21 14:24 * A B x, y 7 of 12 sql" in " ".join(capsys.readouterr().out.split())
    show_rows([])
    assert capsys.readouterr().out == "no comparisons\n"
