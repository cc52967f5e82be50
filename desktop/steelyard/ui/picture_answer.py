"""Answers side by side in a picture: who answered, what was said, what does not count, and the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.picture_html import block, gap, head, plain, prose, table
from steelyard.ui.widgets.facts_format import DASH, Fact, count, duration, energy, memory, rate, usd

if TYPE_CHECKING:
    from steelyard.core.values.comparison import Answer, ComparisonHistory, NotComparable
    from steelyard.core.values.run import Run
    from steelyard.ui.theme.tokens import Tokens

_FINISH_WORDS = {"length": "cut", "tool_calls": "tool calls", "content_filter": "filtered", "error": "failed"}
_COST_WORDS = {
    "api_price": "Cost, API price",
    "local_marginal": "Cost, electricity",
    "local_full": "Cost, all-in",
}
_FACTS_A_ROW = 4


class AnswerCells:
    """Lays out one row of answers as rows of one table, so that the parts stand level."""

    def __init__(self, history: ComparisonHistory, tokens: Tokens, chars: int) -> None:
        self._history = history
        self._tokens = tokens
        self._chars = chars
        self._marks: dict[str, list[NotComparable]] = {}
        for item in history.not_comparable:
            self._marks.setdefault(item.run_id, []).append(item)

    def row(self, answers: list[tuple[int, list[Answer]]], columns: int) -> str:
        """The last answer of each column; how many there are is said."""
        tokens = self._tokens
        grounds = (tokens.surface, tokens.surface, tokens.warn_soft, tokens.raised)
        rows: list[str] = []
        for kind, ground in enumerate(grounds):
            cells = [self._part(kind, at, runs) for at, runs in answers]
            cells += [""] * (columns - len(answers))
            if any(cells):
                rows.append(
                    "".join(_cell(cell, ground if cell else tokens.raised, columns) for cell in cells)
                )
        return table(rows, tokens) + gap(8)

    def _part(self, kind: int, at: int, answers: list[Answer]) -> str:
        if not answers:
            name = head(self._history.columns[at].target)
            return block(f"{name}: no answer", f"color:{self._tokens.text3}") if kind == 0 else ""
        run = answers[-1].run
        parts = (self._head, self._said, self._excluded, self._facts)
        return parts[kind](at, run, len(answers))

    def _head(self, at: int, run: Run, number: int) -> str:
        tokens = self._tokens
        colour = (tokens.s1, tokens.s2, tokens.s3, tokens.s4, tokens.s5)[at % 5]
        more = f" · the last of {number} runs" if number > 1 else ""
        cold = {True: " · cold start", False: " · warm", None: ""}[run.state.cold]
        name = f'<span style="color:{colour}">■</span>&nbsp;&nbsp;{head(self._history.columns[at].target)}'
        return block(name, "font-size:16px;font-weight:600") + block(
            head(f"{_who(run)}{cold}{more}", 240), f"font-size:11px;color:{tokens.text3}"
        )

    def _said(self, _at: int, run: Run, _number: int) -> str:
        text = run.text
        left = len(text) - self._chars
        if left > 0:
            text = text[: self._chars]
        parts = [prose(text, self._tokens)]
        if left > 0:
            note = f"… {left:,} more characters: the HTML export has them all."
            parts.append(block(note, f"font-size:12px;color:{self._tokens.text3}"))
        if run.tool_calls:
            parts.append(block(f"{len(run.tool_calls)} tool calls", f"color:{self._tokens.text3}"))
        if run.error is not None:
            words = ". ".join(filter(None, (run.error.title, run.error.detail)))
            parts.append(block(head(words, 800), f"color:{self._tokens.bad}"))
        return "".join(parts)

    def _excluded(self, _at: int, run: Run, _number: int) -> str:
        look = f"font-size:12px;color:{self._tokens.warn}"
        return "".join(
            block(f"<b>Not comparable</b> {head(mark.detail, 400)}", look)
            for mark in self._marks.get(run.id, [])
        )

    def _facts(self, _at: int, run: Run, _number: int) -> str:
        left_out = {metric for mark in self._marks.get(run.id, []) for metric in mark.metrics}
        tokens = self._tokens
        facts = _facts_of(run, left_out)
        cells = [_fact(fact, tokens) for fact in facts]
        rows = ["".join(cells[at : at + _FACTS_A_ROW]) for at in range(0, len(cells), _FACTS_A_ROW)]
        return f'<table width="100%">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'


def _cell(content: str, ground: str, columns: int) -> str:
    style = f"padding:10px 14px;background-color:{ground};vertical-align:top"
    return f'<td width="{100 // columns}%" style="{style}">{content}</td>'


def _fact(fact: Fact, tokens: Tokens) -> str:
    label = block(plain(fact.label), f"font-size:11px;color:{tokens.text3}")
    colour = tokens.warn if fact.tone else tokens.text
    value = block(plain(fact.text), f"font-size:13px;font-weight:600;color:{colour}")
    return f'<td style="padding:0px 10px 4px 0px">{label}{value}</td>'


def _who(run: Run) -> str:
    target = run.target
    if target.weights is None:
        return " · ".join(filter(None, ("API", target.endpoint_host, target.model)))
    sha = f"sha256 {target.weights.sha256[:8]}" if target.weights.sha256 else "not hashed"
    engine = f"{target.engine.build} {target.engine.backend}" if target.engine else ""
    return " · ".join(filter(None, ("Local", target.weights.file, sha, engine)))


def _facts_of(run: Run, left_out: set[str]) -> list[Fact]:
    timing, usage, held = run.timing, run.usage, run.memory
    about = "~" if usage.source == "estimated" else ""
    tokens = f"{about}{count(usage.prompt_tokens)} → {about}{count(usage.completion_tokens)}"
    is_vram = held.vram_peak_bytes is not None
    peak = memory(held.vram_peak_bytes if is_vram else held.ram_peak_bytes)
    finish = run.finish_reason or DASH

    def told(label: str, text: str, metric: str = "") -> Fact:
        return Fact(label, text, tone="warn" if metric in left_out else "")

    return [
        told("First token", duration(timing.ttft_ms).text, "ttft_ms"),
        told("Generation", rate(timing.gen_tps).text, "gen_tps"),
        told("Tokens in → out", tokens),
        told("Finish", _FINISH_WORDS.get(finish, finish)),
        told("Energy", energy(run.energy.joules).text),
        told(_COST_WORDS.get(run.cost.basis, "Cost"), usd(run.cost.usd).text, "usd"),
        told("VRAM peak" if is_vram else "Memory peak", peak.text),
        told("Total", duration(timing.e2e_ms).text, "e2e_ms"),
    ]
