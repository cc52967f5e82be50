"""Series of blind votes in the ledger: which pairs were drawn, how they stood, what was voted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.store.ballot_pairs import candidates_of, prompt_key_of, question_of, run_of
from steelyard.core.store.ballot_rows import (
    BALLOT,
    StoredBallot,
    StoredVote,
    ballot_from,
    ballot_of,
    vote_of,
    votes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.store.ballot_pairs import Candidate, Sides
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.ballots import Choice
    from steelyard.core.values.prompt import Message
    from steelyard.core.values.run import Run

    Choose = Callable[[StoredBallot, list[StoredVote], list[Candidate]], Sides | None]


@dataclass(frozen=True)
class DrawnPair:
    """A pair with all that is needed to show it. `runs`: all answers to this prompt that can be drawn."""

    vote: StoredVote
    question: Message
    left: Run
    right: Run
    runs: list[Run]
    waiting: list[Candidate]
    """What can be drawn of the same comparison."""


class BallotStore:
    """Reads and writes `ballots` and `votes`; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, ballot: StoredBallot) -> None:
        """Store a new series."""
        targets = msgspec.json.encode(ballot.targets).decode()
        values = (ballot.id, ballot.started_at, ballot.title, targets, ballot.seed, ballot.planned_share)

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO ballots (id, started_at, title, targets, seed, planned_share)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )

        await self._database.call(work)

    async def all(self) -> list[StoredBallot]:
        """Every series, newest first."""

        def work(connection: Connection) -> list[StoredBallot]:
            rows = connection.execute(f"{BALLOT} ORDER BY started_at DESC, rowid DESC")
            return [ballot_from(row) for row in rows]

        return await self._database.call(work)

    async def read(self, ballot_id: str, *, peeks: bool = False) -> tuple[StoredBallot, list[StoredVote]]:
        """A series with its votes in the order in which they were drawn.

        `peeks` notes that somebody looked before its end.

        Raises:
            AppError: no such series.
        """

        def work(connection: Connection) -> tuple[StoredBallot, list[StoredVote]]:
            if peeks:
                connection.execute("UPDATE ballots SET is_peeked = 1 WHERE id = ?", (ballot_id,))
            return ballot_of(connection, ballot_id), votes_of(connection, ballot_id)

        return await self._database.call(work)

    async def draw(
        self,
        ballot_id: str,
        vote_id: str,
        drawn_at: str,
        choose: Choose,
    ) -> DrawnPair | None:
        """The pair that waits for a vote, or else a new one by `choose`; None if there is none.

        Raises:
            AppError: no such series.
        """

        def work(connection: Connection) -> DrawnPair | None:
            ballot = ballot_of(connection, ballot_id)
            candidates = candidates_of(connection, ballot_id, ballot.targets)
            vote = _waiting(connection, ballot_id)
            if vote is None:
                sides = _next_sides(connection, ballot, candidates, choose)
                if sides is None:
                    return None
                vote = _insert(connection, ballot_id, vote_id, drawn_at, sides)
            return _drawn(connection, vote, candidates)

        return await self._database.call(work)

    async def vote(self, vote_id: str, choice: Choice | None, voted_at: str) -> tuple[StoredVote, Run, Run]:
        """Store a choice (None: skipped); returns the pair as it is now stored, left answer, right answer.

        Raises:
            AppError: no such draw, it was voted on, or its answers were deleted.
        """

        def work(connection: Connection) -> tuple[StoredVote, Run, Run]:
            drawn = vote_of(connection, vote_id)
            if drawn.state != "drawn":
                raise AppError(
                    "This pair was voted on already", f"it is {drawn.state}", "Go on with the next pair."
                )
            left, right = run_of(connection, drawn.left_run), run_of(connection, drawn.right_run)
            if left is None or right is None:
                raise AppError(
                    "These answers were deleted", "nothing was stored", "Go on with the next pair."
                )
            state = "skipped" if choice is None else "voted"
            connection.execute(
                "UPDATE votes SET state = ?, choice = ?, voted_at = ? WHERE id = ?",
                (state, choice, voted_at, vote_id),
            )
            return vote_of(connection, vote_id), left, right

        return await self._database.call(work)

    async def withdraw(self, vote_id: str) -> str:
        """Take the last vote of a series back; returns the id of the series.

        Raises:
            AppError: no such vote, or it is not the last one.
        """

        def work(connection: Connection) -> str:
            vote = vote_of(connection, vote_id)
            voted = [one for one in votes_of(connection, vote.ballot_id) if one.state == "voted"]
            if not voted or voted[-1].id != vote_id:
                raise AppError("Only the last vote of a series can be taken back")
            connection.execute("UPDATE votes SET state = 'withdrawn' WHERE id = ?", (vote_id,))
            return vote.ballot_id

        return await self._database.call(work)

    async def runs(self, vote: StoredVote) -> tuple[Run, Run] | None:
        """The left and the right answer; None if one was deleted or cannot be decoded."""

        def work(connection: Connection) -> tuple[Run, Run] | None:
            left, right = run_of(connection, vote.left_run), run_of(connection, vote.right_run)
            return None if left is None or right is None else (left, right)

        return await self._database.call(work)


