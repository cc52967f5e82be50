"""What a memo says, before it takes a form: the same for paper, for a browser and for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import printable
from steelyard.core.decide.cases.case_text import case_toml, profile_toml, stated
from steelyard.core.decide.cases.key_words import UNKNOWN, label, value_text
from steelyard.core.decide.figures import tokens_text
from steelyard.core.values.costs import CostProfile, Origin
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from steelyard.core.values.decision import Case, Decision

COMMAND = "steelyard decide CASE.toml"
_WORKLOAD = (
    "workload.tokens_month",
    "workload.mix",
    "workload.cached_share",
    "workload.peak_to_mean",
    "workload.duty_share",
    "workload.interactive",
)
_LIMITS = ("constraints.", "quality.", "sensitivity.", "team.stage")
_MOST_TITLE = 100


class MemoLine(Row, frozen=True):
    """One fact. `origin` None: it is not known, `value` is an em dash and the note says why."""

    key: str
    label: str
    value: str
    origin: Origin | None
    note: str = ""


class MemoSources(Row, frozen=True):
    """How many published rules agree with the verdict."""

    agree: int
    disagree: int
    undecided: int


class MemoContent(Row, frozen=True):
    """What the memo has beside the decision itself."""

    title: str
    number: int | None
    """Of the verdict among those of its title; None: it was not kept."""
    date: str
    """ISO 8601, UTC; when it was decided, or now if it was not kept."""
    question: str
    workload: list[MemoLine]
    measured: list[MemoLine]
    limits: list[MemoLine]
    """What must hold: constraints, quality, sensitivity, what the provider grants, who is there."""
    assumptions: list[MemoLine]
    """The figures that were stated and not measured."""
    sources: MemoSources
    command: str
    case_toml: str
    profile_toml: str | None = None
    """The file that the case names, where its costs come from a profile."""


def memo_content(decision: Decision) -> MemoContent:
    """Collect it; nothing is computed that the decision does not say."""
    case, facts = decision.case, list(_facts(decision.case))
    stated_ones = [one for one in facts if one.origin != "measured"]
    profile = case.self_.profile
    agrees = [one.agrees for one in decision.presets]
    return MemoContent(
        title=_short(decision.title) or "Decision",
        number=decision.number or None,
        date=decision.at or utc_now(),
        question=_question(case),
        workload=[_workload_line(case, key) for key in _WORKLOAD],
        measured=[one for one in facts if one.origin == "measured"],
        limits=[one for one in stated_ones if _is_limit(one)],
        assumptions=[one for one in stated_ones if not _is_limit(one)],
        sources=MemoSources(
            agree=agrees.count(True), disagree=agrees.count(False), undecided=agrees.count(None)
        ),
        command=COMMAND,
        case_toml=case_toml(case, with_origins=True),
        profile_toml=None if profile is None else profile_toml(profile, with_origins=True),
    )


def _is_limit(line: MemoLine) -> bool:
    return line.key.startswith(_LIMITS) or line.value in ("yes", "no")


def _short(title: str) -> str:
    words = " ".join(printable(title).split())
    return words if len(words) <= _MOST_TITLE else f"{words[: _MOST_TITLE - 1]}…"


def _question(case: Case) -> str:
    volume = case.workload.tokens_month
    amount = "An unknown volume of" if volume is None else tokens_text(volume)
    return f"{amount} tokens a month: API, own machines, both, or an open model that somebody else hosts?"


def _workload_line(case: Case, key: str) -> MemoLine:
    value = getattr(case.workload, key.partition(".")[2])
    if value is None:
        return MemoLine(key=key, label=label(key), value=UNKNOWN, origin=None, note="not stated")
    return _line(case, key, value)


def _facts(case: Case) -> Iterator[MemoLine]:
    """All that is stated beside the workload; of a profile key by key, for each has its own origin."""
    for key, value in stated(case):
        if isinstance(value, CostProfile):
            yield from (_line(value, inner, one, f"{key}.{inner}") for inner, one in stated(value))
        elif key not in _WORKLOAD or case.origins.get(key) == "measured":
            yield _line(case, key, value)


def _line(row: Case | CostProfile, key: str, value: Any, shown_key: str = "") -> MemoLine:
    full = shown_key or key
    return MemoLine(
        key=full,
        label=label(full),
        value=value_text(key, value),
        origin=row.origins.get(key, "user"),
        note=row.notes.get(key, ""),
    )
