"""A stored comparison once more: what has to be the same, and why an answer came out different."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.compare.concluding import first_answers, newest
from steelyard.core.compare.diff import first_difference
from steelyard.core.compare.replay.reasons import flags_of, reasons_for
from steelyard.core.values.compare_commands import StartComparison
from steelyard.core.values.comparison import ComparisonPlan, ReplayedRun
from steelyard.core.values.prompt import Sampling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steelyard.core.compare.replay.reasons import Evidence
    from steelyard.core.values.compare_commands import ReplayComparison
    from steelyard.core.values.comparison import ComparisonHistory
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.run import Run

_CHOSEN = ("max_tokens", "temperature", "top_p", "seed", "json_schema")

Place = tuple[int, int, int]
"""Column, case, repetition."""


@dataclass(frozen=True)
class ReplayPlan:
    """`start` is the request again; its columns repeat those at `columns`, whose runs are `originals`."""

    start: StartComparison
    columns: list[int]
    originals: dict[Place, Run]

    def place_of(self, run: Run) -> Place:
        """Which run of the original this one of the replay repeats."""
        return self.columns[run.column], run.case, run.repeat


def plan_replay(
    history: ComparisonHistory, command: ReplayComparison, profiles: Mapping[str, LaunchProfile]
) -> ReplayPlan:
    """What is to be run again. `profiles`: by run id, how the server of a run was launched.

    Raises:
        AppError: nothing of it can be run again.
    """
    plan = plan_of(history)
    originals = _originals(history, plan)
    columns = _columns(originals, local_only=command.local_only)
    kept = {place: run for place, run in originals.items() if place[0] in columns}
    by_target = {
        plan.targets[place[0]]: profiles[run.id] for place, run in kept.items() if run.id in profiles
    }
    start = StartComparison(
        targets=[plan.targets[at] for at in columns],
        prompt=plan.prompt,
        system=plan.system,
        attachments=plan.attachments,
        sampling=plan.sampling,
        schedule=plan.schedule,
        repeat=plan.repeat,
        warm_up=plan.warm_up,
        class_=plan.class_,
        tags=plan.tags,
        allow_unverified=plan.allow_unverified,
        profile=plan.profile,
        profiles=by_target,
        cache_prompt=False,
        cases=plan.cases,
        route=command.route,
        environment=command.environment,
    )
    return ReplayPlan(start=start, columns=columns, originals=kept)


def _columns(originals: Mapping[Place, Run], *, local_only: bool) -> list[int]:
    kinds = {column: run.target.kind for (column, _, _), run in originals.items()}
    columns = [column for column, kind in sorted(kinds.items()) if kind == "local" or not local_only]
    if not columns:
        why = "it has no answers of local models" if kinds else "its first turn has no answers"
        raise AppError("There is nothing to replay", why, "Start a comparison with the same prompt instead.")
    return columns


def pinned(profile: LaunchProfile, command: str | None) -> LaunchProfile:
    """The profile with what the settings of then had filled in, as the command line tells: they may be
    others by now.
    """
    flags = flags_of(command)
    slots = _whole(flags.get("--parallel")) or 1
    context = _whole(flags.get("--ctx-size"))
    return msgspec.structs.replace(
        profile,
        parallel=profile.parallel or slots,
        context_tokens=profile.context_tokens or (context // slots if context else None),
        threads=profile.threads or _whole(flags.get("--threads")),
        batch_tokens=profile.batch_tokens or _whole(flags.get("--batch-size")),
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def plan_of(history: ComparisonHistory) -> ComparisonPlan:
    """Its plan; for one that an earlier version made, what its first runs tell of it.

    Raises:
        AppError: it has no runs to tell.
    """
    if history.plan is not None:
        return history.plan
    first = [answer for column in history.columns for answer in column.answers if answer.run.turn == 0]
    if not first:
        raise AppError("There is nothing to replay", "its first turn has no answers")
    run = first[0].run
    counts = [sum(answer.run.turn == 0 for answer in column.answers) for column in history.columns]
    chosen = {name: value for name in _CHOSEN if (value := run.params.get(name)) not in (None, "default")}
    return ComparisonPlan(
        targets=[column.target for column in history.columns],
        prompt=first[0].question.content,
        system=history.system,
        sampling=msgspec.convert(chosen, Sampling),
        schedule=history.schedule,
        repeat=max(1, *counts),
        class_=run.class_,
        tags=run.tags,
    )


def compare_replayed(
    plan: ReplayPlan, runs: Sequence[Run], then: Mapping[str, Evidence], now: Mapping[str, Evidence]
) -> list[ReplayedRun]:
    """Every original answer beside the new one. `then` and `now`: what is known of them, by run id."""
    again = {plan.place_of(run): run for run in runs}
    pairs = ((old, again.get(place)) for place, old in plan.originals.items())
    return [_replayed(then[old.id], None if new is None else now[new.id]) for old, new in pairs]


def _replayed(then: Evidence, now: Evidence | None) -> ReplayedRun:
    old, new = then.run, None if now is None else now.run
    if now is None or new is None:
        return ReplayedRun(
            target=old.target.name,
            original_run_id=old.id,
            run_id=None,
            is_identical=False,
            reasons=["it was not run again: the replay ended before"],
        )
    is_identical = _said(old) == _said(new) and new.error is None
    return ReplayedRun(
        target=old.target.name,
        original_run_id=old.id,
        run_id=new.id,
        is_identical=is_identical,
        first_difference_char=first_difference(old.text, new.text),
        reasons=reasons_for(then, now, is_identical=is_identical),
    )


def _said(run: Run) -> tuple[object, ...]:
    return run.text, run.reasoning or "", run.tool_calls or []


def _originals(history: ComparisonHistory, plan: ComparisonPlan) -> dict[Place, Run]:
    """The runs of the first turn as they were planned: the last one of each place, no branch of it."""
    runs = [answer.run for answer in first_answers(history, plan)]
    if history.plan is not None:
        found = {(run.column, run.case, run.repeat): run for run in newest(runs)}
    else:  # earlier versions did not number repetitions: their order in their column tells them apart
        numbers: dict[int, count[int]] = defaultdict(count)
        in_order = sorted(runs, key=lambda run: run.id)
        found = {(run.column, run.case, next(numbers[run.column])): run for run in in_order}
    return dict(sorted(found.items()))
