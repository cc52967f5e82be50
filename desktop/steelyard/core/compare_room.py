"""Comparisons: made, resumed, read, marked and deleted. Carries out their commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.compare.asked import parents_of, places_of, plan_to_keep, prompts_of, steps_of
from steelyard.core.compare.concluding import first_turn, marks_of, newest
from steelyard.core.compare.diff import diff_texts
from steelyard.core.compare.export.exporting import export
from steelyard.core.compare.making import Maker
from steelyard.core.compare.plan import Column, Plan, Step
from steelyard.core.compare.replay.desk import ReplayDesk
from steelyard.core.compare.summary import summarise
from steelyard.core.directory import Wish
from steelyard.core.runs.forms.structured import check_request
from steelyard.core.store.comparison_rows import is_settled
from steelyard.core.values import commands as c
from steelyard.core.values.events import ComparisonsChanged, ComparisonStarted, RunWaited

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from steelyard.core.directory import Directory
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.runner import Runner
    from steelyard.core.store.comparisons import ComparisonStore
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.run_details import RunDetailsStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.comparison import Comparison, ComparisonHistory, ComparisonPlan, ComparisonRow
    from steelyard.core.values.events import Event


class CompareRoom:
    """Owned by the engine's loop."""

    def __init__(
        self,
        directory: Directory,
        runner: Runner,
        store: ComparisonStore,
        ledger: Ledger,
        settings: SettingsStore,
        details: RunDetailsStore,
        emit: Callable[[Event], None],
    ) -> None:
        self._targets = directory
        self._store = store
        self._settings = settings
        self._details = details
        self._replays = ReplayDesk(store, details)
        self._emit = emit
        self._active: Counter[str] = Counter()
        """How many requests work on a comparison right now."""
        self._maker = Maker(runner, store, ledger, settings, emit)

    async def execute(self, command: c.CompareCommand, request: str) -> Any:
        """Carry out one command.

        Raises:
            AppError: in words for the user.
        """
        match command:
            case c.StartComparison():
                return await self.compare(command, request)
            case c.ResumeComparison():
                return await self.resume(command, request)
            case c.ListComparisons():
                return await self._rows(command)
            case c.ReadComparison():
                return await self.history(command.id)
            case c.MarkComparison():
                row = await self._store.mark(command.id, command.title, command.is_starred, command.tags)
                self._emit(ComparisonsChanged())
                return self._as_active(row)
            case c.RemoveComparison():
                return await self._remove(command.id)
            case c.PinAnswer():
                return await self._store.pin(command.run_id, is_pinned=command.is_pinned)
            case _:
                return await self._look_back(command, request)

    async def _look_back(
        self, command: c.ExportComparison | c.DiffAnswers | c.ReplayComparison, request: str
    ) -> Any:
        match command:
            case c.ExportComparison():
                return await asyncio.to_thread(export, await self.history(command.id), command.format)
            case c.DiffAnswers():
                left, right = await self._said(command.left), await self._said(command.right)
                return await asyncio.to_thread(diff_texts, left, right, command.by)
            case _:
                return await self._replays.replay(command, partial(self.compare, request=request))

    # ---- making --------------------------------------------------------------------------------------------

    async def compare(self, command: c.StartComparison, request: str) -> Comparison:
        """One prompt to several targets, or more of a comparison that there is.

        Raises:
            AppError: a name means nothing, there is no such comparison, or a variable has no value.
        """
        attachments = await self._store.with_images(command.attachments)
        command = msgspec.structs.replace(command, attachments=attachments)
        check_request(command.sampling, attachments)
        places = places_of(command)
        prompts = prompts_of(command.prompt, command.cases)
        targets = await self._compared(command.targets, command, request, places)
        columns = [
            Column(at, target, await self._steps(command, at, parent, prompts, {name, target.info.name}))
            for at, name, target, parent in zip(
                places, command.targets, targets, parents_of(command), strict=True
            )
        ]
        turn = max(step.turn for column in columns for step in column.steps)
        if command.continues is None:
            comparison_id = await self._begin(command, targets)
        else:
            comparison_id = command.continues
            await self._store.deepen(comparison_id, turn, max(places))
        with self._working_on(comparison_id):
            self._emit(ComparisonStarted(request=request, comparison_id=comparison_id, turn=turn))
            plan = Plan(
                id=comparison_id,
                request=request,
                columns=columns,
                schedule=command.schedule,
                warm_up=command.warm_up,
                class_=command.class_,
                tags=command.tags,
                route=command.route,
                hosted_here=await self._maker.hosted(columns),
            )
            return await self._maker.conclude(plan, await self._maker.make(plan))

    async def resume(self, command: c.ResumeComparison, request: str) -> Comparison:
        """Make the runs of a comparison's first turn that a crash or a stop left out.

        Raises:
            AppError: no such comparison, it runs right now, or an earlier version did not keep what was
            asked.
        """
        asked = await self._store.plan(command.id)
        if asked is None:
            raise AppError(
                "This comparison cannot be resumed",
                "an earlier version did not keep what was asked",
                "Open it and send its prompt again.",
            )
        if command.id in self._active:
            raise AppError("This comparison is still running", command.id, "Stop it first, or wait.")
        with self._working_on(command.id):
            return await self._resumed(asked, command, request)

    async def _resumed(self, asked: ComparisonPlan, command: c.ResumeComparison, request: str) -> Comparison:
        wish = c.StartComparison(
            targets=asked.targets,
            prompt=asked.prompt,
            profile=asked.profile,
            profiles=asked.profiles,
            allow_unverified=asked.allow_unverified,
            environment=command.environment,
        )
        runs = await self._store.runs(command.id, 0)
        done = {(run.column, run.case, run.repeat) for run in runs if is_settled(run)}
        targets = await self._compared(asked.targets, wish, request, list(range(len(asked.targets))))
        steps = steps_of(asked, prompts_of(asked.prompt, asked.cases), caches=asked.cache_prompt)
        columns = [
            Column(
                at,
                target,
                [step for step in steps if (at, step.case, step.repeat) not in done],
            )
            for at, target in enumerate(targets)
        ]
        plan = Plan(
            id=command.id,
            request=request,
            columns=[column for column in columns if column.steps],
            schedule=asked.schedule,
            warm_up=asked.warm_up,
            class_=asked.class_,
            tags=asked.tags,
            route=command.route,
            hosted_here=await self._maker.hosted(columns),
        )
        self._emit(ComparisonStarted(request=request, comparison_id=command.id, turn=0))
        await self._maker.make(plan)
        return await self._maker.conclude(plan, newest(await self._store.runs(command.id, 0)))

    async def _begin(self, command: c.StartComparison, targets: list[Promptable]) -> str:
        comparison_id = new_id()
        names = [target.info.name for target in targets]
        await self._store.begin(comparison_id, utc_now(), plan_to_keep(command), names, command.ballot_id)
        self._emit(ComparisonsChanged())
        return comparison_id

    @contextlib.contextmanager
    def _working_on(self, comparison_id: str) -> Generator[None]:
        self._active[comparison_id] += 1
        try:
            yield
        finally:
            self._active[comparison_id] -= 1
            if not self._active[comparison_id]:
                del self._active[comparison_id]
            self._emit(ComparisonsChanged())

    async def _steps(
        self,
        command: c.StartComparison,
        at: int,
        parent: str | None,
        prompts: list[str],
        names: set[str],
    ) -> list[Step]:
        turn, history = 0, []
        if parent is not None and command.continues is not None:
            turn, history = await self._store.conversation(command.continues, at, parent, names)
        caches = command.cache_prompt if command.cache_prompt is not None else parent is not None
        return steps_of(command, prompts, history, turn=turn, parent_id=parent, caches=caches)

    async def _compared(
        self,
        names: list[str],
        command: c.StartComparison,
        request: str,
        places: list[int],
    ) -> list[Promptable]:
        """The targets. Two files of the same short name go by what was typed, or they would be one target."""
        wishes = [
            Wish(
                command.environment,
                command.profiles.get(name, command.profile),
                command.allow_unverified,
                partial(self._tell_wait, request, column, name),
            )
            for column, name in zip(places, names, strict=True)
        ]
        targets = [
            await self._targets.promptable(name, wish) for name, wish in zip(names, wishes, strict=True)
        ]
        asked_as: dict[str, set[str]] = {}
        for name, target in zip(names, targets, strict=True):
            asked_as.setdefault(target.info.name, set()).add(name)
        return [
            target
            if len(asked_as[target.info.name]) == 1
            else await self._targets.promptable(name, wish, shown_as=name)
            for name, target, wish in zip(names, targets, wishes, strict=True)
        ]

    def _tell_wait(self, request: str, column: int, target: str, reason: str) -> None:
        self._emit(RunWaited(request=request, column=column, target=target, reason=reason))

    # ---- reading and marking -------------------------------------------------------------------------------

    async def history(self, comparison_id: str) -> ComparisonHistory:
        """A stored comparison with the medians of its first turn.

        Raises:
            AppError: no such comparison.
        """
        history = await self._store.read(comparison_id)
        made = [answer.run for column in history.columns for answer in column.answers]
        runs = [run for run in made if run.finish_reason is not None]
        marks = marks_of(runs, history.schedule, history.not_comparable, is_whole=not history.missing_runs)
        month = self._settings.current.compare.prompts_per_month
        return msgspec.structs.replace(
            history,
            not_comparable=marks,
            summary=summarise(first_turn(history), marks, month),
            missing_runs=0 if comparison_id in self._active else history.missing_runs,
        )

    async def _said(self, run_id: str) -> str:
        return str((await self._details.inspect(run_id)).run["text"])

    async def _rows(self, command: c.ListComparisons) -> list[ComparisonRow]:
        rows = await self._store.rows(
            command.limit,
            command.query,
            command.tag,
            only_starred=command.only_starred,
            before=command.before,
        )
        return [self._as_active(row) for row in rows]

    def _as_active(self, row: ComparisonRow) -> ComparisonRow:
        """What runs right now misses nothing yet."""
        return msgspec.structs.replace(row, missing_runs=0) if row.id in self._active else row

    async def _remove(self, comparison_id: str) -> None:
        if comparison_id in self._active:
            raise AppError("This comparison is still running", comparison_id, "Stop it before you delete it.")
        await self._store.remove(comparison_id)
        self._emit(ComparisonsChanged())
