"""One prompt to one target, and what prompts would cost. Carries out their commands."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from steelyard.core.base.units import pico_from_usd, usd_text
from steelyard.core.costs.prices.price_book import prices_for
from steelyard.core.directory import Wish
from steelyard.core.runs.asking import messages_of
from steelyard.core.runs.files.attachments import read_attachment
from steelyard.core.runs.forms.structured import check_request
from steelyard.core.runs.job import Job
from steelyard.core.values import commands as c
from steelyard.core.values.events import PromptsChanged, RunWaited
from steelyard.core.values.prompt import Prompt
from steelyard.core.values.reports import CostPreview

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.directory import Directory
    from steelyard.core.runs.runner import Runner
    from steelyard.core.store.prompts import PromptLibrary
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.events import Event
    from steelyard.core.values.run import Run

_BYTES_PER_TOKEN = 4


class PromptsRoom:
    """Owned by the engine's loop."""

    def __init__(
        self,
        directory: Directory,
        runner: Runner,
        settings: SettingsStore,
        emit: Callable[[Event], None],
        library: PromptLibrary,
    ) -> None:
        self._targets = directory
        self._runner = runner
        self._settings = settings
        self._library = library
        self._emit = emit

    async def execute(self, command: c.PromptCommand, request: str) -> Any:
        """Carry out one command.

        Raises:
            AppError: in words for the user.
        """
        match command:
            case c.StartRun():
                return await self.run(command, request)
            case c.ReadAttachment():
                return await asyncio.to_thread(read_attachment, command.path, command.data)
            case c.ListPrompts():
                return await self._library.all()
            case c.SavePrompt():
                kept = await self._library.save(command.prompt)
                self._emit(PromptsChanged())
                return kept
            case c.RemovePrompt():
                await self._library.remove(command.id)
                return self._emit(PromptsChanged())

    async def run(self, command: c.StartRun, request: str) -> Run:
        """One prompt to one target; a failure is a run with an error.

        Raises:
            AppError: the name means nothing, or the prompt asks for a form that there cannot be.
        """
        check_request(command.sampling, command.attachments)
        note = partial(self._tell_wait, request, 0, command.target)
        wish = Wish(command.environment, command.profile, command.allow_unverified, note)
        target = await self._targets.promptable(command.target, wish)
        prompt = Prompt(
            messages=messages_of(command.system, [], command.prompt, command.attachments),
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

    def _tell_wait(self, request: str, column: int, target: str, reason: str) -> None:
        self._emit(RunWaited(request=request, column=column, target=target, reason=reason))

    def preview_cost(self, command: c.PreviewCost) -> CostPreview:
        """What sending would cost at most."""
        apis = {target.name: target for target in self._settings.current.targets}
        chosen = [apis[name] for name in command.targets if name in apis]
        prompt_tokens = -(-command.prompt_chars // _BYTES_PER_TOKEN)
        total, unpriced = 0, list[str]()
        for target in chosen:
            prices = prices_for(target, prompt_tokens, self._targets.prices)
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
