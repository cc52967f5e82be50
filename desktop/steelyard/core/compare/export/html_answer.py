"""One answer as a card: who exactly answered, what was said, what does not count, and the figures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.compare.export.figures import facts_of, metric_words, notes_of, warmth, who
from steelyard.core.compare.export.prose import code_block, prose
from steelyard.core.compare.export.style import SERIES
from steelyard.core.compare.export.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.comparison import Answer, NotComparable
    from steelyard.core.values.run import Run


def article(at: int, name: str, label: str, answer: Answer, marks: list[NotComparable]) -> str:
    """The card of an answer in column `at`; `label` tells it from others of the same column."""
    run = answer.run
    return "\n".join(
        [
            f"<article>{_head(at, name, label, answer)}",
            f'<div class="answer">{"".join(_said(run))}</div>',
            _marks(marks),
            _facts(run, {metric for mark in marks for metric in mark.metrics}),
            _notes(notes_of(run)),
            "</article>",
        ]
    )


def _head(at: int, name: str, label: str, answer: Answer) -> str:
    state = warmth(answer.run)
    chip = f'<span class="chip {state.split()[0]}">{state}</span>' if state else ""
    more = ", ".join(word for word in (label, "pinned" if answer.is_pinned else "") if word)
    dot = f'<span class="dot" style="background:var(--s{at % SERIES + 1})"></span>'
    label_html = f' <span class="note">{escape(more)}</span>' if more else ""
    return (
        f"<header><h3>{dot}<bdi>{escape(one_line(name))}</bdi>{label_html}{chip}</h3>"
        f'<p class="id">{escape(one_line(who(answer.run)))}</p></header>'
    )


def _said(run: Run) -> Iterator[str]:
    if run.reasoning:
        yield f"<details><summary>Reasoning</summary>{code_block(run.reasoning)}</details>"
    if run.text:
        yield prose(run.text)
    elif run.error is None and not run.tool_calls:
        yield '<p class="note">The answer is empty.</p>'
    if run.tool_calls:
        calls = msgspec.json.format(msgspec.json.encode(run.tool_calls), indent=2).decode()
        yield f'<p class="note">Tool calls; none was carried out.</p>{code_block(calls, "json")}'
    if run.error is not None:
        words = ". ".join(part for part in (run.error.title, run.error.detail) if part)
        yield f'<p class="failed">{escape(one_line(words))}</p>'


def _marks(marks: list[NotComparable]) -> str:
    lines = (
        f"<li><b>Not comparable: {escape(one_line(metric_words(mark.metrics)))}</b>"
        f"{escape(one_line(mark.detail))}</li>"
        for mark in marks
    )
    return f'<ul class="nc">{"".join(lines)}</ul>' if marks else ""


def _facts(run: Run, left_out: set[str]) -> str:
    cells: list[str] = []
    for fact in facts_of(run):
        mark = ' class="out"' if left_out.intersection(fact.metrics) else ""
        value = escape(one_line(fact.value))
        cells.append(f"<div{mark}><dt>{escape(fact.label)}</dt><dd>{value}</dd></div>")
    return f'<dl class="facts">{"".join(cells)}</dl>'


def _notes(notes: list[str]) -> str:
    lines = "".join(f"<li>{escape(one_line(note))}</li>" for note in notes)
    return f'<ul class="notes">{lines}</ul>' if notes else ""
