"""A comparison before it begins: which target gets which prompts, in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.comparison import Schedule
    from steelyard.core.values.prompt import Prompt


@dataclass(frozen=True)
class Step:
    """One run that is to be made. `turn` is its depth in its column, `parent_id` the answer it goes on
    from.
    """

    prompt: Prompt
    turn: int = 0
    parent_id: str | None = None
    case: int = 0
    repeat: int = 0


@dataclass(frozen=True)
class Column:
    """One target with everything that it is asked, in order. `at` is its position in the comparison."""

    at: int
    target: Promptable
    steps: list[Step]


@dataclass(frozen=True)
class Plan:
    """What is carried out now: a whole comparison, a further turn, one column again, or what is missing."""

    id: str
    request: str
    columns: list[Column]
    schedule: Schedule
    warm_up: int | None = None
    class_: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    route: str = "app"
    hosted_here: frozenset[str] = frozenset()
    """APIs that were seen to compute on this machine: model by model, they take turns with the local ones."""

    @property
    def total(self) -> int:
        """Number of runs."""
        return sum(len(column.steps) for column in self.columns)


def rounds(columns: list[Column], seed: str) -> list[tuple[Column, Step]]:
    """The runs of several columns one after another, all columns in each round, in an order drawn anew for
    each.

    A drift of the machine (heat, other programs) then falls on all columns alike. The same seed gives the
    same order. A column with fewer runs is missing from the last rounds.
    """
    coin = random.Random(seed)
    order: list[tuple[Column, Step]] = []
    for number in range(max((len(column.steps) for column in columns), default=0)):
        present = [column for column in columns if number < len(column.steps)]
        coin.shuffle(present)
        order += [(column, column.steps[number]) for column in present]
    return order
