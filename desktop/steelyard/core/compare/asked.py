"""From a command to what is asked: which columns, which prompts, which runs of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.errors import UsageError
from steelyard.core.base.templates import fill_rows
from steelyard.core.compare.plan import Step
from steelyard.core.runs.asking import messages_of
from steelyard.core.values.comparison import ComparisonPlan
from steelyard.core.values.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.compare_commands import StartComparison
    from steelyard.core.values.prompt import Message

_MAX_CASES = 1_000


def places_of(command: StartComparison) -> list[int]:
    """The columns' positions in the comparison.

    Raises:
        UsageError: there are none, or the lists do not go together.
    """
    if not command.targets:
        raise UsageError("A comparison needs a target", hint="Add one with --target NAME.")
    places = command.columns or list(range(len(command.targets)))
    if len(places) != len(command.targets) or len(set(places)) != len(places) or min(places) < 0:
        raise UsageError("Each target of a further turn needs a column of its own")
    if command.parents and (len(command.parents) != len(command.targets) or command.continues is None):
        raise UsageError("A further turn needs an answer to go on from for each target")
    return places


def parents_of(command: StartComparison) -> list[str | None]:
    """Target by target, the answer that is gone on from."""
    return command.parents or [None for _ in command.targets]


def prompts_of(prompt: str, cases: list[dict[str, str]]) -> list[str]:
    """The prompt with the variables of each row; as it is where there is no table.

    Raises:
        UsageError: a variable has no column, or there are too many rows.
    """
    if len(cases) > _MAX_CASES:
        raise UsageError("The table is too long", f"{len(cases)} rows", f"At most {_MAX_CASES:,}.")
    return fill_rows(prompt, cases)


def steps_of(
    asked: StartComparison | ComparisonPlan,
    prompts: list[str],
    history: Sequence[Message] = (),
    *,
    turn: int = 0,
    parent_id: str | None = None,
    caches: bool = False,
) -> list[Step]:
    """All runs of one column, repetition by repetition. `history`: what was said up to `parent_id`."""
    return [
        Step(
            Prompt(
                messages=messages_of(asked.system, list(history), text, asked.attachments),
                sampling=asked.sampling,
                cache_prompt=caches,
            ),
            turn=turn,
            parent_id=parent_id,
            case=case,
            repeat=repeat,
        )
        for repeat in range(asked.repeat)
        for case, text in enumerate(prompts)
    ]


def plan_to_keep(command: StartComparison) -> ComparisonPlan:
    """What the ledger keeps of a command, so that it can be resumed and replayed."""
    return ComparisonPlan(
        # A path may be any bytes; the ledger holds text.
        targets=[name.encode("utf-8", "replace").decode() for name in command.targets],
        prompt=command.prompt,
        system=command.system,
        attachments=command.attachments,
        sampling=command.sampling,
        schedule=command.schedule,
        repeat=command.repeat,
        warm_up=command.warm_up,
        class_=command.class_,
        tags=command.tags,
        profile=command.profile,
        profiles=command.profiles,
        cache_prompt=bool(command.cache_prompt),
        allow_unverified=command.allow_unverified,
        cases=command.cases,
    )
