"""Comparisons as text for a person: answers, what does not count, medians and costs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from steelyard.cli.output import answer_text
from steelyard.cli.show import facts_line, show_table
from steelyard.core.base.errors import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.comparison import (
        Comparison,
        ComparisonHistory,
        ComparisonRow,
        NotComparable,
        Replay,
        Spread,
        TargetSummary,
    )
    from steelyard.core.values.run import Run

_DASH = "—"
_TITLE_CHARS = 60


def show_comparison(comparison: Comparison) -> None:
    """All answers with their facts, then what cannot be compared, medians and costs."""
    for run in comparison.runs:
        _show_run(run)
    _show_exclusions(comparison.not_comparable, {run.id: run.target.name for run in comparison.runs})
    _show_summary(comparison.summary)


def show_history(history: ComparisonHistory) -> None:
    """A stored comparison, question by question."""
    print(printable(f"{history.title} ({history.id}, {history.started_at})"))
    if history.missing_runs:
        print(f"{history.missing_runs} runs are missing: `steelyard compare resume {history.id}` makes them")
    answers = [answer for column in history.columns for answer in column.answers]
    asked: tuple[int, int, str] | None = None
    for answer in sorted(answers, key=lambda one: (one.run.turn, one.run.case)):
        place = (answer.run.turn, answer.run.case, answer.question.content)
        if place != asked:
            asked = place
            print(f"\n> {answer_text(answer.question.content)}\n")
        _show_run(answer.run)
    _show_exclusions(history.not_comparable, {answer.run.id: answer.run.target.name for answer in answers})
    _show_summary(history.summary)


def show_rows(rows: list[ComparisonRow]) -> None:
    """The list of comparisons."""
    if not rows:
        print("no comparisons")
        return
    cells = [
        [
            row.id,
            row.started_at[:16].replace("T", " "),
            "*" if row.is_starred else "",
            one_line(row.title)[:_TITLE_CHARS],
            ", ".join(row.targets),
            f"{row.planned_runs - row.missing_runs} of {row.planned_runs}" if row.missing_runs else row.runs,
            ", ".join(row.tags),
        ]
        for row in rows
    ]
    show_table(["ID", "STARTED (UTC)", "", "TITLE", "TARGETS", "RUNS", "TAGS"], cells)


def show_replay(replay: Replay) -> None:
    """Answer by answer whether it is byte for byte the same, and why not."""
    for answer in replay.answers:
        verdict = "byte-identical" if answer.is_identical else "not identical"
        if answer.first_difference_char is not None:
            verdict += f", from character {answer.first_difference_char + 1} on"
        print(printable(f"{answer.target}: {verdict}"))
        for reason in answer.reasons:
            print(printable(f"   {reason}"))
    same = sum(answer.is_identical for answer in replay.answers)
    print(
        f"{same} of {len(replay.answers)} answers are byte-identical (the replay is {replay.comparison.id})"
    )


def _show_run(run: Run) -> None:
    print(printable(f"== {run.target.name} ({run.target.model})"))
    if run.text:
        print(answer_text(run.text))
    if run.error is not None:
        print(one_line(run.error.title, run.error.detail, run.error.hint))
    print(f"   {facts_line(run)}\n")


def _show_exclusions(not_comparable: Iterable[NotComparable], names: dict[str, str]) -> None:
    lines = [
        f"not comparable: {names[item.run_id]}: {', '.join(item.metrics)}: {item.detail}"
        + (f" ({item.remedy})" if item.remedy else "")
        for item in not_comparable
        if item.run_id in names
    ]
    for line, count in Counter(lines).items():
        print(printable(f"{line} ({count} runs)" if count > 1 else line))


def _show_summary(summary: dict[str, TargetSummary]) -> None:
    """Median with the smallest and the largest; below them what it costs later."""
    heads = ["MEDIANS", "TTFT MS", "TOK/S", "CHARS/S", "TOTAL MS", "USD"]
    rows = [
        [
            name,
            _cell(row.ttft_ms, ".0f"),
            _cell(row.gen_tps, ".1f"),
            _cell(row.gen_cps, ".0f"),
            _cell(row.e2e_ms, ".0f"),
            _cell(row.usd, ""),
        ]
        for name, row in summary.items()
    ]
    if rows:
        print()
        show_table(heads, rows)
    if costs := [line for name, row in summary.items() for line in _cost_lines(name, row)]:
        months = {row.outlook.prompts_month for row in summary.values() if row.outlook is not None}
        month = f"MONTH OF {months.pop():,} USD" if len(months) == 1 and None not in months else "MONTH USD"
        print()
        show_table(["COST", "COUNTS", "PROMPT USD", "1,000 SUCH USD", month], costs)


def _cost_lines(name: str, row: TargetSummary) -> list[list[str | None]]:
    outlook = row.outlook
    if outlook is None:
        return []
    ways = [
        ("API price", outlook.price),
        ("local, marginal (electricity)", outlook.marginal),
        ("local, all-in (machine too)", outlook.full),
    ]
    return [
        [name, label, scaled.usd, scaled.per_1000_usd, scaled.month_usd]
        for label, scaled in ways
        if scaled is not None
    ]


def _cell(spread: Spread, digits: str) -> str:
    median, low, high = (
        value if isinstance(value, str) else _DASH if value is None else format(value, digits)
        for value in (spread.median, spread.low, spread.high)
    )
    if not spread.n:
        return _DASH
    return median if spread.n == 1 else f"{median} ({low} to {high}, n {spread.n})"
