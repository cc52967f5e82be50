"""A comparison in the order in which it is told: question by question, under each the answers by column."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.values.comparison import Answer, ComparisonHistory, ComparisonPlan, NotComparable
    from steelyard.core.values.prompt import Message

_MOST_COMMAND_CHARS = 2000
_TITLE_CHARS = 80


@dataclass
class Round:
    """One question with its answers, by column. `values` are those of the table's row."""

    turn: int
    case: int
    question: Message
    values: dict[str, str] = field(default_factory=dict[str, str])
    cells: dict[int, list[Answer]] = field(default_factory=dict[int, list["Answer"]])


@dataclass(frozen=True)
class Exclusion:
    """Metrics of a run that do not count, and why."""

    target: str
    metrics: list[str]
    code: str
    detail: str
    remedy: str
    count: int


def rounds_of(history: ComparisonHistory) -> list[Round]:
    """By turn and row of the table; a branch with another question is a round of its own."""
    found: dict[tuple[int, int, str], Round] = {}
    cases = history.plan.cases if history.plan is not None else []
    for at, column in enumerate(history.columns):
        for answer in column.answers:
            run, question = answer.run, answer.question
            files = ",".join(file.sha256 for file in question.attachments)
            key = (run.turn, run.case, f"{question.content}\0{files}")
            if key not in found:
                values = cases[run.case] if run.turn == 0 and run.case < len(cases) else {}
                found[key] = Round(run.turn, run.case, question, values)
            found[key].cells.setdefault(at, []).append(answer)
    return sorted(found.values(), key=lambda one: (one.turn, one.case))


def round_title(one: Round, rounds: list[Round]) -> str:
    """`Turn 2, row 3`; empty where there is only one question."""
    parts: list[str] = []
    if any(other.turn != one.turn for other in rounds):
        parts.append(f"turn {one.turn + 1}")
    if any(other.case != one.case for other in rounds):
        parts.append(f"row {one.case + 1}")
    alike = [other for other in rounds if (other.turn, other.case) == (one.turn, one.case)]
    if len(alike) > 1:
        parts.append(f"branch {alike.index(one) + 1}")
    title = ", ".join(parts)
    return title[:1].upper() + title[1:]


def marks_by_run(history: ComparisonHistory) -> dict[str, list[NotComparable]]:
    """What does not count, run by run."""
    marks: dict[str, list[NotComparable]] = {}
    for item in history.not_comparable:
        marks.setdefault(item.run_id, []).append(item)
    return marks


def exclusions_of(history: ComparisonHistory) -> list[Exclusion]:
    """Everything that does not count, equal lines told once with their number."""
    names = {answer.run.id: column.target for column in history.columns for answer in column.answers}
    counts: dict[tuple[str, tuple[str, ...], str, str, str], int] = {}
    for item in history.not_comparable:
        if item.run_id in names:
            key = (names[item.run_id], tuple(item.metrics), item.code, item.detail, item.remedy or "")
            counts[key] = counts.get(key, 0) + 1
    return [
        Exclusion(target, list(metrics), code, detail, remedy, count)
        for (target, metrics, code, detail, remedy), count in counts.items()
    ]


def headline(history: ComparisonHistory) -> str:
    """Its title on one line."""
    return " ".join(history.title.split())[:_TITLE_CHARS] or "Comparison"


def moment(history: ComparisonHistory) -> str:
    """When it was begun: `2026-11-21 14:24 UTC`."""
    return f"{history.started_at[:16].replace('T', ' ')} UTC"


def settings_of(history: ComparisonHistory) -> list[str]:
    """How the answers were to be made, `name value`; what is not there was left to the targets."""
    plan = history.plan
    if plan is None:
        return []
    sampling = plan.sampling
    told = [f"max tokens {sampling.max_tokens:,}"]
    told += [
        f"{label} {f'{value:g}' if isinstance(value, float) else value}"
        for label, value in (
            ("temperature", sampling.temperature),
            ("top-p", sampling.top_p),
            ("seed", sampling.seed),
        )
        if value is not None
    ]
    told += ["JSON schema"] if sampling.json_schema is not None else []
    told += ["grammar"] if sampling.grammar is not None else []
    told += [f"{len(sampling.tools)} tools"] if sampling.tools else []
    told.append({"model-by-model": "model by model", "concurrent": "all at once"}[plan.schedule])
    told += [f"{plan.repeat} runs each"] if plan.repeat > 1 else []
    return told


