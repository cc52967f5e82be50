"""A comparison as one HTML file that needs nothing else: no script, no network, whatever a model wrote."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from steelyard.core.compare.export.figures import (
    SUMMARY_HEADS,
    busy_text,
    metric_words,
    outlook_heads,
    outlook_rows,
    summary_cells,
)
from steelyard.core.compare.export.html_answer import article
from steelyard.core.compare.export.prose import code_block
from steelyard.core.compare.export.style import style_sheet
from steelyard.core.compare.export.text import one_line, visible
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
    from collections.abc import Iterable, Iterator

    from steelyard.core.compare.export.view import Round
    from steelyard.core.values.comparison import ComparisonHistory, NotComparable

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_html(history: ComparisonHistory) -> str:
    """A page of its own, for a browser or for paper."""
    title = escape(one_line(headline(history)))
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>\n<style>\n{style_sheet()}</style>\n</head>\n<body>",
            *_body(history, title),
            "</body>\n</html>\n",
        ]
    )


def _body(history: ComparisonHistory, title: str) -> Iterator[str]:
    told = [moment(history), *settings_of(history), *history.tags]
    yield f"<h1>{title}</h1>"
    yield '<p class="meta">' + "".join(f"<span>{escape(one_line(words))}</span>" for words in told) + "</p>"
    if history.system:
        yield f"<details open><summary>System prompt</summary>{code_block(history.system)}</details>"
    rounds, marks = rounds_of(history), marks_by_run(history)
    for one in rounds:
        yield from _round(history, one, rounds, marks)
    if not rounds:
        yield '<p class="note">There is no answer yet.</p>'
    yield from _summary(history)
    yield from _exclusions(history)
    yield from _costs(history)
    yield "<h2>How it was measured</h2>"
    yield _plain_list(how_measured(history))
    command, needs = command_of(history)
    if command:
        yield f"<h2>The same again</h2>{code_block(command)}{_plain_list(needs)}"
    yield f"<footer>Comparison {escape(one_line(history.id))}, weighed with Steelyard.</footer>"


def _round(
    history: ComparisonHistory, one: Round, rounds: list[Round], marks: dict[str, list[NotComparable]]
) -> Iterator[str]:
    title = round_title(one, rounds)
    if title:
        yield f"<h2>{escape(title)}</h2>"
    if one.values:
        pairs = (
            f'<div><dt>{escape(one_line(name))}</dt><dd dir="auto">{escape(one_line(value))}</dd></div>'
            for name, value in one.values.items()
        )
        yield f'<dl class="values">{"".join(pairs)}</dl>'
    names = ", ".join(one_line(file.name) for file in one.question.attachments)
    files = f'<span class="files">Attached: {escape(names)}</span>' if names else ""
    text = escape(visible(one.question.content))
    yield f'<div class="card asked" dir="auto"><span class="who">Prompt</span>{text}{files}</div>'
    for number in range(max(len(answers) for answers in one.cells.values())):
        yield '<div class="columns">'
        for at, column in enumerate(history.columns):
            answers = one.cells.get(at, [])
            if number < len(answers):
                run_marks = marks.get(answers[number].run.id, [])
                label = f"run {number + 1} of {len(answers)}" if len(answers) > 1 else ""
                yield article(at, column.target, label, answers[number], run_marks)
            elif len(rounds) == 1 or answers:
                yield f'<div class="empty">{escape(one_line(column.target))}: no answer</div>'
        yield "</div>"


def _summary(history: ComparisonHistory) -> Iterator[str]:
    if history.summary:
        yield "<h2>Medians of what can be compared</h2>"
        yield _table(SUMMARY_HEADS, (summary_cells(name, row) for name, row in history.summary.items()))


def _exclusions(history: ComparisonHistory) -> Iterator[str]:
    yield "<h2>Not comparable</h2>"
    rows = [
        [row.target, metric_words(row.metrics), row.detail, row.remedy or "—", str(row.count)]
        for row in exclusions_of(history)
    ]
    if rows:
        yield _table(["Target", "Figures left out", "Why", "Remedy", "Runs"], rows)
    else:
        yield '<p class="note">Nothing was left out: all figures can be compared.</p>'


def _costs(history: ComparisonHistory) -> Iterator[str]:
    outlooks = {name: row.outlook for name, row in history.summary.items() if row.outlook is not None}
    rows = [line for name, outlook in outlooks.items() for line in outlook_rows(name, outlook)]
    if not rows:
        return
    yield "<h2>Cost</h2>"
    yield _table(outlook_heads(list(outlooks.values())), rows)
    if busy := [text for name, outlook in outlooks.items() if (text := busy_text(name, outlook))]:
        yield _plain_list(busy)


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f'<td dir="auto">{escape(one_line(cell))}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f'<div class="card scroll"><table><tr>{head}</tr>{body}</table></div>'


def _plain_list(lines: list[str]) -> str:
    return '<ul class="plain">' + "".join(f"<li>{escape(one_line(line))}</li>" for line in lines) + "</ul>"
