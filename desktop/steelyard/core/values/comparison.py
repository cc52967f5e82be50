"""One prompt on several targets: the result, and what of it cannot be compared."""

from __future__ import annotations

import re
from typing import Final, Literal

from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Attachment, Message, Sampling
from steelyard.core.values.row import Row
from steelyard.core.values.run import CostBasis, Run

Schedule = Literal["model-by-model", "concurrent"]
NotComparableCode = Literal[
    "cold_start",
    "cached_prefill",
    "different_context",
    "truncated_prompt",
    "other_local_load",
    "throttled",
    "memory_pressure",
    "finish_length",
    "different_max_tokens",
    "retried",
    "tokenizer_differs",
    "hidden_reasoning",
    "spilled_to_cpu",
    "api_side_unknown",
]
ExportFormat = Literal["md", "json", "csv", "html"]
DiffBy = Literal["words", "lines"]
DiffOp = Literal["equal", "replace", "insert", "delete"]


class Remedy:
    """What one click offers to do about a metric that cannot be compared; `NotComparable.remedy` is one."""

    WARM: Final = "Rerun warm"
    WITHOUT_CACHE: Final = "Rerun without cache"
    AGAIN: Final = "Rerun"
    """The same request: what disturbed it was the moment."""
    LESS_CONTEXT: Final = "Rerun with less context"
    MORE_CONTEXT: Final = "Rerun with more context"
    MORE_TOKENS: Final = "Rerun with more tokens"
    MODEL_BY_MODEL: Final = "Rerun model by model"
    ONE_AFTER_ANOTHER: Final = "Rerun one after another"
    """Model by model, with the API on this machine taking turns, too."""
    WITH_SYSTEM: Final = "Rerun with a system prompt"
    """One that all columns share, so that no template puts in its own."""

    @staticmethod
    def with_tokens(tokens: int) -> str:
        """The same answer length for all columns."""
        return f"Rerun with {tokens:,} tokens"

    @staticmethod
    def tokens_in(remedy: str) -> int | None:
        """The number in a remedy made by `with_tokens`; None for any other."""
        found = re.fullmatch(r"Rerun with ([\d,]{1,20}) tokens", remedy, re.ASCII)
        return int(found[1].replace(",", "")) if found else None


class NotComparable(Row, frozen=True):
    """Single metrics of one run that are left out of the comparison, never the whole answer."""

    run_id: str
    metrics: list[str]
    code: NotComparableCode
    detail: str
    remedy: str | None = None


class Spread(Row, frozen=True):
    """Median and range over the comparable runs; USD as decimal strings, times in ms."""

    median: float | str | None
    low: float | str | None
    high: float | str | None
    n: int


class Scaled(Row, frozen=True):
    """An amount for one prompt, for a thousand such prompts, and for the user's month; USD."""

    usd: str
    per_1000_usd: str
    month_usd: str | None


class CostOutlook(Row, frozen=True):
    """What a column costs now and later. `price` is an API's; a local one has marginal (electricity) and,
    where the machine's price is known, full (electricity and the machine's share).

    `busy_share`: how much of a month one such server would be busy with `prompts_month` prompts, one after
    another; above 1 it takes more than one machine.
    """

    basis: CostBasis
    price: Scaled | None = None
    marginal: Scaled | None = None
    full: Scaled | None = None
    prompts_month: int | None = None
    busy_share: float | None = None


class TargetSummary(Row, frozen=True):
    """Medians of one target. `gen_cps` is characters a second, for targets whose tokens differ."""

    n: int
    ttft_ms: Spread
    tpot_ms: Spread
    gen_tps: Spread
    e2e_ms: Spread
    usd: Spread
    gen_cps: Spread
    answer_chars: Spread
    outlook: CostOutlook | None = None


class Comparison(Row, frozen=True):
    """The runs of one prompt, target by target."""

    id: str
    schedule: Schedule
    runs: list[Run]
    not_comparable: list[NotComparable]
    summary: dict[str, TargetSummary]


class ComparisonPlan(Row, frozen=True):
    """Everything that is needed to send a comparison again: no key is among it.

    `targets` as they were asked for, column by column. `cases`: the rows of the table whose columns fill the
    `{variables}` of `prompt`; empty for a plain prompt.
    """

    targets: list[str]
    prompt: str
    system: str = ""
    attachments: list[Attachment] = []
    sampling: Sampling = Sampling()
    schedule: Schedule = "model-by-model"
    repeat: int = 1
    warm_up: int | None = None
    class_: str | None = None
    tags: dict[str, str] = {}
    profile: LaunchProfile = LaunchProfile()
    profiles: dict[str, LaunchProfile] = {}
    cache_prompt: bool = False
    allow_unverified: bool = False
    cases: list[dict[str, str]] = []


class ComparisonRow(Row, frozen=True):
    """A line of the history list. `missing_runs` were planned and never finished: it can be resumed."""

    id: str
    started_at: str
    title: str
    targets: list[str]
    turns: int
    tags: list[str] = []
    is_starred: bool = False
    cases: int = 0
    runs: int = 0
    """All that were ever made, later turns and repeated answers included."""
    planned_runs: int = 0
    """Of the first turn; 0 in those of earlier versions."""
    missing_runs: int = 0
    failed_runs: int = 0
    """Of the first turn: they failed with an error that another try may not meet."""
    votes: int = 0


class Answer(Row, frozen=True):
    """One run of a stored comparison, with the message that it answers."""

    run: Run
    question: Message
    is_pinned: bool = False


class ColumnHistory(Row, frozen=True):
    """One column: all its answers in the order in which they were asked for; `run.parent_id` makes the
    tree.
    """

    target: str
    answers: list[Answer]


class ComparisonHistory(Row, frozen=True):
    """A stored comparison, enough to show it again and to go on with it.

    `plan` is that of its first turn; None in those of earlier versions.
    """

    id: str
    started_at: str
    title: str
    schedule: Schedule
    system: str
    columns: list[ColumnHistory]
    not_comparable: list[NotComparable]
    plan: ComparisonPlan | None = None
    summary: dict[str, TargetSummary] = {}
    """Of its first turn."""
    tags: list[str] = []
    is_starred: bool = False
    missing_runs: int = 0
    ballot_id: str | None = None
    """It was made for blind votes: nobody is to see who answered before the vote."""


class ReplayedRun(Row, frozen=True):
    """One answer beside the one that it repeats. `reasons` say why it is not identical, or what a doubt
    is.
    """

    target: str
    original_run_id: str
    run_id: str | None
    is_identical: bool
    first_difference_char: int | None = None
    reasons: list[str] = []


class Replay(Row, frozen=True):
    """A comparison that was run again: `comparison` is the new one."""

    of: str
    comparison: Comparison
    answers: list[ReplayedRun]
    is_identical: bool


class Exported(Row, frozen=True):
    """A file's content, and the name that it should have."""

    name: str
    mime: str
    text: str


class DiffPiece(Row, frozen=True):
    """A stretch of two texts. Joined, all `left` are the one text and all `right` the other."""

    op: DiffOp
    left: str
    right: str


class TextDiff(Row, frozen=True):
    """Two answers against each other. `similarity` is 0 to 1. `note` says where it is coarser than asked."""

    pieces: list[DiffPiece]
    by: DiffBy
    similarity: float
    note: str = ""
