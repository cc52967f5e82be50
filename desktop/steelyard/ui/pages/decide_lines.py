"""A decision as the lines and tables of the page. Words only: what is shown where is the cards' business."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from steelyard.ui.pages.decide_keys import KEYS, key_name, value_text
from steelyard.ui.widgets.decide_beam import BeamEnd, BeamState
from steelyard.ui.widgets.decide_table import Cell, Span, TableRow
from steelyard.ui.widgets.decide_words import (
    TONES,
    VERDICTS,
    decimal_of,
    money,
    percent,
    sentence,
)
from steelyard.ui.widgets.labels import UNKNOWN
from steelyard.ui.widgets.models_paint import Chip, Ink

if TYPE_CHECKING:
    from steelyard.core.values.decision import (
        Case,
        Change,
        ClassRoute,
        Decision,
        Flip,
        OptionCost,
        Question,
        Reason,
        RuleState,
        SourceOpinion,
        Unknown,
    )

_STRONG = Ink(12, 500, "text")
_PLAIN = Ink(12, 400, "text2")
_QUIET = Ink(12, 400, "text3")
_FIGURE = Ink(12, 500, "text", is_tabular=True)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIMES_FROM = 10
"""A change by more than this reads better as a factor than in percent."""
_OPTION_NAMES = {
    "api": "API only",
    "self_host": "Self-host only",
    "hybrid": "Hybrid",
    "managed": "Managed open model",
}
_OPTION_TONES = {"api": "s4", "self_host": "s1", "hybrid": "s2", "managed": "s3"}
_ROUTES = {
    "local": ("local", "s1"),
    "api": ("API", "s4"),
    "managed": ("managed", "s3"),
    "undecided": ("undecided", "s5"),
}
_STATES = {True: Chip("true", "good", "check"), False: Chip("false", "", "x"), None: Chip("unknown", "warn")}
_GROUPS = {"api": "API if", "self_host": "Self-host if", "hybrid": "Hybrid if"}


def option(decision: Decision, name: str) -> OptionCost | None:
    """One of the four ways."""
    return next((one for one in decision.options if one.name == name), None)


def model_name(case: Case) -> str:
    """The API as it is called; empty when it has no name."""
    return (case.api.model or "").rpartition("/")[2]


def beam_of(decision: Decision) -> BeamState:
    """The verdict on the beam."""
    api, own = option(decision, "api"), option(decision, "self_host")
    name = model_name(decision.case)
    chosen = option(decision, decision.verdict)
    share = decision.local_share
    if share is None:
        share = {"api": 0.0, "self_host": 1.0}.get(decision.verdict)
    cost = "" if chosen is None or chosen.usd_month is None else f", {money(chosen.usd_month)} a month"
    return BeamState(
        api=BeamEnd(f"API only, {name}" if name else "API only", _end_note(api)),
        own=BeamEnd("Self-host only", _end_note(own)),
        share=share if decision.verdict != "managed" else None,
        verdict=f"{VERDICTS[decision.verdict]}{cost}",
        low=decision.local_share_min,
        high=decision.local_share_max,
        low_why=_low_why(decision.case),
        high_why=_high_why(decision.case),
        cheaper=_cheaper(api, own),
    )


def _end_note(one: OptionCost | None) -> str:
    if one is None:
        return UNKNOWN
    cost = "cost unknown" if one.usd_month is None else money(one.usd_month)
    return cost if one.feasible else f"{cost}; {_brief(one.why_not or 'not possible')}"


def _brief(why: str) -> str:
    """The head of a sentence; the table of the four ways has all of it."""
    head = re.split(r"[.:;]\s", f"{why} ", maxsplit=1)[0].strip().rstrip(".")
    return head[:1].lower() + head[1:] if head[1:2].islower() or head[1:2] == " " else head


def _low_why(case: Case) -> str:
    if case.constraints.veto_api:
        return "veto"
    return "offline" if case.constraints.offline_required else "privacy"


def _high_why(case: Case) -> str:
    return "team" if case.team.ml_capacity is False else "quality"


def _cheaper(api: OptionCost | None, own: OptionCost | None) -> str:
    remote, local = (decimal_of(one.usd_month) if one is not None else None for one in (api, own))
    if remote is None or local is None or remote == local:
        return ""
    return "local" if local < remote else "api"


# ---- lines -------------------------------------------------------------------------------------------------


def reason_tag(reason: Reason) -> str:
    """Where it comes from: a catalogue's has a date."""
    if reason.origin != "catalogue":
        return reason.origin
    found = _DATE.search(reason.source or "")
    return found.group() if found else "price book"


