"""Comparisons as they lie in the ledger: what is selected of them, and rows from it.

What this version cannot decode is left as it is, and passed over.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.store.run_rows import decode_messages, last_question, stored_run
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    ComparisonHistory,
    ComparisonPlan,
    ComparisonRow,
    NotComparable,
)

if TYPE_CHECKING:
    from steelyard.core.values.run import Run

_ANSWERED = ("stop", "length", "tool_calls", "content_filter")
_ENDED = (*_ANSWERED, "error")
_IS_SETTLED = f"""(finish_reason IN {_ANSWERED} OR (finish_reason = 'error'
    AND NOT coalesce(CASE WHEN json_valid(document) THEN document ->> '$.error.retryable' END, 0)))"""
SELECT_ROW = f"""
    SELECT id, started_at, title, targets, turns, tags, is_starred,
        coalesce(json_array_length(plan, '$.cases'), 0),
        (SELECT count(*) FROM runs WHERE comparison_id = comparisons.id),
        json_array_length(targets) * max(1, coalesce(json_array_length(plan, '$.cases'), 0))
            * coalesce(plan ->> '$.repeat', 1),
        (SELECT count(DISTINCT position || '.' || case_number || '.' || repeat_number) FROM runs
            WHERE comparison_id = comparisons.id AND turn = 0 AND finish_reason IN {_ENDED}),
        (SELECT count(DISTINCT position || '.' || case_number || '.' || repeat_number) FROM runs
            WHERE comparison_id = comparisons.id AND turn = 0 AND {_IS_SETTLED}),
        (SELECT count(*) FROM votes WHERE comparison_id = comparisons.id AND state = 'voted'),
        plan IS NOT NULL
    FROM comparisons
"""
SELECT_HEAD = """
    SELECT started_at, title, schedule, system, targets, not_comparable, plan, tags, is_starred, ballot_id
    FROM comparisons
"""
SELECT_ANSWERS = "SELECT id, document, text, reasoning, finish_reason, messages, is_pinned FROM runs"
SELECT_RUNS = "SELECT id, document, text, reasoning, finish_reason FROM runs"

_log = logging.getLogger(__name__)


def is_settled(run: Run) -> bool:
    """Whether a run needs no other try: it answered, or failed in a way that would come again."""
    if run.error is not None:
        return run.finish_reason == "error" and not run.error.retryable
    return run.finish_reason in _ANSWERED


def decode_row(row: Any) -> ComparisonRow:
    """A row of the history list, from what `SELECT_ROW` gives."""
    (
        id_,
        started_at,
        title,
        targets,
        turns,
        tags,
        is_starred,
        cases,
        runs,
        planned,
        ended,
        settled,
        votes,
        has_plan,
    ) = row
    return ComparisonRow(
        id=id_,
        started_at=started_at,
        title=title,
        targets=msgspec.json.decode(targets, type=list[str]),
        turns=turns,
        tags=msgspec.json.decode(tags, type=list[str]),
        is_starred=bool(is_starred),
        cases=cases,
        runs=runs,
        planned_runs=planned if has_plan else 0,
        missing_runs=max(0, planned - ended) if has_plan else 0,
        failed_runs=ended - settled if has_plan else 0,
        votes=votes,
    )


def decode_history(comparison_id: str, head: Any, rows: list[Any], missing_runs: int) -> ComparisonHistory:
    """The whole comparison, from what `SELECT_HEAD` and `SELECT_ANSWERS` give."""
    started_at, title, schedule, system, targets, not_comparable, plan, tags, is_starred, ballot_id = head
    columns: dict[int, list[Answer]] = {}
    for run_id, document, text, reasoning, finish_reason, messages, is_pinned in rows:
        run = stored_run(run_id, document, text, reasoning, finish_reason)
        if run is None:
            continue
        question = last_question(decode_messages(run_id, messages))
        answer = Answer(run=run, question=question, is_pinned=bool(is_pinned))
        columns.setdefault(run.column, []).append(answer)
    names = msgspec.json.decode(targets, type=list[str])
    return ComparisonHistory(
        id=comparison_id,
        started_at=started_at,
        title=title,
        schedule=schedule,
        system=system,
        columns=[ColumnHistory(target=name, answers=columns.get(at, [])) for at, name in enumerate(names)],
        not_comparable=_exclusions(comparison_id, not_comparable),
        plan=decode_plan(comparison_id, plan),
        tags=msgspec.json.decode(tags, type=list[str]),
        is_starred=bool(is_starred),
        missing_runs=missing_runs,
        ballot_id=ballot_id,
    )


def decode_plan(comparison_id: str, stored: str | None) -> ComparisonPlan | None:
    """What was asked; None: an earlier version did not keep it, or it cannot be read."""
    if stored is None:
        return None
    try:
        return msgspec.json.decode(stored, type=ComparisonPlan)
    except msgspec.DecodeError as exc:
        _log.warning("the plan of comparison %s cannot be decoded: %s", comparison_id, exc)
        return None


def _exclusions(comparison_id: str, stored: str) -> list[NotComparable]:
    known: list[NotComparable] = []
    for item in msgspec.json.decode(stored, type=list[msgspec.Raw]):
        try:
            known.append(msgspec.json.decode(item, type=NotComparable))
        except msgspec.DecodeError as exc:
            _log.warning("an exclusion of comparison %s cannot be decoded: %s", comparison_id, exc)
    return known
