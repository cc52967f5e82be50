"""Commands about comparisons, votes and prompts that are kept."""

from __future__ import annotations

from typing import Annotated

import msgspec

from steelyard.core.values.ballots import Choice
from steelyard.core.values.comparison import DiffBy, ExportFormat, Schedule
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Attachment, LibraryPrompt, Sampling
from steelyard.core.values.row import Tagged


class StartRun(Tagged, frozen=True):
    """Send one prompt to one target; answers with a `Run`.

    `environment` carries the values of key variables that the asking process sees: memory only.
    """

    target: str
    prompt: str
    system: str = ""
    attachments: list[Attachment] = []
    sampling: Sampling = Sampling()
    class_: str | None = None
    tags: dict[str, str] = {}
    allow_unverified: bool = False
    profile: LaunchProfile = LaunchProfile()
    route: str = "app"
    environment: dict[str, str] = {}


class StartComparison(Tagged, frozen=True):
    """Send one prompt to several targets; answers with a `Comparison` of what was asked now.

    With `continues`, this belongs to that stored comparison: `columns` are the positions there that `targets`
    stand at (empty: all, in order), and `parents` hold, target by target, the run whose answer is gone on
    from (None: from the beginning). That makes follow-ups, branches (an earlier parent, another prompt)
    and repeated answers (the same parent and prompt) the same thing.

    `warm_up` counts discarded prompts for each local target; None sends one to those that have served none
    since loading. `profiles` go before `profile`, by the name asked for. `cache_prompt` None: on where a
    conversation goes on, else off. `cases` are the rows of a table that fill the `{variables}` of `prompt`.
    """

    targets: list[str]
    prompt: str
    system: str = ""
    attachments: list[Attachment] = []
    sampling: Sampling = Sampling()
    schedule: Schedule = "model-by-model"
    repeat: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    warm_up: int | None = None
    class_: str | None = None
    tags: dict[str, str] = {}
    allow_unverified: bool = False
    profile: LaunchProfile = LaunchProfile()
    profiles: dict[str, LaunchProfile] = {}
    cache_prompt: bool | None = None
    cases: list[dict[str, str]] = []
    continues: str | None = None
    columns: list[int] = []
    parents: list[str | None] = []
    ballot_id: str | None = None
    route: str = "app"
    environment: dict[str, str] = {}


class ResumeComparison(Tagged, frozen=True):
    """Run what a comparison still lacks after a crash or a stop; answers with the whole `Comparison`."""

    id: str
    route: str = "app"
    environment: dict[str, str] = {}


class ReplayComparison(Tagged, frozen=True):
    """Run the first turn of a stored comparison again as it was; answers with a `Replay`.

    `local_only` leaves the APIs out: no money is spent.
    """

    id: str
    local_only: bool = False
    route: str = "app"
    environment: dict[str, str] = {}


class ListComparisons(Tagged, frozen=True):
    """Answers with `list[ComparisonRow]`, newest first.

    `query`: words that must all occur in its title, prompts, answers, tags or target names. `before`: the
    id of the last row of the page before.
    """

    limit: int = 200
    query: str = ""
    tag: str = ""
    only_starred: bool = False
    before: str | None = None


class ReadComparison(Tagged, frozen=True):
    """Answers with a `ComparisonHistory`."""

    id: str


class MarkComparison(Tagged, frozen=True):
    """Change what the user gave it; None leaves it as it is. Answers with its `ComparisonRow`."""

    id: str
    title: str | None = None
    is_starred: bool | None = None
    tags: list[str] | None = None


class RemoveComparison(Tagged, frozen=True):
    """Delete its texts for good. Figures and costs of its runs stay in the ledger, without what was said."""

    id: str


class PinAnswer(Tagged, frozen=True):
    """Keep an answer: reruns leave it, and its column goes on from it."""

    run_id: str
    is_pinned: bool


class ExportComparison(Tagged, frozen=True):
    """Answers with an `Exported`."""

    id: str
    format: ExportFormat


class DiffAnswers(Tagged, frozen=True):
    """Answers with a `TextDiff` of two stored answers."""

    left: str
    right: str
    by: DiffBy = "words"


class ReadAttachment(Tagged, frozen=True):
    """Read a file to be sent with a prompt, or take pasted bytes (`data`, base64). Answers with an
    `Attachment`.

    What an image tells about its origin (EXIF, GPS, comments) is taken out.
    """

    path: str
    data: str | None = None


class ListPrompts(Tagged, frozen=True):
    """Answers with `list[LibraryPrompt]`: shipped ones and the user's."""


class SavePrompt(Tagged, frozen=True):
    """Keep a prompt, over the one with its id; an empty id makes a new one. Answers with it as kept."""

    prompt: LibraryPrompt


class RemovePrompt(Tagged, frozen=True):
    """Forget a prompt of the user's."""

    id: str


class OpenBallot(Tagged, frozen=True):
    """Begin a series of blind votes over these targets, or go on with the latest. Answers with a `Ballot`.

    `is_new` begins another one. `planned_share`: the split that it should be able to show.
    """

    targets: list[str]
    planned_share: Annotated[float, msgspec.Meta(gt=0.5, le=0.99)] = 0.65
    is_new: bool = False


class ReadBallot(Tagged, frozen=True):
    """Answers with a `Ballot`. `peeks`: with its standings although there are too few votes; that is
    noted.
    """

    id: str
    peeks: bool = False


class ListBallots(Tagged, frozen=True):
    """Answers with `list[Ballot]`, newest first."""


class DrawPair(Tagged, frozen=True):
    """The next pair of answers of this ballot that nobody has voted on; answers with a `Draw` or None."""

    ballot_id: str


class CastVote(Tagged, frozen=True):
    """Store a vote (None: skip it without one), then tell who it was; answers with `Voted`, or None if
    skipped.
    """

    draw_id: str
    choice: Choice | None


class UndoVote(Tagged, frozen=True):
    """Take the last vote of a ballot back. Its pair is not asked again: its answers are no longer blind.

    Answers with the `Ballot`.
    """

    vote_id: str


PromptCommand = StartRun | ReadAttachment | ListPrompts | SavePrompt | RemovePrompt

CompareCommand = (
    StartComparison
    | ResumeComparison
    | ReplayComparison
    | ListComparisons
    | ReadComparison
    | MarkComparison
    | RemoveComparison
    | PinAnswer
    | ExportComparison
    | DiffAnswers
)

BallotCommand = OpenBallot | ReadBallot | ListBallots | DrawPair | CastVote | UndoVote
