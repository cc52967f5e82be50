"""The answers of a comparison, named so that a reader can tell them apart. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.comparison import Answer, ComparisonHistory


@dataclass(frozen=True)
class AnswerChoice:
    """One stored answer that can be chosen."""

    run_id: str
    label: str


def choices_of(history: ComparisonHistory) -> list[AnswerChoice]:
    """All answers with text, column by column, in the order of their turns."""
    names = [column.target for column in history.columns]
    choices: list[AnswerChoice] = []
    for at, column in enumerate(history.columns):
        name = column.target if names.count(column.target) == 1 else f"{column.target} ({at + 1})"
        ordered = sorted(column.answers, key=lambda answer: (answer.run.case, answer.run.turn))
        for answer in ordered:
            if answer.run.text:
                parts = [name, *_places(answer, column.answers, has_cases=_has_cases(history))]
                choices.append(AnswerChoice(answer.run.id, " · ".join(parts)))
    return choices


def _has_cases(history: ComparisonHistory) -> bool:
    return any(answer.run.case for column in history.columns for answer in column.answers)


def _places(answer: Answer, answers: Iterable[Answer], *, has_cases: bool) -> list[str]:
    """Which turn, row, repetition or branch it is, each only where there are several."""
    run = answer.run
    others = [other for other in answers if other.run.case == run.case and other.run.turn == run.turn]
    parts = [f"row {run.case + 1}"] if has_cases else []
    if any(other.run.turn for other in answers):
        parts.append(f"turn {run.turn + 1}")
    if len(others) > 1:
        parts.append(f"answer {[other.run.id for other in others].index(run.id) + 1} of {len(others)}")
    return parts
