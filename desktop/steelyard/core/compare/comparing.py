"""Schedules one prompt over several targets and sums the result up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from steelyard.core.compare.fairness import judge
from steelyard.core.compare.summary import summarise
from steelyard.core.runs.runner import Job, Runner
from steelyard.core.runs.warm_up import warm_up
from steelyard.core.values.comparison import Comparison
from steelyard.core.values.events import RunWaited

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.comparison import Schedule
    from steelyard.core.values.events import Event
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import Run


@dataclass(frozen=True)
class Column:
    """One target of a comparison, with the conversation that it is asked to continue."""

    target: Promptable
    prompt: Prompt


@dataclass(frozen=True)
class Plan:
    """A whole comparison, or one further turn of it."""

    id: str
    request: str
    columns: list[Column]
    schedule: Schedule
    repeat: int
    warm_up: int | None
    turn: int = 0
    class_: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    route: str = "app"


class Comparing:
    """Carries out one plan."""

    def __init__(self, plan: Plan, runner: Runner, emit: Callable[[Event], None]) -> None:
        self._plan = plan
        self._runner = runner
        self._emit = emit
        self._runs: list[Run] = []

    async def carry_out(self) -> Comparison:
        """Run every column; failed ones are results, too.

        Model by model: one local model generates at a time and the APIs run beside them. Concurrent: all at
        once.
        """
        columns = list(enumerate(self._plan.columns))
        remote = [(at, column) for at, column in columns if column.target.info.kind == "api"]
        local = [(at, column) for at, column in columns if column.target.info.kind == "local"]
        async with asyncio.TaskGroup() as group:
            for at, column in remote:
                group.create_task(self._run_column(at, column))
            if self._plan.schedule == "concurrent":
                for at, column in local:
                    group.create_task(self._run_column(at, column))
            else:
                group.create_task(self._one_after_another(local))
        return conclude(self._plan.id, self._plan.schedule, self._runs)

    async def _one_after_another(self, local: list[tuple[int, Column]]) -> None:
        for at, column in local[1:]:
            self._note(at, column, "its turn: one local model generates at a time")
        for at, column in local:
            await self._run_column(at, column)

    async def _run_column(self, at: int, column: Column) -> None:
        if column.target.info.kind == "local":
            note = partial(self._note, at, column)
            await warm_up(column.target, self._plan.warm_up, note)
            await self._runner.until_baseline(note)
        for _ in range(self._plan.repeat):
            job = Job(
                request=self._plan.request,
                target=column.target,
                prompt=column.prompt,
                column=at,
                turn=self._plan.turn,
                comparison_id=self._plan.id,
                class_=self._plan.class_,
                tags=self._plan.tags,
                route=self._plan.route,
            )
            self._runs.append(await self._runner.run(job))

    def _note(self, at: int, column: Column, reason: str) -> None:
        name = column.target.info.name
        self._emit(RunWaited(request=self._plan.request, column=at, target=name, reason=reason))


def conclude(comparison_id: str, schedule: Schedule, runs: list[Run]) -> Comparison:
    """The runs in the order of their columns, judged and summed up; also for one that was stopped."""
    in_order = sorted(runs, key=lambda run: (run.column, run.id))
    excluded = judge(in_order, schedule)
    return Comparison(
        id=comparison_id,
        schedule=schedule,
        runs=in_order,
        not_comparable=excluded,
        summary=summarise(in_order, excluded),
    )
