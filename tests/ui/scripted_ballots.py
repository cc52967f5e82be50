"""Blind votes of the scripted engine: series, draws and votes in memory, by simple rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.values import commands as cmd
from steelyard.core.values.ballots import (
    Ballot,
    Draw,
    Interval,
    PairResult,
    PositionBias,
    Rating,
    Reveal,
    Standings,
    Voted,
    VoteStep,
)
from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.run import Run

STEPS = [VoteStep(share, n) for share, n in ((0.75, 29), (0.7, 47), (0.65, 85), (0.6, 194), (0.55, 783))]


class _Pair:
    def __init__(self, ballot_id: str, question: str, runs: tuple[Run, Run], *, is_last: bool) -> None:
        self.ballot_id = ballot_id
        self.question = question
        self.left, self.right = runs
        self.is_last = is_last
        self.number = 0
        self.id = new_id()


class ScriptedBallots:
    """Every second pair stands the other way round. `needed` overrides what a planned split needs."""

    def __init__(self) -> None:
        self.needed: int | None = None
        self.ballots: list[Ballot] = []
        self.waiting: list[_Pair] = []
        self.reveals: list[Reveal] = []
        self.standings: Standings | None = None
        """What the votes say; None makes an even result of two targets."""

    def answers(self) -> dict[type, Any]:
        """Commands and their answers."""
        return {
            cmd.OpenBallot: self._open,
            cmd.ReadBallot: self._read,
            cmd.DrawPair: self._draw,
            cmd.CastVote: self._cast,
            cmd.UndoVote: self._undo,
        }

    def compared(self, command: cmd.StartComparison, comparison: Comparison) -> None:
        """A comparison for a ballot is over: its whole pairs wait."""
        good = [run for run in comparison.runs if run.error is None and run.text]
        for case in sorted({run.case for run in good}):
            runs = [run for run in good if run.case == case]
            for at in range(len(runs) - 1):
                pair = (runs[at], runs[at + 1])
                sides = pair if len(self.waiting) % 2 else (pair[1], pair[0])
                values = command.cases[case] if command.cases else {}
                question = command.prompt
                for name, value in values.items():
                    question = question.replace(f"{{{name}}}", value)
                is_last = at == len(runs) - 2 and case == max(run.case for run in good)
                self.waiting.append(_Pair(command.ballot_id or "", question, sides, is_last=is_last))

    def _open(self, command: cmd.OpenBallot) -> Ballot:
        known = [ballot for ballot in self.ballots if ballot.targets == command.targets]
        if known and not command.is_new:
            return self._shown(known[-1])
        needed = next((step.votes for step in STEPS if step.share == command.planned_share), 85)
        ballot = Ballot(
            id=new_id(),
            started_at=utc_now(),
            title="",
            targets=command.targets,
            seed=1,
            planned_share=command.planned_share,
            needed=self.needed or needed,
            votes=0,
            skipped=0,
            steps=STEPS,
            left_counts={},
        )
        self.ballots.append(ballot)
        return ballot

    def _find(self, ballot_id: str) -> Ballot:
        return next(ballot for ballot in self.ballots if ballot.id == ballot_id)

    def change(self, ballot_id: str, **changes: Any) -> Ballot:
        """Store other values; returns the ballot as it is shown."""
        at = next(at for at, ballot in enumerate(self.ballots) if ballot.id == ballot_id)
        self.ballots[at] = msgspec.structs.replace(self.ballots[at], **changes)
        return self._shown(self.ballots[at])

    def _shown(self, ballot: Ballot) -> Ballot:
        is_open = ballot.is_peeked or ballot.votes >= ballot.needed
        last = self.reveals[-1] if self.reveals and self.reveals[-1].ballot_id == ballot.id else None
        standings = (self.standings or even_standings(ballot)) if is_open else None
        return msgspec.structs.replace(ballot, standings=standings, last=last)

    def _read(self, command: cmd.ReadBallot) -> Ballot:
        ballot = self._find(command.id)
        return self.change(ballot.id, is_peeked=ballot.is_peeked or command.peeks)

    def _draw(self, command: cmd.DrawPair) -> Draw | None:
        ballot = self._find(command.ballot_id)
        pair = next((pair for pair in self.waiting if pair.ballot_id == ballot.id), None)
        if pair is None:
            return None
        return Draw(
            id=pair.id,
            ballot_id=ballot.id,
            number=ballot.votes + ballot.skipped + 1,
            comparison_id=pair.left.comparison_id or "",
            case=pair.left.case,
            question=Message(role="user", content=pair.question),
            left_text=pair.left.text,
            right_text=pair.right.text,
            is_last=pair.is_last,
        )

    def _cast(self, command: cmd.CastVote) -> Voted | None:
        pair = next((pair for pair in self.waiting if pair.id == command.draw_id), None)
        if pair is None:
            raise AppError("This pair was voted on already")
        self.waiting.remove(pair)
        ballot = self._find(pair.ballot_id)
        if command.choice is None:
            self.change(ballot.id, skipped=ballot.skipped + 1)
            return None
        reveal = Reveal(
            vote_id=new_id(),
            ballot_id=ballot.id,
            voted_at=utc_now(),
            choice=command.choice,
            left=pair.left,
            right=pair.right,
        )
        self.reveals.append(reveal)
        name = pair.left.target.name
        counts = ballot.left_counts | {name: ballot.left_counts.get(name, 0) + 1}
        votes = ballot.votes + 1
        return Voted(reveal, self.change(ballot.id, votes=votes, total_votes=votes, left_counts=counts))

    def _undo(self, command: cmd.UndoVote) -> Ballot:
        reveal = next(reveal for reveal in self.reveals if reveal.vote_id == command.vote_id)
        self.reveals.remove(reveal)
        ballot = self._find(reveal.ballot_id)
        shown = self.change(ballot.id, votes=ballot.votes - 1, total_votes=ballot.votes - 1)
        return msgspec.structs.replace(shown, last=None)


def even_standings(ballot: Ballot) -> Standings:
    """Two targets that cannot be told apart."""
    first, second = ballot.targets[:2]

    def rating(target: str, wins: int, losses: int, low: float, high: float) -> Rating:
        middle = (low + high) / 2
        return Rating(
            target=target,
            strength=Interval(0, -0.3, 0.3),
            elo=Interval(0, -50, 50),
            win_rate=Interval(middle, low, high),
            votes=wins + losses,
            wins=wins,
            losses=losses,
            ties=0,
            both_bad=0,
        )

    return Standings(
        ratings=[rating(first, 18, 16, 0.37, 0.69), rating(second, 16, 18, 0.31, 0.63)],
        pairs=[
            PairResult(
                first=first,
                second=second,
                votes=34,
                wins=18,
                losses=16,
                ties=0,
                both_bad=0,
                win_rate=Interval(0.53, 0.37, 0.69),
                p=0.86,
                is_distinguishable=False,
            )
        ],
        position=PositionBias(left=17, right=17, p=1.0, is_biased=False),
        verdict=f"{first} and {second} cannot be told apart: {first} wins 18 of 34 votes, {second} 16. About "
        "2,100 more votes would settle a difference as small as this one.",
        is_distinguishable=False,
    )
