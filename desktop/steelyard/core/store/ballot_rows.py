"""Rows of `ballots` and `votes`. Everything here runs inside a transaction of `ballots.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection
    from steelyard.core.values.ballots import Choice

BALLOT = "SELECT id, started_at, title, targets, seed, planned_share, is_peeked FROM ballots"
_VOTE = (
    "SELECT id, ballot_id, number, comparison_id, case_number, prompt_key, left_run, right_run,"
    " left_target, right_target, voted_at, choice, state FROM votes"
)


@dataclass(frozen=True)
class StoredBallot:
    """A row of `ballots`."""

    id: str
    started_at: str
    title: str
    targets: tuple[str, ...]
    seed: int
    planned_share: float
    is_peeked: bool = False


@dataclass(frozen=True)
class StoredVote:
    """A row of `votes`: drawn, voted, skipped or withdrawn."""

    id: str
    ballot_id: str
    number: int
    comparison_id: str
    case: int
    prompt_key: str
    left_run: str
    right_run: str
    left_target: str
    right_target: str
    voted_at: str | None
    choice: Choice | None
    state: str


def ballot_of(connection: Connection, ballot_id: str) -> StoredBallot:
    """A series.

    Raises:
        AppError: there is none of that id.
    """
    row = connection.execute(f"{BALLOT} WHERE id = ?", (ballot_id,)).fetchone()
    if row is None:
        raise AppError("No such series of votes", ballot_id, "Open a new one.")
    return ballot_from(row)


def ballot_from(row: Any) -> StoredBallot:
    """A row of `BALLOT`."""
    targets = msgspec.json.decode(row[3], type=tuple[str, ...])
    return StoredBallot(row[0], row[1], row[2], targets, row[4], row[5], bool(row[6]))


def votes_of(connection: Connection, ballot_id: str) -> list[StoredVote]:
    """All that was drawn of a series, in order."""
    rows = connection.execute(f"{_VOTE} WHERE ballot_id = ? ORDER BY number", (ballot_id,))
    return [StoredVote(*row) for row in rows]


def vote_of(connection: Connection, vote_id: str) -> StoredVote:
    """What was drawn, by its id.

    Raises:
        AppError: there is none of that id.
    """
    row = connection.execute(f"{_VOTE} WHERE id = ?", (vote_id,)).fetchone()
    if row is None:
        raise AppError("No such vote", vote_id, "It may belong to another ledger.")
    return StoredVote(*row)
