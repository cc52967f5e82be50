"""Comparisons: made, resumed, read, marked and deleted. Carries out their commands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.base.templates import fill
from steelyard.core.compare.comparing import Comparing
from steelyard.core.compare.concluding import conclude, marks_of, newest, standing_beside
from steelyard.core.compare.diff import diff_texts
from steelyard.core.compare.export.exporting import export
from steelyard.core.compare.plan import Column, Plan, Step
from steelyard.core.compare.replay.desk import ReplayDesk
from steelyard.core.compare.summary import summarise
from steelyard.core.directory import Wish
from steelyard.core.runs.asking import messages_of
from steelyard.core.runs.forms.structured import check_request
from steelyard.core.runs.host_load import NOTABLE_CORES
from steelyard.core.runs.local_target import LocalTarget
from steelyard.core.runs.recount import recount
from steelyard.core.values import commands as c
from steelyard.core.values.comparison import Comparison, ComparisonHistory, ComparisonPlan, ComparisonRow
from steelyard.core.values.events import ComparisonJudged, ComparisonsChanged, ComparisonStarted, RunWaited
from steelyard.core.values.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from steelyard.core.directory import Directory
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.runner import Runner
    from steelyard.core.store.comparisons import ComparisonStore
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.run_details import RunDetailsStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.events import Event
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.run import Run

_MAX_CASES = 1_000
_FINISHED = ("stop", "length", "tool_calls", "content_filter", "error")

_log = logging.getLogger(__name__)


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
        self._runner = runner
        self._store = store
        self._ledger = ledger
        self._settings = settings
        self._details = details
        self._replays = ReplayDesk(store, details)
        self._emit = emit
        self._active: Counter[str] = Counter()
        """How many requests work on a comparison right now."""
        self._hosted_here: set[str] = set()
        """APIs whose process was seen to use this machine's cores."""

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
        check_request(command.sampling, command.attachments)
        places = _places(command)
        prompts = _filled(command.prompt, command.cases)
        targets = await self._compared(command.targets, command, request, command.profiles)
        columns = [
            Column(at, target, await self._steps(command, at, parent, prompts))
            for at, target, parent in zip(places, targets, _parents(command), strict=True)
        ]
        turn = max(step.turn for column in columns for step in column.steps)
        if command.continues is None:
            comparison_id = await self._begin(command, targets)
        else:
            comparison_id = command.continues
            await self._store.deepen(comparison_id, turn)
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
                hosted_here=await self._hosted(columns),
            )
            return await self._concluded(plan, await self._carry_out(plan))

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
            allow_unverified=asked.allow_unverified,
            environment=command.environment,
        )
        runs = await self._store.runs(command.id, 0)
        done = {(run.column, run.case, run.repeat) for run in runs if run.finish_reason in _FINISHED}
        targets = await self._compared(asked.targets, wish, request, {})
        prompts = _filled(asked.prompt, asked.cases)
        columns = [
            Column(
                at,
                target,
                [step for step in _first_steps(asked, prompts) if (at, step.case, step.repeat) not in done],
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
            hosted_here=await self._hosted(columns),
        )
        self._emit(ComparisonStarted(request=request, comparison_id=command.id, turn=0))
        await self._carry_out(plan)
        return await self._concluded(plan, newest(await self._store.runs(command.id, 0)))

    async def _begin(self, command: c.StartComparison, targets: list[Promptable]) -> str:
        comparison_id = new_id()
        asked = ComparisonPlan(
            targets=command.targets,
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
            allow_unverified=command.allow_unverified,
            cases=command.cases,
        )
        names = [target.info.name for target in targets]
        await self._store.begin(comparison_id, utc_now(), asked, names, command.ballot_id)
        self._emit(ComparisonsChanged())
        return comparison_id

    async def _hosted(self, columns: list[Column]) -> frozenset[str]:
        """APIs that compute on this machine: seen by their program, or because they used cores before."""
        hosted = [
            name
            for column in columns
            if (name := column.target.info.name) in self._hosted_here or await column.target.computes_here()
        ]
        return frozenset(hosted)

    async def _carry_out(self, plan: Plan) -> list[Run]:
        typical: dict[int, float] = {}
        for column in plan.columns:
            took_ms = await self._ledger.typical_ms(column.target.info.name)
            if took_ms is not None:
                typical[column.at] = took_ms
        runs = await Comparing(plan, self._runner, self._emit, typical).carry_out()
        for run in runs:
            if run.target.kind == "api" and (run.state.host_cores or 0) >= NOTABLE_CORES:
                self._hosted_here.add(run.target.name)
        return await self._recounted(plan, runs)

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

    async def _concluded(self, plan: Plan, runs: list[Run]) -> Comparison:
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

    async def _steps(
        self, command: c.StartComparison, at: int, parent: str | None, prompts: list[str]
    ) -> list[Step]:
        turn, history = 0, []
        if parent is not None and command.continues is not None:
            turn, history = await self._store.conversation(command.continues, at, parent)
        caches = command.cache_prompt if command.cache_prompt is not None else parent is not None
        return [
            Step(
                Prompt(
                    messages=messages_of(command.system, history, text, command.attachments),
                    sampling=command.sampling,
                    cache_prompt=caches,
                ),
                turn=turn,
                parent_id=parent,
                case=case,
                repeat=repeat,
            )
            for repeat in range(command.repeat)
            for case, text in enumerate(prompts)
        ]

    async def _compared(
        self,
        names: list[str],
        command: c.StartComparison,
        request: str,
        profiles: dict[str, LaunchProfile],
    ) -> list[Promptable]:
        """The targets. Two files of the same short name go by what was typed, or they would be one target."""
        wishes = [
            Wish(
                command.environment,
                profiles.get(name, command.profile),
                command.allow_unverified,
                partial(self._tell_wait, request, column, name),
            )
            for column, name in enumerate(names)
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
            summary=summarise(newest([run for run in runs if not run.turn]), marks, month),
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


def _places(command: c.StartComparison) -> list[int]:
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


def _parents(command: c.StartComparison) -> list[str | None]:
    return command.parents or [None for _ in command.targets]


def _filled(prompt: str, cases: list[dict[str, str]]) -> list[str]:
    """The prompt with the variables of each row; as it is where there is no table.

    Raises:
        AppError: a variable has no column, or there are too many rows.
    """
    if len(cases) > _MAX_CASES:
        raise UsageError("The table is too long", f"{len(cases)} rows", f"At most {_MAX_CASES:,}.")
    return [fill(prompt, case) for case in cases] or [prompt]


def _first_steps(asked: ComparisonPlan, prompts: list[str]) -> list[Step]:
    """All runs of one column in the first turn."""
    return [
        Step(
            Prompt(messages=messages_of(asked.system, [], text, asked.attachments), sampling=asked.sampling),
            case=case,
            repeat=repeat,
        )
        for repeat in range(asked.repeat)
        for case, text in enumerate(prompts)
    ]
