"""`decide …`: a verdict from a case, a shipped scenario or the ledger; the memo beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli.cost_files import case_at, show_keys
from steelyard.cli.cost_texts import money, tokens_text
from steelyard.cli.outfile import write_file
from steelyard.cli.output import say
from steelyard.cli.show import show_table
from steelyard.core.base.errors import UsageError, printable
from steelyard.core.base.paths import user_path
from steelyard.core.decide.cases.case_file import CASE_KEYS
from steelyard.core.decide.memo.memo import memo_html, memo_json
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.decision import Case, Decision, DecisionBook, DecisionHead

if TYPE_CHECKING:
    import argparse

    from steelyard.cli.costs import Ask
    from steelyard.cli.output import Printer

_MEMO_KINDS = (".html", ".htm", ".json")


async def run_decide(words: argparse.Namespace, printer: Printer, ask: Ask) -> None:
    """Carry out `decide`.

    Raises:
        AppError: in words for the user.
    """
    if words.explain:
        show_keys(CASE_KEYS, printer)
        return
    if words.memo is not None and not words.memo.lower().endswith(_MEMO_KINDS):
        raise UsageError(
            "Wrong usage",
            f"{words.memo} ends in none of {', '.join(_MEMO_KINDS)}",
            "The app's Decide page writes PDF.",
        )
    match words.words:
        case ["scenarios"]:
            await _scenarios(printer, ask)
        case ["history"]:
            await _history(printer, ask)
        case _:
            decision = await _decision(words, ask)
            if words.memo is not None:
                _write_memo(decision, words.memo)
            printer.document(decision, lambda: _show(decision))


async def _decision(words: argparse.Namespace, ask: Ask) -> Decision:
    match words.words:
        case ["scenario", name]:
            command: cc.DecideCommand = cc.DecideScenario(id=name)
        case ["history", decision_id]:
            command = cc.ReadDecision(id=decision_id)
        case [] if words.from_ledger:
            command = _decide(Case(), words)
        case [path] if path != "scenario":
            command = _decide(case_at(path), words)
        case _:
            raise UsageError(
                "Wrong usage",
                "give one CASE.toml, --from-ledger, scenarios, scenario NAME, or history [ID]",
                "`steelyard decide --explain` prints the keys of a case.",
            )
    return msgspec.convert(msgspec.to_builtins(await ask(command)), Decision)


def _decide(case: Case, words: argparse.Namespace) -> cc.Decide:
    is_kept = words.keep is not None
    return cc.Decide(case=case, from_ledger=words.from_ledger, keep=is_kept, title=words.keep or "")


async def _scenarios(printer: Printer, ask: Ask) -> None:
    book = msgspec.convert(msgspec.to_builtins(await ask(cc.ReadDecisionBook())), DecisionBook)
    document = {
        "scenarios": [
            {
                "name": one.id,
                "title": one.name,
                "text": one.text,
                "source": one.source,
                "source_says": one.source_says,
                "case": one.case,
            }
            for one in book.scenarios
        ]
    }
    rows = [[one.id, one.name, one.source_says, one.source] for one in book.scenarios]
    printer.document(document, lambda: show_table(["NAME", "CASE", "THE SOURCE SAYS", "SOURCE"], rows))


async def _history(printer: Printer, ask: Ask) -> None:
    heads = msgspec.convert(msgspec.to_builtins(await ask(cc.ListDecisions())), list[DecisionHead])
    rows = [[one.id, one.at[:10], one.title, one.number, one.verdict, one.confidence] for one in heads]
    headers = ["ID", "DATE", "TITLE", "VERSION", "VERDICT", "CONFIDENCE"]
    printer.document({"decisions": heads}, lambda: show_table(headers, [list(row) for row in rows]))


def _write_memo(decision: Decision, path: str) -> None:
    text = memo_json(decision) if path.lower().endswith(".json") else memo_html(decision)
    write_file(user_path(path), text.encode())
    say(f"memo written: {path}")


def _show(decision: Decision) -> None:
    pattern = f" ({decision.pattern})" if decision.pattern else ""
    print(f"{decision.verdict.replace('_', '-')}{pattern}: {decision.confidence.replace('_', ' ')}")
    print(printable(decision.summary))
    _lines(f"changed since version {decision.number - 1}", [one.text for one in decision.changed])
    _lines("because", [f"{one.text} [{_origin(one)}]" for one in decision.reasons])
    print()
    show_table(
        ["WAY", "A MONTH", "P10", "P90", "WHY NOT"],
        [
            [one.name, money(one.usd_month), money(one.usd_month_p10), money(one.usd_month_p90), one.why_not]
            for one in decision.options
        ],
    )
    _lines(
        "would flip it",
        [f"{one.text} [{one.what} = {_value(one.to)}]" for one in decision.flips]
        or ["no single value of the case"],
    )
    _lines("not known", [f"{one.what}: {one.how_to_settle}" for one in decision.unknowns])
    told = [one for one in decision.presets if one.agrees is not None]
    agree = sum(one.agrees is True for one in told)
    print(f"\npublished rules: {agree} agree, {len(told) - agree} disagree,", end=" ")
    print(f"{len(decision.presets) - len(told)} undecided")
    if decision.review_at_tokens_month is not None:
        print(f"look again at {tokens_text(decision.review_at_tokens_month)} tokens a month")


def _lines(title: str, lines: list[str]) -> None:
    if lines:
        print(f"\n{title}:")
        for line in lines:
            print(printable(f"- {line}"))


def _origin(reason: Any) -> str:
    return reason.origin if reason.source is None else f"{reason.origin}, {reason.source}"


def _value(value: object) -> str:
    """As it is typed in a case: a flip holds from the very figure on."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return f'"{value}"' if isinstance(value, str) else str(value)
