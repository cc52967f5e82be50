"""A comparison in the HTML that Qt's text documents know, for a picture. Every text in it is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.ui.picture_answer import AnswerCells
from steelyard.ui.picture_html import block, gap, head, plain, table
from steelyard.ui.widgets.facts_format import DASH, duration, rate, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from steelyard.core.values.comparison import Answer, ComparisonHistory, Spread, TargetSummary
    from steelyard.core.values.prompt import Message
    from steelyard.ui.theme.tokens import Tokens
    from steelyard.ui.widgets.facts_format import Figure

MAX_ROUNDS = 4
_MAX_PROMPT_CHARS = 1_200


class Round:
    """One question with its answers by column."""

    def __init__(self, question: Message) -> None:
        self.question = question
        self.cells: dict[int, list[Answer]] = {}


def markup(history: ComparisonHistory, tokens: Tokens, columns: int, chars: int, rounds: int) -> str:
    """The page: so many `rounds`, `columns` answers side by side, of each at most `chars` characters."""
    body = "".join(_parts(history, tokens, columns, chars, rounds))
    return f'<body style="color:{tokens.text}">{body}</body>'


def _parts(history: ComparisonHistory, tokens: Tokens, columns: int, chars: int, most: int) -> Iterator[str]:
    yield block(head(history.title) or "Comparison", f"font-size:22px;font-weight:600;color:{tokens.text}")
    yield block(plain(_told(history)), f"font-size:12px;color:{tokens.text3}") + gap(5)
    rounds = _rounds(history)
    cells = AnswerCells(history, tokens, chars)
    for one in rounds[:most]:
        yield _question(one.question, tokens)
        for first in range(0, len(history.columns), columns):
            places = range(first, min(first + columns, len(history.columns)))
            yield cells.row([(at, one.cells.get(at, [])) for at in places], columns)
    if len(rounds) > most:
        more = f"{len(rounds) - most} more prompts: the HTML export has them all."
        yield block(more, f"font-size:12px;color:{tokens.text3}")
    yield _summary(history, tokens)
    yield block("Weighed with Steelyard", f"font-size:11px;color:{tokens.text3};margin-top:14px")


def _told(history: ComparisonHistory) -> str:
    parts = [f"{history.started_at[:16].replace('T', ' ')} UTC"]
    plan = history.plan
    if plan is not None:
        parts.append(f"max tokens {plan.sampling.max_tokens:,}")
        chosen = {"temperature": plan.sampling.temperature, "seed": plan.sampling.seed}
        shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in chosen.items()}
        parts += [f"{name} {value}" for name, value in shown.items() if value is not None]
    one_by_one = history.schedule == "model-by-model"
    parts.append("one local model at a time, APIs beside it" if one_by_one else "all asked at once")
    return " · ".join(parts)


def _rounds(history: ComparisonHistory) -> list[Round]:
    found: dict[tuple[int, int, str], Round] = {}
    for at, column in enumerate(history.columns):
        for answer in column.answers:
            key = (answer.run.turn, answer.run.case, answer.question.content)
            found.setdefault(key, Round(answer.question)).cells.setdefault(at, []).append(answer)
    return [found[key] for key in sorted(found, key=lambda key: key[:2])]


def _question(question: Message, tokens: Tokens) -> str:
    text = question.content
    if len(text) > _MAX_PROMPT_CHARS:
        text = f"{text[:_MAX_PROMPT_CHARS]}… ({len(text) - _MAX_PROMPT_CHARS:,} more characters)"
    files = ", ".join(file.name for file in question.attachments)
    attached = block(head(f"Attached: {files}", 400), f"font-size:12px;color:{tokens.text3}") if files else ""
    label = block("Prompt", f"font-size:11px;font-weight:600;color:{tokens.text3}")
    inside = f"{label}{block(plain(text, keeps_lines=True), 'font-size:14px')}{attached}"
    style = f"padding:10px 14px;background-color:{tokens.surface}"
    return table([f'<td style="{style}">{inside}</td>'], tokens) + gap(6)


def _summary(history: ComparisonHistory, tokens: Tokens) -> str:
    if not history.summary:
        return ""
    heads = ["Medians", "First token", "Generation", "In characters", "Total", "Cost", "1,000 such"]
    head_style = f"padding:6px 12px;font-size:11px;color:{tokens.text3};background-color:{tokens.surface}"
    style = f"padding:6px 12px;font-size:13px;background-color:{tokens.surface}"
    rows = ["".join(f'<td style="{head_style}">{plain(title)}</td>' for title in heads)]
    for name, row in history.summary.items():
        cells = [name, *_figures(row)]
        rows.append("".join(f'<td style="{style}">{head(cell)}</td>' for cell in cells))
    return gap(4) + table(rows, tokens)


def _figures(row: TargetSummary) -> list[str]:
    outlook = row.outlook
    later = DASH
    if outlook is not None:
        kinds = (
            (" API price", outlook.price),
            (" electricity", outlook.marginal),
            (" all-in", outlook.full),
        )
        told = [f"{usd(scaled.per_1000_usd).text}{kind}" for kind, scaled in kinds if scaled is not None]
        later = ", ".join(told) or DASH
    money = row.usd.median
    return [
        _median(row.ttft_ms, duration),
        _median(row.gen_tps, rate),
        DASH if not isinstance(row.gen_cps.median, float) else f"{row.gen_cps.median:,.0f} char/s",
        _median(row.e2e_ms, duration),
        usd(money if isinstance(money, str) else None).text,
        later,
    ]


def _median(spread: Spread, text: Callable[[float | None], Figure]) -> str:
    return text(spread.median if isinstance(spread.median, float) else None).text