# ---- inside a transaction ------------------------------------------------------------------------------


def _is_whole(connection: Connection, left: str, right: str) -> bool:
    """Both answers are there to be shown, and are to the same prompt (the first one may have been edited)."""
    is_there = run_of(connection, left) is not None and run_of(connection, right) is not None
    return is_there and prompt_key_of(connection, left) == prompt_key_of(connection, right)


def _waiting(connection: Connection, ballot_id: str) -> StoredVote | None:
    """The pair that was drawn and not voted on; one whose answers were deleted is no pair any more."""
    for vote in votes_of(connection, ballot_id):
        if vote.state == "drawn":
            if _is_whole(connection, vote.left_run, vote.right_run):
                return vote
            connection.execute("DELETE FROM votes WHERE id = ?", (vote.id,))
    return None


def _next_sides(
    connection: Connection, ballot: StoredBallot, candidates: list[Candidate], choose: Choose
) -> Sides | None:
    """What `choose` takes; answers that make no pair are taken out of `candidates` on the way."""
    votes = votes_of(connection, ballot.id)
    while sides := choose(ballot, votes, candidates):
        if _is_whole(connection, sides.left.run_id, sides.right.run_id):
            return sides
        candidates.remove(max(sides.left, sides.right, key=lambda one: _spoils(connection, one)))
    return None


def _spoils(connection: Connection, one: Candidate) -> tuple[bool, str]:
    """Of two answers, the one that cannot be shown goes, or else the later one."""
    return run_of(connection, one.run_id) is None, one.run_id


def _insert(connection: Connection, ballot_id: str, vote_id: str, drawn_at: str, sides: Sides) -> StoredVote:
    (last,) = connection.execute(
        "SELECT coalesce(max(number), 0) FROM votes WHERE ballot_id = ?", (ballot_id,)
    ).fetchone()
    left, right = sides.left, sides.right
    key = prompt_key_of(connection, left.run_id)
    connection.execute(
        "INSERT INTO votes (id, ballot_id, number, comparison_id, case_number, prompt_key, left_run,"
        " right_run, left_target, right_target, drawn_at, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'drawn')",
        (
            *(vote_id, ballot_id, last + 1, left.comparison_id, left.case, key),
            *(left.run_id, right.run_id, left.target, right.target, drawn_at),
        ),
    )
    return vote_of(connection, vote_id)


def _drawn(connection: Connection, vote: StoredVote, candidates: list[Candidate]) -> DrawnPair:
    here = [one for one in candidates if one.comparison_id == vote.comparison_id]
    runs = [run_of(connection, one.run_id) for one in here if one.case == vote.case]
    left, right = run_of(connection, vote.left_run), run_of(connection, vote.right_run)
    if left is None or right is None:
        raise AppError("This pair cannot be read any more", hint="Draw again.")
    return DrawnPair(
        vote=vote,
        question=question_of(connection, vote.left_run),
        left=left,
        right=right,
        runs=[run for run in runs if run is not None],
        waiting=here,
    )