def flip_title(flip: Flip) -> str:
    """`Volume under 40.2 M a month`, `Veto on APIs: yes`."""
    before, after = decimal_of(flip.from_), decimal_of(flip.to)
    if flip.what not in KEYS:
        return sentence(flip.text) if flip.text else f"{key_name(flip.what)}: {flip.to}"
    if after is None or KEYS[flip.what].kind in {"text", "choice", "yes_no"}:
        return f"{key_name(flip.what)}: {value_text(flip.what, flip.to)}"
    word = "at" if before is None else "over" if after > before else "under"
    return f"{key_name(flip.what)} {word} {value_text(flip.what, flip.to)}"


def flip_line(flip: Flip) -> str:
    """`now 95.6 M a month, down 58 %`."""
    now = f"now {value_text(flip.what, flip.from_)}"
    before, after = decimal_of(flip.from_), decimal_of(flip.to)
    if before is None or after is None or before == 0:
        return now
    if before > 0 and after / before >= _TIMES_FROM:
        return f"{now}, {round(after / before):,} times that"
    change = (after - before) / before
    return f"{now}, {'up' if change > 0 else 'down'} {percent(abs(change))}"


def unknown_title(unknown: Unknown) -> str:
    """The key in words."""
    return key_name(unknown.what)


def change_line(change: Change) -> str:
    """`API input price: $2.50 per M → $2 per M`, or as the core puts it."""
    if change.text:
        return change.text
    known = change.what in KEYS
    before, after = (
        value_text(change.what, value) if known else _loose(value) for value in (change.before, change.after)
    )
    return f"{key_name(change.what)}: {before} → {after}"


def changed_since(decision: Decision) -> str:
    """What became of the last verdict of this title, in a few words."""
    if decision.number <= 1:
        return ""
    turned = next((one for one in decision.changed if one.what == "verdict"), None)
    # An answer or a figure says more of the cause than how the verdict itself reads now.
    others = [one for one in decision.changed if one is not turned]
    others.sort(key=lambda one: one.what in {"pattern", "confidence"})
    cause = f": {change_line(others[0])}" if others else ""
    if turned is not None:
        return f"changed from {_loose(turned.before)}{cause}"
    return f"same verdict as before{cause}" if others else "nothing changed since the last one"


def _loose(value: object) -> str:
    if value is None:
        return "unknown"
    return VERDICTS.get(str(value), str(value))


# ---- tables ------------------------------------------------------------------------------------------------


def class_rows(classes: list[ClassRoute]) -> list[TableRow]:
    """Where each class of work goes."""
    rows: list[TableRow] = []
    for one in classes:
        word, tone = _ROUTES[one.route]
        share = percent(one.token_share)
        tip = "" if one.token_share is not None else "The ledger has no tokens of this class."
        cells = (
            Cell(one.name, ink=_STRONG),
            Cell(share, tip, _FIGURE if one.token_share is not None else _QUIET),
            Cell(word, ink=_PLAIN, dot=tone),
            Cell(one.why, ink=_QUIET),
        )
        rows.append(TableRow(one.name, cells))
    return rows


def option_rows(decision: Decision) -> list[TableRow]:
    """The four ways with cost, range and what speaks against them."""
    most = max((_top(one) for one in decision.options), default=0.0)
    return [TableRow(one.name, _option_cells(decision, one, most)) for one in decision.options]


def _option_cells(decision: Decision, one: OptionCost, most: float) -> tuple[Cell, ...]:
    name = _OPTION_NAMES[one.name]
    if one.name == "hybrid" and one.local_share is not None:
        name = f"{name}, {percent(one.local_share)} local"
    chip = Chip("verdict", TONES[one.name], "scale") if one.name == decision.verdict else None
    if chip is None:
        chip = Chip("possible", "good", "check") if one.feasible else Chip("ruled out", "warn", "x")
    machines = UNKNOWN if one.machines is None else str(one.machines)
    tone = _OPTION_TONES[one.name]
    return (
        Cell(name, ink=_STRONG, dot=tone),
        Cell(money(one.usd_month), _cost_tip(one), _FIGURE if one.usd_month is not None else _QUIET),
        _span_cell(one, most, tone if one.feasible else "s5"),
        Cell(machines, "" if one.machines is not None else "No machines, or not known how many", _QUIET),
        Cell(chip.text, chip=chip),
        Cell(one.why_not or "", ink=_QUIET),
    )


