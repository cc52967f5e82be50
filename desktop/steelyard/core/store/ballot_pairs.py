"""Which stored answers can be drawn for a blind vote, and all that belongs to a drawn pair.

Everything here runs inside a transaction of `ballots.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import msgspec

from steelyard.core.store.run_rows import decode_messages, last_question, stored_run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.store.database import Connection
    from steelyard.core.values.prompt import Message
    from steelyard.core.values.run import Run

_ANSWERED = "('stop', 'length', 'content_filter')"
_OVER = "('stop', 'length', 'content_filter', 'tool_calls', 'error')"


@dataclass(frozen=True)
class Candidate:
    """An answer that may be drawn: the first one that a target gave to a prompt of the ballot."""

    run_id: str
    comparison_id: str
    case: int
    target: str


@dataclass(frozen=True)
class Sides:
    """Which two answers are drawn next, and how they stand."""

    left: Candidate
    right: Candidate


def candidates_of(connection: Connection, ballot_id: str, targets: Iterable[str]) -> list[Candidate]:
    """First answers with a text, in the order of their comparisons: a second try is not another chance.

    Nothing is drawn of a prompt that a target has still to answer: that the slowest one is missing would
    tell.
    """
    rows = connection.execute(
        "SELECT r.id, r.comparison_id, r.case_number, r.position, r.target, c.targets, c.plan"
        " FROM runs r JOIN comparisons c ON c.id = r.comparison_id"
        " WHERE c.ballot_id = ? AND r.turn = 0 AND r.repeat_number = 0 AND r.text <> ''"
        f" AND r.finish_reason IN {_ANSWERED}"
        " AND json_array_length(c.targets) <= (SELECT count(DISTINCT position) FROM runs AS done"
        " WHERE done.comparison_id = c.id AND done.turn = 0 AND done.repeat_number = 0"
        f" AND done.case_number = r.case_number AND done.finish_reason IN {_OVER})"
        " ORDER BY c.started_at, c.id, r.case_number, r.position, r.started_at, r.id",
        (ballot_id,),
    )
    known = set(targets)
    found: dict[tuple[str, int, str], Candidate] = {}
    for run_id, comparison_id, case, position, target, headed, plan in rows:
        name = _asked_as(known, position, target, headed, plan)
        if name is not None:
            found.setdefault((comparison_id, case, name), Candidate(run_id, comparison_id, case, name))
    return list(found.values())


def _asked_as(known: set[str], position: int, target: str, targets: str, plan: str | None) -> str | None:
    """By which of the ballot's names a column goes: as it was asked for, as it is headed, as it answered."""
    stored = msgspec.json.decode(plan) if plan else None
    asked = _names(cast("dict[str, Any]", stored).get("targets")) if isinstance(stored, dict) else []
    headed = _names(msgspec.json.decode(targets))
    names = [column[position] for column in (asked, headed) if 0 <= position < len(column)]
    return next((name for name in (*names, target) if name in known), None)


def _names(value: Any) -> list[str]:
    return [str(name) for name in cast("list[Any]", value)] if isinstance(value, list) else []


def run_of(connection: Connection, run_id: str) -> Run | None:
    """An answer with its text; None if that was deleted, or another version stored it."""
    row = connection.execute(
        "SELECT document, text, reasoning, finish_reason FROM runs WHERE id = ? AND text <> ''", (run_id,)
    ).fetchone()
    return None if row is None else stored_run(run_id, *row)


def question_of(connection: Connection, run_id: str) -> Message:
    """What was asked last; the data of its images is left out."""
    return last_question(_messages_of(connection, run_id))


def prompt_key_of(connection: Connection, run_id: str) -> str:
    """The same for the same words and files, whoever was asked and when."""
    words = [
        [message.role, message.content, *(file.sha256 for file in message.attachments)]
        for message in _messages_of(connection, run_id)
    ]
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()[:16]


def _messages_of(connection: Connection, run_id: str) -> list[Message]:
    (stored,) = connection.execute("SELECT messages FROM runs WHERE id = ?", (run_id,)).fetchone()
    return decode_messages(run_id, stored)
