"""Blind votes: carries out their commands. A vote is stored before anybody is told whose the answers are."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.base.words import listed
from steelyard.core.compare.votes.drawing import choose_sides, pair_counts, pairs_left
from steelyard.core.compare.votes.name_masks import name_pattern
from steelyard.core.compare.votes.normalised import normalised
from steelyard.core.compare.votes.standings import CountedVote, Series, position_bias, standings
from steelyard.core.compare.votes.statistics import needed_votes, vote_steps
from steelyard.core.store.ballot_rows import StoredBallot
from steelyard.core.store.ballots import BallotStore
from steelyard.core.values import compare_commands as c
from steelyard.core.values.ballots import Ballot, Draw, Reveal, Voted

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.store.ballot_rows import StoredVote
    from steelyard.core.store.ballots import DrawnPair
    from steelyard.core.store.database import Database
    from steelyard.core.values.run import Run

_MAX_TARGETS = 16
_MAX_NAME_CHARS = 500
_SEED_BITS = 53  # a number that every reader of JSON holds exactly


class BallotsRoom:
    """Owned by the engine's loop. `new_seed` decides the coin of a new series."""

    def __init__(
        self, database: Database, new_seed: Callable[[], int] = lambda: secrets.randbits(_SEED_BITS)
    ) -> None:
        self._store = BallotStore(database)
        self._new_seed = new_seed

    async def execute(self, command: c.BallotCommand) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case c.OpenBallot():
                return await self._open(command)
            case c.ReadBallot():
                return await self._read(command.id, peeks=command.peeks)
            case c.ListBallots():
                return await self._all()
            case c.DrawPair():
                return await self._draw(command.ballot_id)
            case c.CastVote():
                return await self._cast(command)
            case c.UndoVote():
                return await self._read(await self._store.withdraw(command.vote_id))

    async def _open(self, command: c.OpenBallot) -> Ballot:
        """A series that goes on keeps what it was planned for: to change that later would be peeking."""
        names = _checked(command.targets)
        if not command.is_new:
            for stored in await self._store.all():
                if set(stored.targets) == set(names):
                    return await self._read(stored.id)
        ballot = StoredBallot(
            id=new_id(),
            started_at=utc_now(),
            title=listed(names),
            targets=tuple(names),
            seed=self._new_seed(),
            planned_share=command.planned_share,
        )
        await self._store.begin(ballot)
        return await self._read(ballot.id)

    async def _all(self) -> list[Ballot]:
        """Without standings and reveals: those are read one by one."""
        found = [await self._store.read(stored.id) for stored in await self._store.all()]
        return [_ballot(stored, votes) for stored, votes in found]

    async def _read(self, ballot_id: str, *, peeks: bool = False) -> Ballot:
        """With standings when every pair has its votes, or somebody looks early, which is noted."""
        stored, votes = await self._store.read(ballot_id)
        plain = _ballot(stored, votes)
        is_early = plain.votes < plain.needed
        looks_early = is_early and peeks and plain.total_votes > 0
        if looks_early:
            stored, votes = await self._store.read(ballot_id, peeks=True)
            plain = _ballot(stored, votes)
        result = None
        if looks_early or not is_early:
            result = await asyncio.to_thread(standings, _series(stored, plain, votes, is_early=is_early))
        return msgspec.structs.replace(plain, standings=result, last=await self._last(votes))

    async def _last(self, votes: list[StoredVote]) -> Reveal | None:
        """The newest vote that counts; None if its answers were deleted."""
        vote = next((vote for vote in reversed(votes) if vote.state == "voted"), None)
        runs = None if vote is None else await self._store.runs(vote)
        return None if vote is None or runs is None else _reveal(vote, *runs)

    async def _draw(self, ballot_id: str) -> Draw | None:
        """A pair that was drawn and not voted on comes again, with the same sides."""
        drawn = await self._store.draw(ballot_id, new_id(), utc_now(), choose_sides)
        if drawn is None:
            return None
        stored, votes = await self._store.read(ballot_id)
        left, right = await asyncio.to_thread(_blind_texts, drawn, stored)
        return Draw(
            id=drawn.vote.id,
            ballot_id=ballot_id,
            number=sum(vote.state == "voted" for vote in votes) + 1,
            comparison_id=drawn.vote.comparison_id,
            case=drawn.vote.case,
            question=drawn.question,
            left_text=left,
            right_text=right,
            is_last=not pairs_left(stored.targets, votes, drawn.waiting),
        )

    async def _cast(self, command: c.CastVote) -> Voted | None:
        """Stored first: what comes after can fail, and the vote still stands."""
        vote, left, right = await self._store.vote(command.draw_id, command.choice, utc_now())
        if command.choice is None:
            return None
        return Voted(reveal=_reveal(vote, left, right), ballot=await self._read(vote.ballot_id))


