"""Carries out a comparison: who is asked when, what is loaded and freed for it, and how far it is."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from steelyard.core.compare.pace import Pace
from steelyard.core.compare.plan import rounds
from steelyard.core.runs.job import Job
from steelyard.core.runs.warm_up import warm_up
from steelyard.core.values.events import ComparisonProgressed, RunWaited

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.compare.local_turn import LocalTurn
    from steelyard.core.compare.plan import Column, Plan, Step
    from steelyard.core.runs.runner import Runner
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

_ITS_TURN = "its turn: one local model generates at a time"
_ITS_TURN_LATER = "its turn: another comparison measures local models"


class Comparing:
    """Carries out one plan. `typical_ms`: see `Pace`."""

    def __init__(
        self,
        plan: Plan,
        runner: Runner,
        emit: Callable[[Event], None],
        turn: LocalTurn,
        typical_ms: dict[int, float] | None = None,
    ) -> None:
        self._plan = plan
        self._runner = runner
        self._emit = emit
        self._turn = turn
        self._in_turn = [column for column in plan.columns if self._takes_turns(column)]
        self._pace = Pace(plan, [column.at for column in self._in_turn], typical_ms or {})
        self._load_ms: dict[int, float] = {}
        self.runs: list[Run] = []
        """Those that are over, in the order in which they ended."""

    async def carry_out(self) -> list[Run]:
        """Make every run; failed ones are results, too.

        Model by model: one local model generates at a time and the APIs run beside them. Concurrent: all
        columns at once.
        """
        beside = [column for column in self._plan.columns if column not in self._in_turn]
        self._tell("begins")
        async with asyncio.TaskGroup() as group:
            for column in beside:
                group.create_task(self._run_column(column))
            if self._in_turn:
                group.create_task(self._one_after_another())
        return self.runs

    def _takes_turns(self, column: Column) -> bool:
        if self._plan.schedule == "concurrent":
            return False
        info = column.target.info
        return info.kind == "local" or info.name in self._plan.hosted_here

    async def _one_after_another(self) -> None:
        if self._turn.lock.locked():
            for column in self._in_turn:
                self._note(column, _ITS_TURN_LATER)
        async with self._turn.lock:
            for column in self._in_turn[1:]:
                self._note(column, _ITS_TURN)
            if await self._fit_together():
                for column, step in rounds(self._in_turn, self._plan.id):
                    await self._run_step(column, step)
                return
            for column in self._in_turn:
                await self._turn.free_for(column.target)
                await self._run_column(column)

    async def _fit_together(self) -> bool:
        """Load and warm up all whose turns are to be interleaved; False: not all of them fit beside each
        other.

        With one run for each there is nothing to interleave.
        """
        if len(self._in_turn) < 2 or all(len(column.steps) <= 1 for column in self._in_turn):
            return False
        for column in self._in_turn:
            if not await column.target.fits_beside():
                return False
            await self._make_ready(column)
        return all(column.target.is_loaded for column in self._in_turn)

    async def _make_ready(self, column: Column) -> None:
        target = column.target
        if target.info.kind != "local":
            return
        self._turn.note_loading(target)
        note = partial(self._note, column)
        load_ms = await warm_up(target, self._plan.warm_up, note)
        if load_ms is not None:
            self._load_ms[column.at] = load_ms
        await self._runner.until_baseline(note)

    async def _run_column(self, column: Column) -> None:
        await self._make_ready(column)
        for step in column.steps:
            await self._run_step(column, step)

    async def _run_step(self, column: Column, step: Step) -> None:
        plan = self._plan
        job = Job(
            request=plan.request,
            target=column.target,
            prompt=step.prompt,
            column=column.at,
            turn=step.turn,
            parent_id=step.parent_id,
            case=step.case,
            repeat=step.repeat,
            load_ms=self._load_ms.pop(column.at, None),
            comparison_id=plan.id,
            class_=plan.class_,
            tags=plan.tags,
            route=plan.route,
        )
        self._tell(f"{column.target.info.name} answers")
        began = time.monotonic()
        run = await self._runner.run(job)
        loaded_ms = (run.timing.load_ms or 0) if run.state.cold else 0
        took_ms = (time.monotonic() - began) * 1000 - loaded_ms
        self.runs.append(run)
        self._pace.ran(column.at, took_ms)
        self._tell(f"{column.target.info.name} has answered")

    def _note(self, column: Column, reason: str) -> None:
        name = column.target.info.name
        self._emit(RunWaited(request=self._plan.request, column=column.at, target=name, reason=reason))

    def _tell(self, doing: str) -> None:
        pace = self._pace
        self._emit(
            ComparisonProgressed(
                request=self._plan.request,
                comparison_id=self._plan.id,
                done=pace.done,
                total=pace.total,
                eta_s=pace.eta_s(),
                doing=doing,
            )
        )
