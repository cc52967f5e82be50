"""Runs a stored comparison again and tells of each answer whether it came out the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.core.compare.replay.reasons import Evidence
from steelyard.core.compare.replay.replaying import compare_replayed, pinned, plan_replay
from steelyard.core.values.comparison import Replay

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from steelyard.core.store.comparisons import ComparisonStore
    from steelyard.core.store.run_details import RunDetails, RunDetailsStore
    from steelyard.core.values.compare_commands import ReplayComparison, StartComparison
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.run import Run


class ReplayDesk:
    """Knows how the runs of a comparison were served."""

    def __init__(self, store: ComparisonStore, details: RunDetailsStore) -> None:
        self._store = store
        self._details = details

    async def replay(
        self, command: ReplayComparison, compare: Callable[[StartComparison], Awaitable[Comparison]]
    ) -> Replay:
        """`compare` carries out what is asked again.

        Raises:
            AppError: there is no such comparison, or nothing of it can be run again.
        """
        asked = await self._store.plan(command.id)  # with the data of images, which a history leaves out
        history = msgspec.structs.replace(await self._store.read(command.id), plan=asked)
        runs = [answer.run for column in history.columns for answer in column.answers if not answer.run.turn]
        kept = await self._kept(runs)
        profiles = {
            run_id: pinned(details.profile, details.command)
            for run_id, details in kept.items()
            if details.profile is not None
        }
        plan = plan_replay(history, command, profiles)
        comparison = await compare(plan.start)
        answers = compare_replayed(
            plan,
            comparison.runs,
            _evidence(plan.originals.values(), kept),
            _evidence(comparison.runs, await self._kept(comparison.runs)),
        )
        return Replay(
            of=command.id,
            comparison=comparison,
            answers=answers,
            is_identical=all(answer.is_identical for answer in answers),
        )

    async def _kept(self, runs: Iterable[Run]) -> dict[str, RunDetails]:
        found = {run.id: await self._details.read(run.id) for run in runs}
        return {run_id: details for run_id, details in found.items() if details is not None}


def _evidence(runs: Iterable[Run], kept: dict[str, RunDetails]) -> dict[str, Evidence]:
    return {
        run.id: Evidence(run, details.command, details.samplers)
        if (details := kept.get(run.id)) is not None
        else Evidence(run)
        for run in runs
    }
