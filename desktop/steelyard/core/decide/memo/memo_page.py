"""The memo as a page. Plain tables only, so that a browser and Qt's text document draw the same."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import printable
from steelyard.core.base.paths import data_root
from steelyard.core.decide.cases.key_words import CONFIDENCE, PATTERNS, UNKNOWN, VERDICTS, label, value_text
from steelyard.core.decide.figures import money_text, share_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from steelyard.core.decide.memo.memo_content import MemoContent, MemoLine
    from steelyard.core.values.costs import Bar
    from steelyard.core.values.decision import ClassRoute, Decision, Flip, OptionCost

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST_TEXT = 130
_MOST_REASONS = 5
_MOST_LINES = 12
_MOST_ROWS = 5
_MOST_BARS = 6
_MOST_REASON = 240
_MIX = "Output, of the tokens"
_MOST_CLASSES = 8
_NUMBER = ' class="number"'


def page(decision: Decision, content: MemoContent) -> str:
    """The whole document. Lists are cut where the page would not hold them, and say how much is left out."""
    title = _text(content.title)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>",
            *_head(decision, content, title),
            *_options(decision),
            '<table class="two" width="100%"><tr>',
            f'<td class="left" width="50%">{"".join(_left(decision, content))}</td>',
            f'<td class="right" width="50%">{"".join(_right(decision))}</td>',
            "</tr></table>",
            *_foot(decision, content),
            "</body>\n</html>\n",
        ]
    )


def _head(decision: Decision, content: MemoContent, title: str) -> Iterator[str]:
    number = "not kept" if content.number is None else f"verdict {content.number}"
    day = content.date[:10]
    yield f'<p class="meta">Decision memo, {number}, {_text(day)}</p>\n<h1>{title}</h1>'
    yield f'<p class="question">{_text(content.question)}</p>'
    word = VERDICTS[decision.verdict]
    pattern = f", {PATTERNS[decision.pattern]}" if decision.pattern else ""
    if decision.verdict == "managed":
        pattern = ", an open model that somebody else hosts"
    share = "" if decision.share_cheapest is None else f", {share_text(round(decision.share_cheapest, 2))}"
    confidence = f"{CONFIDENCE[decision.confidence]}{share}"
    yield f'<p class="verdict">{word}<span class="sure">{pattern} ({confidence})</span></p>'
    if decision.summary:
        yield f"<p>{_text(decision.summary, 400)}</p>"
    if decision.changed:
        told = "; ".join(one.text or one.what for one in decision.changed[:_MOST_ROWS])
        yield f'<p class="small">Since the last verdict: {_text(told, 300)}</p>'


def _options(decision: Decision) -> Iterator[str]:
    yield _heading("The four ways, USD a month")
    yield _table(("", "P10", "P50", "P90", "Feasible"), map(_option_cells, decision.options), (1, 2, 3))


def _class_rows(classes: list[ClassRoute]) -> list[tuple[str, str, str]]:
    """Classes that go the same way for the same reason share a row."""
    names: dict[tuple[str, str], list[str]] = {}
    for one in classes:
        share = "" if one.token_share is None else f" {share_text(one.token_share)}"
        names.setdefault((one.route, one.why), []).append(f"{one.name}{share}")
    return [(", ".join(of), route, why) for (route, why), of in names.items()]


def _left(decision: Decision, content: MemoContent) -> Iterator[str]:
    yield _heading("Workload")
    yield _lines(content.workload)
    yield _heading("Measured facts")
    yield _lines(content.measured) if content.measured else _note("Nothing in this case was measured.")
    for name, lines in (("Limits", content.limits), ("Assumptions", content.assumptions)):
        yield _heading(name)
        yield _by_origin(lines) if lines else _note("None is stated.")
    yield _heading("What they move")
    yield from _sensitivity(decision)


def _right(decision: Decision) -> Iterator[str]:
    yield _heading("Why")
    told = [f"{one.text} [{_origin(one.origin, one.source)}]" for one in decision.reasons]
    yield _list(told, _MOST_REASONS, _MOST_REASON)
    if decision.classes:
        rows = _class_rows(decision.classes)
        yield _heading("Where each class of work goes")
        yield _table(("Class", "Goes to", "Why"), rows[:_MOST_CLASSES]) + _more(len(rows), _MOST_CLASSES)
    yield _heading("What would flip it")
    flips = [_flip(one) for one in decision.flips]
    yield _list(flips, _MOST_ROWS) if flips else _note("No single change that was tried.")
    yield _heading("Not known")
    unknowns = [f"{label(one.what)}: {one.how_to_settle}" for one in decision.unknowns]
    yield _list(unknowns, _MOST_ROWS) if unknowns else _note("Nothing that the verdict would need.")


def _foot(decision: Decision, content: MemoContent) -> Iterator[str]:
    counts = content.sources
    told = f"{counts.agree} agree, {counts.disagree} disagree, {counts.undecided} do not decide it"
    review = decision.review_at_tokens_month
    again = "" if review is None else f" Look again at {value_text('tokens_month', review)} tokens a month."
    yield f'<p class="small">Published rules beside this verdict: {told}. They are never decisive.{again}</p>'
    yield _heading("The same again")
    command = f"<code>{escape(content.command)}</code>"
    case = f"<pre>{escape(content.case_toml)}</pre>"
    if content.profile_toml is None:
        yield f'<p class="small">{command} with this as CASE.toml:</p>\n{case}'
        return
    profile = f"<pre>{escape(content.profile_toml)}</pre>"
    yield f'<p class="small">{command} with these as CASE.toml and, beside it, PROFILE.toml:</p>'
    yield f'<table class="two" width="100%"><tr><td width="50%">{case}</td><td>{profile}</td></tr></table>'


def _sensitivity(decision: Decision) -> Iterator[str]:
    found = decision.sensitivity
    if found is None:
        yield _note(f"{UNKNOWN} It takes volume, prices and fixed costs.")
        return
    base = Decimal(found.base_usd_month)
    told = (
        f"cost {money_text(-base)} a month more than"
        if base < 0
        else f"save {money_text(base)} a month against"
    )
    yield _note(f"Own machines {told} the API; with one input moved at a time they save:")
    yield _table(("Input", "From, to", "Saves"), map(_bar_cells, found.bars[:_MOST_BARS]))


def _bar_cells(bar: Bar) -> tuple[str, str, str]:
    ends = ", ".join(_bar_end(bar, value) for value in (bar.low, bar.high))
    saving = ", ".join(money_text(Decimal(text)) for text in (bar.saving_low_usd, bar.saving_high_usd))
    return _MIX if bar.what.endswith("workload.mix") else label(bar.what), ends, saving


def _bar_end(bar: Bar, value: float | str) -> str:
    """Money comes as decimal text; a mix is moved by its share of output."""
    if bar.what.endswith("workload.mix") and isinstance(value, float):
        return share_text(value)
    return value_text(bar.what, Decimal(value)) if _is_number(value) else str(value)


def _is_number(value: float | str) -> bool:
    return not isinstance(value, str) or value.removeprefix("-").replace(".", "", 1).isdecimal()


def _option_cells(option: OptionCost) -> tuple[str, ...]:
    money = (option.usd_month_p10, option.usd_month_p50, option.usd_month_p90)
    told = (UNKNOWN if usd is None else money_text(Decimal(usd)) for usd in money)
    return VERDICTS[option.name], *told, "yes" if option.feasible else f"no: {option.why_not or UNKNOWN}"


def _flip(flip: Flip) -> str:
    if flip.text:
        return flip.text
    before, after = (value_text(flip.what, value) for value in (flip.from_, flip.to))
    return f"{label(flip.what)}: {before} → {after}, then {VERDICTS[flip.verdict]}"


def _origin(origin: str, source: str | None) -> str:
    return f"{origin}, {source}" if source else origin


def _told_origin(line: MemoLine) -> str:
    """Measured ones say how; where the others come from is told beside the case at the end."""
    if line.origin is None:
        return line.note
    return _origin(line.origin, line.note or None) if line.origin == "measured" else line.origin


def _lines(lines: list[MemoLine]) -> str:
    rows = ((one.label, one.value, _told_origin(one)) for one in lines[:_MOST_LINES])
    return _table(None, rows) + _more(len(lines), _MOST_LINES)


def _by_origin(lines: list[MemoLine]) -> str:
    """One paragraph for each origin: there may be forty of them."""
    told: dict[str, list[str]] = {}
    for one in lines:
        told.setdefault(one.origin or UNKNOWN, []).append(f"{_text(one.label)} <b>{_text(one.value, 40)}</b>")
    return "".join(
        f'<p class="facts">{"; ".join(facts)} <span class="small">({origin})</span></p>'
        for origin, facts in told.items()
    )


def _table(
    heads: tuple[str, ...] | None, rows: Iterable[tuple[str, ...]], numbers: tuple[int, ...] = ()
) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        marked = ((_NUMBER if at in numbers else "", cell) for at, cell in enumerate(row))
        return "".join(f"<{tag}{mark}>{_text(cell)}</{tag}>" for mark, cell in marked)

    head = "" if heads is None else f"<tr>{cells(heads, 'th')}</tr>"
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<table class="rows" width="100%">{head}{body}</table>'


def _list(lines: list[str], most: int, most_text: int = _MOST_TEXT) -> str:
    items = "".join(f"<li>{_text(line, most_text)}</li>" for line in lines[:most])
    return f"<ul>{items}</ul>{_more(len(lines), most)}"


def _more(count: int, most: int) -> str:
    return _note(f"and {count - most} more") if count > most else ""


def _heading(text: str) -> str:
    # Qt sizes <h2> by its level, whatever the style says.
    return f'<p class="heading" role="heading" aria-level="2">{text}</p>'


def _note(text: str) -> str:
    return f'<p class="small">{_text(text)}</p>'


def _text(value: Any, most: int = _MOST_TEXT) -> str:
    """One line of somebody's text, cut, with nothing in it that acts."""
    words = " ".join(printable(str(value)).split())
    return escape(words if len(words) <= most else f"{words[: most - 1]}…")


def _style() -> str:
    return (data_root() / "resources" / "memo.css").read_text(encoding="utf-8")
