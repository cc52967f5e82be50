"""A blind series as the view shows it: what is asked of the engine, and what may be told of its answers.

Events name targets and figures; of them only counts come through here before a vote.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.core.values.commands import (
    CastVote,
    DrawPair,
    OpenBallot,
    ReadBallot,
    ResumeComparison,
    StartComparison,
    UndoVote,
)
from steelyard.core.values.prompt import Sampling
from steelyard.ui.pages.compare_blind_writing import Writer, Writing

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.ballots import Ballot, Choice, Draw, Reveal, Voted
    from steelyard.core.values.comparison import ComparisonHistory, Schedule
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_blind_writing import Outcome

Phase = Literal["closed", "opening", "failed", "asking", "writing", "drawing", "voting", "casting"]
_VOTE_FIRST = (
    "That comparison was made for blind votes: it opens with names and figures as soon as no pair of the "
    "series waits."
)


@dataclass(frozen=True)
class BlindSetup:
    """Who is asked, and how: taken from the page when the view opens."""

    targets: list[str]
    system: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    schedule: Schedule = "model-by-model"


class BlindSeries(QObject):
    """Opens a ballot, has answers written, draws pairs, stores votes. `changed` after each step."""

    changed = Signal()
    unveiled = Signal(str)
    """The comparison that was to be opened: no pair waits for a vote any more."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._writer = Writer(bridge, self)
        self._opening: OpenBallot | ReadBallot | None = None
        self._has_more = False
        self.phase: Phase = "closed"
        self.setup = BlindSetup([])
        self.ballot: Ballot | None = None
        self.draw: Draw | None = None
        self.reveal: Reveal | None = None
        self.is_undone = False
        self.is_last = False
        """Of the revealed vote's comparison no pair is left to be voted on."""
        self.error: AppError | None = None
        self.note = ""
        self.reasons: list[str] = []
        """What failed in the last prompt, with names: to be told on request only."""
        self.can_tell = False
        self.failures: list[str] = []
        """Everything that failed since the view was opened: told beside the standings."""
        self._wanted: ComparisonHistory | None = None
        self.lost_prompt = ""
        """A prompt that was stopped or refused: it goes back into its field."""
        self._writer.progressed.connect(self.changed)
        self._writer.ended.connect(self._on_ended)

    @property
    def writing(self) -> Writing | None:
        """The answers on their way."""
        return self._writer.writing

    # ---- the series ----------------------------------------------------------------------------------------

    def open(self, setup: BlindSetup) -> None:
        """Go on with the latest series of these targets, or begin the first."""
        self.setup = setup
        self._open(OpenBallot(targets=setup.targets))

    def open_ballot(self, ballot_id: str, setup: BlindSetup, wanted: ComparisonHistory) -> None:
        """Go on with a certain series, since a comparison of it was to be opened.

        Its own targets go before those of `setup`. What the comparison lacks is written first.
        """
        self.setup = setup
        self._open(ReadBallot(id=ballot_id))
        self._wanted = wanted

    def begin_new(self, share: float) -> None:
        """Begin another series over the same targets."""
        self._open(OpenBallot(targets=self.setup.targets, planned_share=share, is_new=True))

    def retry(self) -> None:
        """Try again what failed."""
        if self.ballot is not None:
            self._draw_next()
        elif self._opening is not None:
            self._open(self._opening)

    def close(self) -> None:
        """The view is left: answers on their way are stopped, all that is stored stays."""
        self.stop()
        self._set("closed")

    def peek(self) -> None:
        """Have the standings although there are too few votes."""
        if self.ballot is not None:
            self._bridge.run(ReadBallot(id=self.ballot.id, peeks=True), self._on_ballot, self._on_noted)

    def _open(self, command: OpenBallot | ReadBallot) -> None:
        self.stop()
        self._opening = command
        self._wanted = None
        self.ballot = self.draw = self.reveal = self.error = None
        self.is_undone = False
        self._say("")
        self.failures = []
        self._set("opening")
        self._bridge.run(command, self._on_opened, self._on_failed)

    def _on_opened(self, ballot: Ballot) -> None:
        if self.phase != "opening":
            return
        self.ballot, self.reveal = ballot, ballot.last
        self.setup = replace(self.setup, targets=list(ballot.targets))
        if self._wanted is not None and self._wanted.missing_runs:
            self._resume(self._wanted)
        else:
            self._draw_next()

    def _on_failed(self, error: AppError) -> None:
        if self.phase in ("opening", "drawing"):
            self.error = error
            self._set("failed")

    def _on_ballot(self, ballot: Ballot) -> None:
        if self.ballot is not None and ballot.id == self.ballot.id:
            self.ballot = ballot
            self.changed.emit()

    def _on_noted(self, error: AppError) -> None:
        self._say(error.one_line())
        self.changed.emit()

    # ---- answers -------------------------------------------------------------------------------------------

    def write(self, prompt: str, cases: list[dict[str, str]]) -> None:
        """Have all targets answer a prompt, or each row of a table, hidden."""
        if self.phase != "asking" or self.ballot is None:
            return
        rows = max(1, len(cases))
        command = StartComparison(
            targets=self.setup.targets,
            prompt=prompt,
            system=self.setup.system,
            sampling=self.setup.sampling,
            schedule=self.setup.schedule,
            cases=cases,
            ballot_id=self.ballot.id,
        )
        self._start(command, Writing(prompt, rows, rows * len(self.setup.targets)))

    def _resume(self, wanted: ComparisonHistory) -> None:
        """Write the answers that a stopped comparison lacks."""
        self._wanted = None
        plan = wanted.plan
        rows = max(1, len(plan.cases)) if plan is not None else 1
        writing = Writing(plan.prompt if plan is not None else "", rows, wanted.missing_runs)
        self._start(ResumeComparison(id=wanted.id), writing)

    def _start(self, command: StartComparison | ResumeComparison, writing: Writing) -> None:
        self._say("")
        self._writer.start(command, writing)
        self._set("writing")

    def stop(self) -> None:
        """Stop answers on their way; what is written stays, and whole pairs of it are asked."""
        if self.writing is not None:
            self.lost_prompt = self._writer.stop()
            if self.phase == "writing":
                self._draw_next()

    def vote_early(self) -> None:
        """Vote on whole pairs while further answers are being written."""
        if self.phase == "writing":
            self._draw_next()

    @property
    def can_vote_early(self) -> bool:
        """Whether a pair is whole while others are still being written.

        Of three targets the slowest would stand in no early pair, which would tell who does.
        """
        return self.writing is not None and len(self.setup.targets) == 2 and self.writing.ready > 0

    @Slot(object)
    def _on_ended(self, outcome: Outcome) -> None:
        self._say(outcome.note)
        self.reasons, self.can_tell = outcome.reasons, outcome.can_tell
        self.failures += outcome.reasons
        self.lost_prompt = outcome.lost_prompt
        if self.phase == "writing":
            self._draw_next()
            return
        # A pair may have become whole after the draw that is on its way.
        self._has_more = self.phase == "drawing"
        self.changed.emit()

    # ---- pairs and votes -----------------------------------------------------------------------------------

    def vote(self, choice: Choice | None) -> None:
        """Store a vote on the pair that is shown; None skips it."""
        if self.phase != "voting" or self.draw is None:
            return
        self._set("casting")
        self._bridge.run(CastVote(draw_id=self.draw.id, choice=choice), self._on_voted, self._on_vote_failed)

    def undo(self) -> None:
        """Take the last vote back."""
        if self.reveal is not None and not self.is_undone:
            self._bridge.run(UndoVote(vote_id=self.reveal.vote_id), self._on_undone, self._on_noted)

    def tell(self) -> None:
        """Say which answers failed, and why."""
        if self.can_tell:
            self._say("\n".join([self.note, *self.reasons]))
            self.changed.emit()

    def _draw_next(self) -> None:
        assert self.ballot is not None
        self.draw, self._has_more = None, False
        self._set("drawing")
        self._bridge.run(DrawPair(ballot_id=self.ballot.id), self._on_drawn, self._on_failed)

    def _on_drawn(self, draw: Draw | None) -> None:
        if self.phase != "drawing":
            return
        if draw is None and self._has_more:
            self._draw_next()
            return
        self.draw = draw
        wanted, self._wanted = self._wanted, None
        if draw is not None:
            self.note = self.note or (_VOTE_FIRST if wanted is not None else "")
            self._set("voting")
            return
        self._set("writing" if self.writing is not None else "asking")
        if wanted is not None and self.writing is None:
            self.unveiled.emit(wanted.id)

    def _on_voted(self, voted: Voted | None) -> None:
        if self.ballot is None or self.phase == "opening":
            return
        draw = self.draw
        if self.writing is not None:
            self.writing.voted += 1
        if voted is None:
            self._bridge.run(
                ReadBallot(id=self.ballot.id, peeks=self.ballot.is_peeked), self._on_ballot, self._on_noted
            )
        else:
            self.ballot, self.reveal, self.is_undone = voted.ballot, voted.reveal, False
            self.is_last = draw is not None and draw.is_last
        if self.phase == "casting":
            self._draw_next()

    def _on_vote_failed(self, error: AppError) -> None:
        self._say(f"The vote was not stored. {error.one_line()}")
        if self.phase == "casting":
            self._set("voting")

    def _on_undone(self, ballot: Ballot) -> None:
        self.is_undone, self.reveal = True, None
        self._on_ballot(ballot)

    # ---- inside --------------------------------------------------------------------------------------------

    def _say(self, note: str) -> None:
        self.note = note
        if not note:
            self.reasons = []
        self.can_tell = False

    def _set(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
