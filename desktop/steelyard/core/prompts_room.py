"""Prompts: one to one target, one to several, and what they would cost. Carries out their commands."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from steelyard.core.base.clock import utc_now
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.ids import new_id
from steelyard.core.base.units import pico_from_usd, usd_text
from steelyard.core.compare.comparing import Column, Comparing, Plan
from steelyard.core.costs.price_book import prices_for
from steelyard.core.directory import Wish
from steelyard.core.runs.runner import Job
from steelyard.core.values.events import ComparisonJudged, ComparisonStarted, RunWaited
from steelyard.core.values.prompt import Message, Prompt
from steelyard.core.values.reports import CostPreview

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.directory import Directory
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.runner import Runner
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values import commands as c
    from steelyard.core.values.comparison import Comparison
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

_BYTES_PER_TOKEN = 4

_log = logging.getLogger(__name__)


class PromptsRoom:
    """Owned by the engine's loop."""

    def __init__(
        self,
        directory: Directory,
        runner: Runner,
        ledger: Ledger,
        settings: SettingsStore,
        emit: Callable[[Event], None],
    ) -> None:
        self._targets = directory
        self._runner = runner
        self._ledger = ledger
        self._settings = settings
        self._emit = emit

    async def run(self, command: c.StartRun, request: str) -> Run:
        """One prompt to one target; a failure is a run with an error.

        Raises:
            AppError: the name means nothing.
        """
        note = partial(self._tell_wait, request, 0, command.target)
        target = await self._targets.promptable(command.target, _wish(command, note))
        prompt = Prompt(
            messages=_messages(command.system, [], command.prompt),
            sampling=command.sampling,
            cache_prompt=False,
        )
        job = Job(
            request=request,
            target=target,
            prompt=prompt,
            class_=command.class_,
            tags=command.tags,
            route=command.route,
        )
        return await self._runner.run(job)

    async def compare(self, command: c.StartComparison, request: str) -> Comparison:
        """One prompt to several targets, or a further turn of a comparison.

        Raises:
            AppError: a name means nothing, or there is no such comparison.
        """
        if not command.targets:
            raise UsageError("A comparison needs a target", hint="Add one with --target NAME.")
        if command.histories and len(command.histories) != len(command.targets):
            raise UsageError("A further turn needs one history for each target")
        histories = command.histories or [[] for _ in command.targets]
        columns = [
            Column(
                target,
                Prompt(
                    messages=_messages(command.system, history, command.prompt),
                    sampling=command.sampling,
                    cache_prompt=bool(command.histories),
                ),
            )
            for target, history in zip(await self._compared(command, request), histories, strict=True)
        ]
        comparison_id, turn = await self._begin_comparison(command, columns)
        self._emit(ComparisonStarted(request=request, comparison_id=comparison_id, turn=turn))
        plan = Plan(
            id=comparison_id,
            request=request,
            columns=columns,
            schedule=command.schedule,
            repeat=command.repeat,
            warm_up=command.warm_up,
            turn=turn,
            class_=command.class_,
            tags=command.tags,
            route=command.route,
        )
        comparison = await Comparing(plan, self._runner, self._emit).carry_out()
        try:
            await self._ledger.judge_comparison(comparison_id, comparison.not_comparable)
        except AppError as exc:
            _log.warning("comparison %s was not judged in the ledger: %s", comparison_id, exc)
        self._emit(
            ComparisonJudged(
                request=request, comparison_id=comparison_id, not_comparable=comparison.not_comparable
            )
        )
        return comparison

    async def _compared(self, command: c.StartComparison, request: str) -> list[Promptable]:
        """The targets. Two files of the same short name go by what was typed, or they would be one target."""
        wishes = [
            _wish(command, partial(self._tell_wait, request, column, name))
            for column, name in enumerate(command.targets)
        ]
        targets = [
            await self._targets.promptable(name, wish)
            for name, wish in zip(command.targets, wishes, strict=True)
        ]
        asked_as: dict[str, set[str]] = {}
        for name, target in zip(command.targets, targets, strict=True):
            asked_as.setdefault(target.info.name, set()).add(name)
        return [
            target
            if len(asked_as[target.info.name]) == 1
            else await self._targets.promptable(name, wish, shown_as=name)
            for name, target, wish in zip(command.targets, targets, wishes, strict=True)
        ]

    def _tell_wait(self, request: str, column: int, target: str, reason: str) -> None:
        self._emit(RunWaited(request=request, column=column, target=target, reason=reason))

    async def _begin_comparison(self, command: c.StartComparison, columns: list[Column]) -> tuple[str, int]:
        if command.continues:
            return command.continues, await self._ledger.add_turn(command.continues)
        comparison_id = new_id()
        names = [column.target.info.name for column in columns]
        await self._ledger.begin_comparison(
            comparison_id, utc_now(), command.prompt, command.schedule, command.system, names
        )
        return comparison_id, 0

    def preview_cost(self, command: c.PreviewCost) -> CostPreview:
        """What sending would cost at most."""
        apis = {target.name: target for target in self._settings.current.targets}
        chosen = [apis[name] for name in command.targets if name in apis]
        prompt_tokens = -(-command.prompt_chars // _BYTES_PER_TOKEN)
        total, unpriced = 0, list[str]()
        for target in chosen:
            prices = prices_for(target, prompt_tokens)
            if prices is None:
                unpriced.append(target.name)
                continue
            total += pico_from_usd(
                (prices.input * prompt_tokens + prices.output * command.max_tokens) / 1_000_000
            )
        priced = len(chosen) - len(unpriced)
        return CostPreview(
            api_usd_max=usd_text(total) if priced else None,
            api_targets=len(chosen),
            local_targets=len(command.targets) - len(chosen),
            unpriced=unpriced,
        )


def _wish(command: c.StartRun | c.StartComparison, note: Callable[[str], None]) -> Wish:
    return Wish(command.environment, command.profile, command.allow_unverified, note)


def _messages(system: str, history: list[Message], prompt: str) -> list[Message]:
    head = [Message(role="system", content=system)] if system else []
    return [*head, *history, Message(role="user", content=prompt)]
