"""From the runs of a comparison to its result: which of them belong together, what is fair, the medians."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.templates import fill_rows
from steelyard.core.compare.fairness.judging import judge_all
from steelyard.core.compare.summary import summarise
from steelyard.core.values.comparison import Comparison

if TYPE_CHECKING:
    from steelyard.core.values.comparison import (
        Answer,
        ComparisonHistory,
        ComparisonPlan,
        NotComparable,
        Schedule,
    )
    from steelyard.core.values.run import Run


def conclude(comparison_id: str, schedule: Schedule, runs: list[Run]) -> Comparison:
    """Runs in the order of their columns, judged and summed up; also for a comparison that was stopped."""
    in_order = sorted(runs, key=lambda run: (run.column, run.case, run.repeat, run.id))
    excluded = judge_all(in_order, schedule)
    return Comparison(
        id=comparison_id,
        schedule=schedule,
        runs=in_order,
        not_comparable=excluded,
        summary=summarise(in_order, excluded),
    )


def newest(runs: list[Run]) -> list[Run]:
    """One run for each column, case and repetition: the last one that was made."""
    by_place = {(run.column, run.case, run.repeat): run for run in sorted(runs, key=lambda run: run.id)}
    return list(by_place.values())


def first_answers(history: ComparisonHistory, plan: ComparisonPlan | None) -> list[Answer]:
    """What is over of the question that it was begun with. A turn 0 of other words is a branch, and left out.

    Without a plan nobody knows which words those were, and nothing is left out.
    """
    prompts = None if plan is None else dict(enumerate(fill_rows(plan.prompt, plan.cases)))
    return [
        answer
        for column in history.columns
        for answer in column.answers
        if answer.run.turn == 0
        and answer.run.finish_reason is not None
        and (prompts is None or answer.question.content == prompts.get(answer.run.case))
    ]


def first_turn(history: ComparisonHistory) -> list[Run]:
    """The runs of its first question: the last one of each place, no branch of it."""
    runs = [answer.run for answer in first_answers(history, history.plan)]
    return runs if history.plan is None else newest(runs)  # earlier versions did not number repetitions


def marks_of(
    runs: list[Run], schedule: Schedule, stored: list[NotComparable], *, is_whole: bool
) -> list[NotComparable]:
    """What cannot be compared in a stored comparison. Turns that a crash or a stop ended before they were
    judged are judged now.

    `runs` are those that are over; not `is_whole`: the first turn lacks some.
    """
    turns: dict[int, list[Run]] = {}
    for run in runs:
        turns.setdefault(run.turn, []).append(run)
    late: list[Run] = []
    for turn, made in turns.items():
        standing = newest(made)
        is_cut = any(run.finish_reason in ("cancelled", "interrupted") for run in standing)
        if is_cut or (turn == 0 and not is_whole):
            late += standing
    known = {run.id for run in late}
    return [*(mark for mark in stored if mark.run_id not in known), *judge_all(late, schedule)]


def standing_beside(runs: list[Run], made_now: list[Run]) -> list[Run]:
    """The runs of a turn that those made now are to be compared with: of each other column the last answers.

    `runs` are all of that turn. A column's last answers are its last one and, if that was a repetition, the
    others of its series.
    """
    fresh = {(run.column, run.case) for run in made_now}
    now = {run.id for run in made_now}
    by_cell: dict[tuple[int, int], list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.id):
        if (run.column, run.case) not in fresh and run.id not in now:
            by_cell.setdefault((run.column, run.case), []).append(run)
    return [run for cell in by_cell.values() for run in _last_series(cell)]


def _last_series(cell: list[Run]) -> list[Run]:
    series = [cell[-1]]
    for run in reversed(cell[:-1]):
        is_same_series = run.parent_id == series[-1].parent_id and run.repeat == series[-1].repeat - 1
        if not is_same_series:
            break
        series.append(run)
    return series
