"""Weights on this machine behind one of our servers, as something that can be asked."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.costs.run_cost import local_cost, local_energy
from steelyard.core.runs.promptable import Opened, Promptable, ServerEnded, most_events
from steelyard.core.targets.exchange import Exchange, Limits, Request
from steelyard.core.targets.openai import OpenAiWire
from steelyard.core.values.run import EngineInfo, Memory, TargetInfo, WeightsInfo

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from steelyard.core.base.errors import AppError
    from steelyard.core.servers.server import Server
    from steelyard.core.values.prompt import Prompt
    from steelyard.core.values.run import Cost, Energy, Timing, Usage
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.weights import WeightsRow

_BASE_URL = "http://localhost"
_LONG_TIME_S = 24 * 3600.0


class LocalTarget(Promptable):
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
                url=wire.chat_url(_BASE_URL),
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


class UnusableTarget(Promptable):
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
