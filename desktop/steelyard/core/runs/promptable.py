"""A local server and an API as the same thing: something that takes a prompt and streams an answer."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.hosts import host_of
from steelyard.core.costs.price_book import prices_for
from steelyard.core.costs.run_cost import api_cost, local_cost, local_energy
from steelyard.core.targets.anthropic import AnthropicWire
from steelyard.core.targets.exchange import Exchange, Limits, Request
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values.run import Cost, Energy, EngineInfo, Memory, TargetInfo, Timing, Usage, WeightsInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    import httpx2

    from steelyard.core.servers.server import Server
    from steelyard.core.targets.wire import Wire
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.targets import ApiTarget, WeightsRow

LOCAL_BASE_URL = "http://localhost"
_LONG_TIME_S = 24 * 3600.0


class ServerEnded(AppError):
    """The local server ended, which is why the request failed."""


@dataclass
class Opened:
    """A target that is ready, with the exchange that will carry the prompt."""

    info: TargetInfo
    exchange: Exchange
    not_sent: list[str]
    load_ms: float | None = None
    is_cold: bool | None = None


class Promptable(Protocol):
    """What a run needs of a target."""

    @property
    def info(self) -> TargetInfo:
        """Who it is, as far as that is known before it is asked."""
        ...

    def open(self, prompt: Prompt, note: Callable[[str], None]) -> AbstractAsyncContextManager[Opened]:
        """Make it ready and hold it for one prompt; `note` is told what is waited for.

        Raises:
            AppError: it cannot be made ready, or has no key.
        """
        ...

    def pulse(self) -> object:
        """A value that changes while the target works, or None if that cannot be seen."""
        ...

    def on_stalled(self) -> None:
        """The run made no progress within its deadline."""
        ...

    async def explain(self, error: AppError) -> AppError:
        """The same failure with what this target knows about its cause; a `ServerEnded` if that is it."""
        ...

    def memory(self) -> Memory:
        """What it holds now."""
        ...

    def energy(self, timing: Timing) -> Energy:
        """Joules of a run with this timing."""
        ...

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """What a run cost."""
        ...


class LocalTarget:
    """Weights on this machine behind one of our servers."""

    def __init__(
        self,
        name: str,
        row: WeightsRow,
        server: Server,
        settings: Settings,
        gpu_bytes: Callable[[int], int | None],
    ) -> None:
        self._name = name
        self._row = row
        self._server = server
        self._settings = settings
        self._gpu_bytes = gpu_bytes
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
        engine = EngineInfo(name="llama-server", build=self._build, backend=self._server.backend)
        return TargetInfo(
            name=self._name,
            kind="local",
            model=Path(self._row.path).stem,
            weights=weights,
            engine=engine if self._build else None,
        )

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Wait for the slot, load if need be."""
        if self._server.row().slots_busy:
            note("waiting for another prompt")
        async with self._server.slot():
            was_loaded = self._server.row().state == "ready"
            if not was_loaded:
                note("loading")
            ready = await self._server.ensure_ready()
            self._build = ready.build
            self._asked_pid = self._server.pid
            is_cold, ready.is_fresh = ready.is_fresh, False
            wire = OpenAiWire(is_local=True)
            body, not_sent = wire.body(ready.alias, prompt)
            request = Request(
                who=self._name,
                url=wire.chat_url(LOCAL_BASE_URL),
                headers=wire.headers(ready.key),
                body=body,
                is_local=True,
            )
            exchange = Exchange(ready.client, wire, request, self._limits(prompt))
            yield Opened(self.info, exchange, not_sent, None if was_loaded else ready.load_ms, is_cold)

    def _limits(self, prompt: Prompt) -> Limits:
        stall_s = self._settings.servers.generate_stall_s
        return Limits(
            connect_s=10.0,
            first_token_s=stall_s,
            stall_s=stall_s,
            total_s=_LONG_TIME_S,
            max_content_events=_most_events(prompt),
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
        self._server.report_stall(f"no progress for {self._settings.servers.generate_stall_s:.0f} s")

    def memory(self) -> Memory:
        """Resident memory and, with an NVIDIA driver, GPU memory of the child."""
        pid = self._server.pid
        return Memory(
            vram_peak_bytes=None if pid is None else self._gpu_bytes(pid),
            ram_peak_bytes=self._server.resident_bytes(),
            predicted_bytes=self._server.predicted_bytes,
            measured_bytes=self._server.measured_bytes,
        )

    def energy(self, timing: Timing) -> Energy:
        """From the watts in the settings, if there are any."""
        return local_energy(self._settings, timing.e2e_ms, timing.ttft_ms)

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """Electricity, and the machine where its price is known."""
        return local_cost(self._settings, energy, timing.e2e_ms)


class RemoteTarget:
    """A configured API."""

    def __init__(
        self,
        target: ApiTarget,
        get_client: Callable[[], httpx2.AsyncClient],
        settings: Settings,
        read_key: Callable[[], str | None],
    ) -> None:
        self._target = target
        self._get_client = get_client
        self._settings = settings
        self._read_key = read_key

    @property
    def info(self) -> TargetInfo:
        """Name, model and host; never the key."""
        return TargetInfo(
            name=self._target.name,
            kind="api",
            model=self._target.model,
            endpoint_host=host_of(self._target.url),
        )

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Read the key and prepare the request; nothing is sent yet."""
        key = await asyncio.to_thread(self._read_key)
        wire = wire_for(self._target)
        body, not_sent = wire.body(self._target.model, prompt)
        request = Request(
            who=self._target.name,
            url=wire.chat_url(self._target.url),
            headers=wire.headers(key),
            body=body,
            is_local=False,
        )
        exchange = Exchange(self._get_client(), wire, request, self._limits(prompt))
        yield Opened(self.info, exchange, not_sent)

    def _limits(self, prompt: Prompt) -> Limits:
        api = self._settings.api
        return Limits(
            connect_s=api.connect_timeout_s,
            first_token_s=api.first_token_timeout_s,
            stall_s=api.stall_timeout_s,
            total_s=api.total_timeout_s,
            max_content_events=_most_events(prompt),
        )

    def pulse(self) -> object:
        """Nothing of an API's inside can be seen."""
        return None

    async def explain(self, error: AppError) -> AppError:
        """Nothing more is known."""
        return error

    def on_stalled(self) -> None:
        """There is nothing to restart."""

    def memory(self) -> Memory:
        """Unknown."""
        return Memory()

    def energy(self, timing: Timing) -> Energy:
        """APIs do not report it."""
        return Energy()

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """Usage times this target's price."""
        return api_cost(usage, prices_for(self._target, usage.prompt_tokens or 0))


class UnusableTarget:
    """Weights that cannot be served; asking them gives the reason, so that other columns can go on."""

    def __init__(self, name: str, error: AppError) -> None:
        self._name = name
        self._error = error

    @property
    def info(self) -> TargetInfo:
        """The name that was asked for."""
        return TargetInfo(name=self._name, kind="local", model=self._name)

    @contextlib.asynccontextmanager
    async def open(self, prompt: Prompt, note: Callable[[str], None]) -> AsyncGenerator[Opened, None]:
        """Always fails."""
        raise self._error
        yield  # makes this a generator, as the protocol wants

    def pulse(self) -> object:
        """None: nothing runs."""
        return None

    async def explain(self, error: AppError) -> AppError:
        """Nothing more is known."""
        return error

    def on_stalled(self) -> None:
        """Nothing runs."""

    def memory(self) -> Memory:
        """Nothing is held."""
        return Memory()

    def energy(self, timing: Timing) -> Energy:
        """Unknown."""
        return Energy()

    def cost(self, usage: Usage, timing: Timing, energy: Energy) -> Cost:
        """Unknown."""
        return Cost()


def wire_for(target: ApiTarget) -> Wire:
    """The dialect of an API target."""
    return AnthropicWire() if target.format == "anthropic" else OpenAiWire(host=host_of(target.url))


def prompt_bytes(prompt: Prompt) -> int:
    """Length of all that is asked, in UTF-8."""
    return sum(len(message.content.encode("utf-8", "replace")) for message in prompt.messages)


def with_answerer(info: TargetInfo, model: str) -> TargetInfo:
    """The target with the model name that an API gave in its answer."""
    return msgspec.structs.replace(info, model=model) if model and info.kind == "api" else info


def _most_events(prompt: Prompt) -> int:
    """More content events than this were not asked for; some servers stream single characters."""
    return 8 * prompt.sampling.max_tokens + 256
