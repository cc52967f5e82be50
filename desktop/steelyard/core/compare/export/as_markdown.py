"""A comparison as Markdown, to be read in a terminal, an issue or a wiki."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.compare.export.figures import (
    SUMMARY_HEADS,
    busy_text,
    facts_of,
    metric_words,
    notes_of,
    outlook_heads,
    outlook_rows,
    summary_cells,
    warmth,
    who,
)
from steelyard.core.compare.export.text import fenced, plain
from steelyard.core.compare.export.view import (
    command_of,
    exclusions_of,
    headline,
    how_measured,
    marks_by_run,
    moment,
    round_title,
    rounds_of,
    settings_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.compare.export.view import Round
    from steelyard.core.values.comparison import Answer, ComparisonHistory, NotComparable


def to_markdown(history: ComparisonHistory) -> str:
    """Prompt, answers with their facts, what does not count, medians, costs, and how it was measured."""
    return "\n\n".join(_parts(history)) + "\n"


def _parts(history: ComparisonHistory) -> Iterator[str]:
    yield f"# {plain(headline(history))}"
    settings = "".join(f" · {plain(words)}" for words in settings_of(history))
    yield f"{moment(history)}{settings}"
    if history.system:
        yield f"**System prompt**\n\n{fenced(history.system, 'text')}"
    rounds, marks = rounds_of(history), marks_by_run(history)
    for one in rounds:
        yield from _round(history, one, rounds, marks)
    if not rounds:
        yield "There is no answer yet."
    yield from _exclusions(history)
    yield from _summary(history)
    yield from _costs(history)
    yield "## How it was measured\n\n" + "\n".join(f"- {line}" for line in how_measured(history))
    command, needs = command_of(history)
    if command:
        yield "## Again\n\n" + fenced(command, "sh")
        yield "\n".join(f"- {plain(line)}" for line in needs)


def _round(
    history: ComparisonHistory, one: Round, rounds: list[Round], marks: dict[str, list[NotComparable]]
) -> Iterator[str]:
    title = round_title(one, rounds)
    yield f"## {title}" if title else "## Prompt"
    if one.values:
        yield "\n".join(f"- {plain(name)}: {plain(value)}" for name, value in one.values.items())
    yield fenced(one.question.content, "text")
    if one.question.attachments:
        names = (f"{plain(file.name)} ({file.size_bytes:,} bytes)" for file in one.question.attachments)
        yield "Attached: " + ", ".join(names)
    for at, answers in sorted(one.cells.items()):
        for number, answer in enumerate(answers, 1):
            count = f", run {number} of {len(answers)}" if len(answers) > 1 else ""
            yield f"### {plain(history.columns[at].target)}{count}"
            yield from _answer(answer, marks.get(answer.run.id, []))


def _answer(answer: Answer, marks: list[NotComparable]) -> Iterator[str]:
    run = answer.run
    state = "".join(f" · {word}" for word in (warmth(run), "pinned" if answer.is_pinned else "") if word)
    yield f"{plain(who(run))}{state}"
    if run.reasoning:
        yield f"Reasoning\n\n{fenced(run.reasoning, 'text')}"
    if run.text:
        yield fenced(run.text, "markdown")
    if run.tool_calls:
        yield "Tool calls (not carried out)\n\n" + fenced(_json(run.tool_calls), "json")
    if run.error is not None:
        yield f"**Failed:** {plain(run.error.title)}. {plain(run.error.detail)}"
    left_out = {metric for mark in marks for metric in mark.metrics}
    facts = facts_of(run)
    heads = [f"{fact.label} ⚠" if left_out.intersection(fact.metrics) else fact.label for fact in facts]
    yield _table(heads, [[fact.value for fact in facts]])
    lines = [f"- Not comparable: {plain(metric_words(mark.metrics))}: {plain(mark.detail)}" for mark in marks]
    lines += [f"- {plain(note)}" for note in notes_of(run)]
    if lines:
        yield "\n".join(lines)


def _exclusions(history: ComparisonHistory) -> Iterator[str]:
    rows = [
        [row.target, metric_words(row.metrics), row.code, row.detail, row.remedy or "none", str(row.count)]
        for row in exclusions_of(history)
    ]
    yield "## Not comparable"
    heads = ["Target", "Figures", "Code", "Why", "Remedy", "Runs"]
    yield _table(heads, rows) if rows else "Nothing was left out: all figures can be compared."


def _summary(history: ComparisonHistory) -> Iterator[str]:
    if history.summary:
        rows = [summary_cells(name, row) for name, row in history.summary.items()]
        yield "## Medians of what can be compared\n\n" + _table(SUMMARY_HEADS, rows)


def _costs(history: ComparisonHistory) -> Iterator[str]:
    outlooks = {name: row.outlook for name, row in history.summary.items() if row.outlook is not None}
    rows = [line for name, outlook in outlooks.items() for line in outlook_rows(name, outlook)]
    if rows:
        yield "## Cost\n\n" + _table(outlook_heads(list(outlooks.values())), rows)
    busy = [text for name, outlook in outlooks.items() if (text := busy_text(name, outlook))]
    if busy:
        yield "\n".join(f"- {plain(text)}" for text in busy)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([plain(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _json(value: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