def how_measured(history: ComparisonHistory) -> list[str]:
    """What the figures mean, one sentence each."""
    turns = "One local model generated at a time, APIs beside it."
    if history.schedule == "concurrent":
        turns = "All targets were asked at once."
    return [
        turns,
        "Times start when the request is sent, on this machine's clock; loading a model is in none of them.",
        "Generation is the rate after the first token: chunks of a local model, counted tokens of an API.",
        "Medians are over the runs that can be compared; single figures that cannot are left out and named.",
        "Energy is that of the run alone: what the machine draws idle, with the model loaded, is taken off.",
        "An API's cost is its price list times the tokens it counted; a local cost is electricity alone"
        " (marginal) or with the machine's share (all-in). A dash is unknown, not zero.",
    ]


def command_of(history: ComparisonHistory) -> tuple[str, list[str]]:
    """A command line that asks the same again, and what it needs beside it. Empty without a plan."""
    plan = history.plan
    if plan is None:
        return "", []
    words, needs = ["steelyard", "compare"], list[str]()
    for target in plan.targets:
        words += ["--target", target]
    if len(plan.prompt) > _MOST_COMMAND_CHARS or "\0" in plan.prompt:
        words += ["--prompt-file", "prompt.txt"]
        needs.append("prompt.txt holds the prompt above.")
    else:
        words += ["--prompt", plan.prompt]
    files = _files(plan)
    words += [*_options(plan), *(word for pair in files for word in pair)]
    needs += [f"{name} is in the JSON export of this comparison." for _, name in files]
    for file in plan.attachments:
        words += ["--attach", file.name]
    words += ["--schedule", plan.schedule] if plan.schedule != "model-by-model" else []
    words += ["--repeat", str(plan.repeat)] if plan.repeat > 1 else []
    return " ".join(shlex.quote(word) for word in words), [*needs, *_machine_needs(history, plan)]


def _options(plan: ComparisonPlan) -> list[str]:
    """What is said of the answers in the command line itself."""
    sampling = plan.sampling
    given = (
        ("--system", plan.system or None),
        ("--max-tokens", sampling.max_tokens),
        ("--temperature", sampling.temperature),
        ("--top-p", sampling.top_p),
        ("--seed", sampling.seed),
        ("--tool-choice", sampling.tool_choice),
    )
    return [word for flag, value in given if value is not None for word in (flag, str(value))]


def _files(plan: ComparisonPlan) -> list[tuple[str, str]]:
    """Flags that take a file, each with a name for it."""
    sampling = plan.sampling
    named = (
        ("--json-schema", "schema.json", sampling.json_schema is not None),
        ("--grammar", "grammar.gbnf", sampling.grammar is not None),
        ("--tools", "tools.json", bool(sampling.tools)),
        ("--vars", "table.csv", bool(plan.cases)),
    )
    return [(flag, name) for flag, name, is_there in named if is_there]


def _machine_needs(history: ComparisonHistory, plan: ComparisonPlan) -> list[str]:
    """What must be on the machine where it is asked again."""
    needs: list[str] = []
    if any(target.endswith(".gguf") and "/" not in target for target in plan.targets):
        needs.append(
            "Weights that were a file on that machine: give the path of yours, with the same sha256."
        )
    kinds = {answer.run.target.kind for column in history.columns for answer in column.answers}
    if "api" in kinds:
        needs.append("APIs have to be known by these names: see steelyard targets add.")
    needs.append(f"On the machine it was made on, steelyard compare replay {history.id} says what differs.")
    return needs
