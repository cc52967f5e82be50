"""Schedules one prompt over several targets and sums the result up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.compare.fairness import judge
from steelyard.core.compare.summary import summarise
from steelyard.core.runs.runner import Job, Runner
from steelyard.core.values.comparison import Comparison
from steelyard.core.values.events import RunWaited
from steelyard.core.values.prompt import Message, Prompt, Sampling

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.comparison import Schedule
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

_WARM_UP = Prompt(messages=[Message(role="user", content="Hi")], sampling=Sampling(max_tokens=4))


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
        self._runs.sort(key=lambda run: (run.column, run.id))
        excluded = judge(self._runs, self._plan.schedule)
        return Comparison(
            id=self._plan.id,
            schedule=self._plan.schedule,
            runs=self._runs,
            not_comparable=excluded,
            summary=summarise(self._runs, excluded),
        )

    async def _one_after_another(self, local: list[tuple[int, Column]]) -> None:
        for at, column in local[1:]:
            self._note(at, column, "its turn: one local model generates at a time")
        for at, column in local:
            await self._run_column(at, column)

    async def _run_column(self, at: int, column: Column) -> None:
        if column.target.info.kind == "local":
            await self._warm_up(at, column)
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
            )
            self._runs.append(await self._runner.run(job))

    async def _warm_up(self, at: int, column: Column) -> None:
        """Discarded prompts, so that the measured one meets a loaded and touched model."""
        wanted = self._plan.warm_up
        for _ in range(1 if wanted is None else wanted):
            try:
                async with column.target.open(
                    _WARM_UP, lambda reason: self._note(at, column, reason)
                ) as opened:
                    if wanted is None and not opened.is_cold:
                        return
                    self._note(at, column, "warming up")
                    await opened.exchange.run(lambda _deltas, _stamp: None)
            except Exception:  # noqa: BLE001
                return  # the measured run meets the same failure and reports it in its column

    def _note(self, at: int, column: Column, reason: str) -> None:
        name = column.target.info.name
        self._emit(RunWaited(request=self._plan.request, column=at, target=name, reason=reason))