def _cost_tip(one: OptionCost) -> str:
    if one.usd_month is None:
        return "Not known: price, volume or the cost of own machines is missing."
    return f"{money(one.usd_month)} a month with the figures as they are. {_range_text(one)}".strip()


def _range_text(one: OptionCost) -> str:
    if one.usd_month_p10 is None or one.usd_month_p90 is None:
        return ""
    return f"P10 to P90: {money(one.usd_month_p10)} to {money(one.usd_month_p90)}"


def _span_cell(one: OptionCost, most: float, tone: str) -> Cell:
    low, middle, high = (decimal_of(x) for x in (one.usd_month_p10, one.usd_month_p50, one.usd_month_p90))
    if low is None or high is None or middle is None or most <= 0:
        return Cell(UNKNOWN, "Without a cost there is no range.", _QUIET)
    places = [min(1.0, max(0.0, float(x) / most)) for x in (low, middle, high)]
    return Cell(_range_text(one), span=Span(*places, tone=tone))


def _top(one: OptionCost) -> float:
    value = decimal_of(one.usd_month_p90)
    return float(value) if value is not None else 0.0


def opinion_rows(opinions: list[SourceOpinion]) -> list[TableRow]:
    """What published rules would say."""
    return [TableRow(one.id, _opinion_cells(one)) for one in opinions]


def _opinion_cells(one: SourceOpinion) -> tuple[Cell, ...]:
    quote = f"\u201c{one.quote}\u201d" if one.quote else ""
    tip = f"{one.rule}\n{quote}\n{one.source}".replace("\n\n", "\n")
    says = Chip(VERDICTS[one.says], TONES.get(one.says, ""))
    against = {
        True: Chip("agrees", "good", "check"),
        False: Chip("disagrees", "warn", "x"),
        None: Chip("no conflict", "", "equal"),
    }[one.agrees]
    return (
        Cell(one.rule or one.id, tip, _STRONG),
        Cell(one.source, tip, _QUIET),
        Cell(says.text, tip, chip=says),
        Cell(one.with_your_numbers or UNKNOWN, ink=_PLAIN),
        Cell(against.text, tip, chip=against),
    )


def opinion_count(opinions: list[SourceOpinion]) -> str:
    """`3 agree, 2 disagree, 1 undecided`."""
    counted = [
        (sum(one.agrees is state for one in opinions), word)
        for state, word in ((True, "agree"), (False, "disagree"), (None, "undecided"))
    ]
    return ", ".join(f"{number} {word}" for number, word in counted if number)


def rule_rows(rules: list[RuleState]) -> list[TableRow]:
    """The published "choose … if" rules."""
    rows: list[TableRow] = []
    for one in rules:
        state = _STATES[one.state]
        cells = (
            Cell(_GROUPS[one.group], ink=_QUIET),
            Cell(one.text, ink=_STRONG),
            Cell(state.text, chip=state),
            Cell(one.evidence or UNKNOWN, ink=_PLAIN),
            Cell(one.origin or UNKNOWN, "" if one.origin else "Nothing is known of it yet.", _QUIET),
        )
        rows.append(TableRow(one.id, cells))
    return rows


def rule_count(rules: list[RuleState]) -> str:
    """`5 true, 7 false, 4 unknown`."""
    counted = [
        (sum(one.state is state for one in rules), word)
        for state, word in ((True, "true"), (False, "false"), (None, "unknown"))
    ]
    return ", ".join(f"{number} {word}" for number, word in counted if number)


def question_rows(questions: list[Question]) -> list[TableRow]:
    """The four questions of F2."""
    rows: list[TableRow] = []
    for one in questions:
        leads = Chip(VERDICTS[one.leads_to], TONES.get(one.leads_to, "")) if one.leads_to else None
        cells = (
            Cell(one.text, ink=_STRONG),
            Cell(one.answer or "not answered", ink=_PLAIN if one.answer else _QUIET),
            Cell(leads.text, chip=leads) if leads else Cell(UNKNOWN, "Answer it first.", _QUIET),
        )
        rows.append(TableRow(one.id, cells))
    return rows
