"""Makes the runs of a plan, and the result of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.compare.comparing import Comparing
from steelyard.core.compare.concluding import conclude, standing_beside
from steelyard.core.compare.local_turn import LocalTurn
from steelyard.core.compare.summary import summarise
from steelyard.core.runs.host_load import NOTABLE_CORES
from steelyard.core.runs.local_target import LocalTarget
from steelyard.core.runs.recount import recount
from steelyard.core.values.events import ComparisonJudged

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.compare.plan import Column, Plan
    from steelyard.core.runs.runner import Runner
    from steelyard.core.store.comparisons import ComparisonStore
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

_log = logging.getLogger(__name__)


class Maker:
    """One for all comparisons: it remembers which APIs compute on this machine."""

    def __init__(
        self,
        runner: Runner,
        store: ComparisonStore,
        ledger: Ledger,
        settings: SettingsStore,
        emit: Callable[[Event], None],
    ) -> None:
        self._runner = runner
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._emit = emit
        self._turn = LocalTurn()
        self._hosted_here: set[str] = set()
        """APIs whose process was seen to use this machine's cores."""

    async def hosted(self, columns: list[Column]) -> frozenset[str]:
        """APIs that compute on this machine: seen by their program, or because they used cores before."""
        hosted = [
            name
            for column in columns
            if (name := column.target.info.name) in self._hosted_here or await column.target.computes_here()
        ]
        return frozenset(hosted)

    async def make(self, plan: Plan) -> list[Run]:
        """All runs of the plan; failed ones are results, too."""
        typical: dict[int, float] = {}
        for column in plan.columns:
            took_ms = await self._ledger.typical_ms(column.target.info.name)
            if took_ms is not None:
                typical[column.at] = took_ms
        runs = await Comparing(plan, self._runner, self._emit, self._turn, typical).carry_out()
        for run in runs:
            if run.target.kind == "api" and (run.state.host_cores or 0) >= NOTABLE_CORES:
                self._hosted_here.add(run.target.name)
        return await self._recounted(plan, runs)

    async def _recounted(self, plan: Plan, runs: list[Run]) -> list[Run]:
        """With the answers of APIs counted in the vocabulary of a local model, if one is still loaded."""
        targets = [column.target for column in plan.columns]
        local = next((one for one in targets if isinstance(one, LocalTarget) and one.is_loaded), None)
        if local is None:
            return runs
        name = local.info.name
        tokenizer = next((run.state.tokenizer for run in runs if run.target.name == name), None)
        done: list[Run] = []
        for run in runs:
            state = await recount(run, local, tokenizer)
            done.append(run if state is run.state else msgspec.structs.replace(run, state=state))
            if state is not run.state:
                await self._ledger.amend(done[-1])
        return done

    async def conclude(self, plan: Plan, runs: list[Run]) -> Comparison:
        """Judge the runs beside what stands in the other columns, store it and tell."""
        beside = [
            run
            for turn in sorted({run.turn for run in runs})
            for run in standing_beside(
                await self._store.runs(plan.id, turn), [run for run in runs if run.turn == turn]
            )
        ]
        judged = [run.id for run in [*runs, *beside]]
        # What ran alone now was not crowded, whatever the schedule of those that it stands beside.
        whole = conclude(
            plan.id, plan.schedule if len(plan.columns) > 1 else "model-by-model", [*runs, *beside]
        )
        try:
            await self._store.conclude(plan.id, judged, whole.not_comparable)
        except AppError as exc:
            _log.warning("comparison %s was not judged in the ledger: %s", plan.id, exc)
        self._emit(
            ComparisonJudged(
                request=plan.request,
                comparison_id=plan.id,
                not_comparable=whole.not_comparable,
                judged=judged,
            )
        )
        made = {run.id for run in runs}
        mine = [entry for entry in whole.not_comparable if entry.run_id in made]
        month = self._settings.current.compare.prompts_per_month
        return msgspec.structs.replace(
            whole,
            schedule=plan.schedule,
            runs=[run for run in whole.runs if run.id in made],
            not_comparable=mine,
            summary=summarise([run for run in whole.runs if run.id in made], mine, month),
        )
