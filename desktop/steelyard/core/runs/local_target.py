"""Weights on this machine behind one of our servers, as something that can be asked."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.costs.run_cost import local_cost
from steelyard.core.runs.engine_questions import BASE_URL, check_length, templated_prompt, tokenizer_of
from steelyard.core.runs.files.attachments import refuse_images, refuse_webp
from steelyard.core.runs.forms.structured import refuse_left_recursion
from steelyard.core.runs.promptable import Learned, Opened, Promptable, ServerEnded, most_events
from steelyard.core.runs.template_facts import template_facts
from steelyard.core.servers.launch import shell_command
from steelyard.core.store.run_details import RunDetails
from steelyard.core.targets.content import message_text
from steelyard.core.targets.exchange import Exchange, Limits, Request
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values.run import EngineInfo, Memory, TargetInfo, WeightsInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import httpx2

    from steelyard.core.base.errors import AppError
    from steelyard.core.servers.messages import Ready
    from steelyard.core.servers.pool import ServerPool
    from steelyard.core.servers.server import Server
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import Cost, Energy, Timing, Usage
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.weights import WeightsRow

_LONG_TIME_S = 24 * 3600.0


@dataclass(frozen=True)
class Held:
    """A ready server of which one slot is held."""

    server: Server
    client: httpx2.AsyncClient
    key: str
    alias: str
    pid: int | None
    load_ms: float | None
    """None: it had been loaded before."""
    is_cold: bool
    ctx: int | None


class LocalTarget(Promptable):
    """Weights on this machine behind one of our servers."""

    def __init__(
        self, name: str, row: WeightsRow, pool: ServerPool, profile: LaunchProfile, settings: Settings
    ) -> None:
        self._name = name
        self._row = row
        self._pool = pool
        self._profile = profile
        self._settings = settings
        self._server = self.server
        self._build = ""
        self._asked_pid: int | None = None

    @property
    def info(self) -> TargetInfo:
        """Weights always, engine once it is ready."""
        weights = WeightsInfo(
            repo=self._row.repo,
            file=Path(self._row.path).name,
            revision=self._row.revision,
            sha256=self._row.sha256,
            quant=self._row.quant,
            size_bytes=self._row.size_bytes,
        )
        engine = EngineInfo(name="llama-server", build=self._build, backend=self._server.facts.backend)
        return TargetInfo(
            name=self._name,
            kind="local",
            model=Path(self._row.path).stem,
            weights=weights,
            engine=engine if self._build else None,
            server=self._server.spec.name,
        )

    @property
    def server(self) -> Server:
        """The server that answers for it. Asked anew each time: an idle one may have been taken off the list
        for another profile of the same weights.

        Raises:
            AppError: the engine is not installed.
        """
        self._server = self._pool.server_for(
            self._row.name, Path(self._row.path), self._settings.servers, self._profile
        )
        return self._server

    @contextlib.asynccontextmanager
    async def hold(self, note: Callable[[str], None]) -> AsyncGenerator[Held, None]:
        """Wait for a slot, make room and load if need be, and keep the slot meanwhile.

        Raises:
            ServerBusy: too many requests wait already.
            AppError: there is no room, or it cannot be loaded.
        """
        server = self.server
        if server.slots.busy >= server.slots.slots:
            note("waiting for another prompt")
        async with server.slots.slot():
            was_loaded = server.ready is not None
            if not was_loaded:
                note("loading")
            ready = await self._pool.ready(server, note)
            self._build, self._asked_pid = ready.build, server.pid
            is_cold, ready.is_fresh = ready.is_fresh, False
            yield Held(
                server=server,
                client=ready.client,
                key=ready.key,
                alias=ready.alias,
                pid=server.pid,
                load_ms=None if was_loaded else ready.load_ms,
                is_cold=is_cold,
                ctx=ready.ctx,
            )

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Hold a slot of it for one prompt, which fits into its context."""
        self._refuse_what_it_cannot_read(prompt)
        async with self.hold(note) as held:
            wire = OpenAiWire(is_local=True)
            body, not_sent = wire.body(held.alias, prompt)
            await check_length(self._name, held, body)
            request = Request(
                who=self._name,
                url=wire.chat_url(BASE_URL),
                headers=wire.headers(held.key),
                body=body,
                is_local=True,
            )
            exchange = Exchange(held.client, wire, request, self._limits(prompt))
            yield Opened(self.info, exchange, not_sent, held.load_ms, held.is_cold, held.ctx)

    def _refuse_what_it_cannot_read(self, prompt: Prompt) -> None:
        attachments = [one for message in prompt.messages for one in message.attachments]
        if self.server.profile.mmproj is None:
            projector = Path(self._row.mmproj).name if self._row.mmproj else None
            refuse_images(self._name, attachments, projector)
        refuse_webp(self._name, attachments)
        refuse_left_recursion(self._name, prompt.sampling.grammar)

    def _limits(self, prompt: Prompt) -> Limits:
        stall_s = self._settings.servers.generate_stall_s
        return Limits(
            connect_s=10.0,
            first_token_s=stall_s,
            stall_s=stall_s,
            total_s=_LONG_TIME_S,
            max_content_events=most_events(prompt),
        )

    def pulse(self) -> object:
        """CPU time, memory and log of the child: they move while it works on a long prompt."""
        return self._server.pulse()

    async def explain(self, error: AppError) -> AppError:
        """A broken connection to a child that has ended is told as that child's end."""
        pid = self._asked_pid
        fate = await self._server.fate_of(pid) if pid is not None and error.retryable else None
        if fate is None:
            return error
        return ServerEnded(f"{self._name} ended while it answered", fate[0], fate[1], retryable=True)

    def on_stalled(self) -> None:
        """A server that is silent for that long is killed and started again."""
        if self._asked_pid is None:
            return  # it was gone before it could be asked
        reason = f"no progress for {self._settings.servers.generate_stall_s:.0f} s"
        self._server.report_stall(self._asked_pid, reason)

    def memory(self) -> Memory:
        """Resident memory and, where a driver tells, GPU memory of the child."""
        return self._pool.memory(self._server)

    def layers(self) -> tuple[int, int] | None:
        """(On the GPU, all), where the engine saw a GPU."""
        facts = self._server.facts
        if not facts.has_gpu or facts.offloaded_layers is None or facts.total_layers is None:
            return None
        return facts.offloaded_layers, facts.total_layers

    def on_gpu(self) -> bool | None:
        """By the device of the layers that the engine loaded."""
        facts = self._server.facts
        return None if facts.measured_bytes is None else facts.backend != "cpu"

    @property
    def is_loaded(self) -> bool:
        """Whether its server is up."""
        return self.server.ready is not None

    async def fits_beside(self) -> bool:
        """By the engine's projection; a server that is up fits."""
        server = self.server
        if server.ready is not None:
            return True
        plan = await self._pool.plan_room(server)
        return plan.fits and not plan.evict and not plan.waits_for

    async def release(self, reason: str) -> None:
        """Unload it if it is idle."""
        await self.server.unload(reason)

    async def learn(self, prompt: Prompt) -> Learned:
        """The prompt after the template, and which vocabulary counted it.

        Definitions of tools are put into a prompt in each model's own way; then nothing is said about words
        that were added.
        """
        ready = self._server.ready
        if ready is None:
            return Learned()
        templated = await templated_prompt(ready, prompt)
        facts = None
        if templated is not None and not prompt.sampling.tools:
            contents = [(message.role, message_text(message)) for message in prompt.messages]
            facts = template_facts(contents, templated)
        return Learned(templated, facts, await tokenizer_of(ready, self._row.tokenizer))

    @property
    def ready(self) -> Ready | None:
        """What is needed to ask its server small questions, while that is up."""
        return self._server.ready

    async def details(self, prompt: Prompt, learned: Learned | None = None) -> RunDetails:
        """What the engine made of the prompt, asked after the answer so that it costs the answer nothing."""
        plan = self._server.plan
        flags = list(plan.flags) if plan else []
        binary = self._server.profile.binary or str(self._server.spec.binary)
        return RunDetails(
            templated=learned.templated if learned else await templated_prompt(self._server.ready, prompt),
            samplers=list(self._server.facts.samplers),
            server=self._server.spec.name,
            command=shell_command(binary, flags) if flags else None,
            profile=self._profile,
        )

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """Electricity, and the machine where its price is known."""
        return local_cost(self._settings, energy, timing.e2e_ms)