def _checked(targets: list[str]) -> list[str]:
    if not 2 <= len(targets) <= _MAX_TARGETS:
        raise UsageError(
            "A blind vote needs targets to choose from",
            f"{len(targets)} given",
            f"Choose 2 to {_MAX_TARGETS} different ones.",
        )
    if len(set(targets)) < len(targets):
        raise UsageError("A target cannot be voted against itself", hint="Choose each target once.")
    if not all(name.strip() and len(name) <= _MAX_NAME_CHARS for name in targets):
        raise UsageError("Not a target's name", hint=f"Use 1 to {_MAX_NAME_CHARS} characters.")
    return targets


def _ballot(stored: StoredBallot, votes: list[StoredVote]) -> Ballot:
    """Counts only. With several pairs, `votes` are those of the pair that has the fewest."""
    cast = [vote for vote in votes if vote.state == "voted"]
    left = Counter(vote.left_target for vote in cast)
    return Ballot(
        id=stored.id,
        started_at=stored.started_at,
        title=stored.title,
        targets=list(stored.targets),
        seed=stored.seed,
        planned_share=stored.planned_share,
        needed=needed_votes(stored.planned_share),
        votes=min(pair_counts(stored.targets, votes).values()),
        total_votes=len(cast),
        skipped=sum(vote.state == "skipped" for vote in votes),
        withdrawn=sum(vote.state == "withdrawn" for vote in votes),
        steps=vote_steps(stored.planned_share),
        left_counts={target: left[target] for target in stored.targets},
        position=position_bias(_counted(votes)),
        is_peeked=stored.is_peeked,
    )


def _counted(votes: list[StoredVote]) -> list[CountedVote]:
    return [
        CountedVote(vote.left_target, vote.right_target, vote.choice, vote.prompt_key)
        for vote in votes
        if vote.state == "voted" and vote.choice is not None
    ]


def _series(stored: StoredBallot, ballot: Ballot, votes: list[StoredVote], *, is_early: bool) -> Series:
    return Series(
        targets=stored.targets,
        votes=_counted(votes),
        seed=stored.seed,
        planned_share=stored.planned_share,
        needed=ballot.needed,
        is_early=is_early,
        is_peeked=stored.is_peeked,
        withdrawn=ballot.withdrawn,
    )


def _blind_texts(drawn: DrawnPair, stored: StoredBallot) -> tuple[str, str]:
    """Both answers without any name of any target that answered this prompt."""
    names = name_pattern((run.target for run in (drawn.left, drawn.right, *drawn.runs)), stored.targets)
    return normalised(drawn.left.text, names), normalised(drawn.right.text, names)


def _reveal(vote: StoredVote, left: Run, right: Run) -> Reveal:
    if vote.choice is None or vote.voted_at is None:
        raise AppError("This pair was not voted on")
    return Reveal(
        vote_id=vote.id,
        ballot_id=vote.ballot_id,
        voted_at=vote.voted_at,
        choice=vote.choice,
        left=left,
        right=right,
    )
