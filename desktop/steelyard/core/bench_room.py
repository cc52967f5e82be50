"""Bench and tune in one room: gives them what they ask for, and carries out their commands."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError
from steelyard.core.bench.benching import Benching
from steelyard.core.bench.engine_bench import Workbench
from steelyard.core.bench.parts import Parts
from steelyard.core.bench.tuning import Tuning
from steelyard.core.directory import Directory, Wish
from steelyard.core.server_banners import notes_of
from steelyard.core.values import commands as c

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.runner import Runner
    from steelyard.core.servers.pool import ServerPool
    from steelyard.core.shelf import WeightsShelf
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.events import Event
    from steelyard.core.values.profiles import LaunchProfile, StoredProfile
    from steelyard.core.values.servers import DeviceRow
    from steelyard.core.values.telemetry import Sample
    from steelyard.core.values.weights import WeightsRow

_QUANT_AT_END = re.compile(r"[-._](?:[iI]?[qQ]\d\w*|[bB]?[fF]\d{2}|[tT][qQ]\d\w*|MXFP4\w*)$")


@dataclass(frozen=True)
class BenchMeans:
    """What the room is made of."""

    pool: ServerPool
    directory: Directory
    shelf: WeightsShelf
    runner: Runner
    settings: SettingsStore
    engine_folder: Path
    runtime: Path
    emit: Callable[[Event], None]
    save_profile: Callable[[StoredProfile], Awaitable[StoredProfile]]
    fetch_devices: Callable[[], Awaitable[list[DeviceRow]]]
    latest: Callable[[], Sample]


class BenchRoom:
    """Owned by the engine's loop."""

    def __init__(self, means: BenchMeans) -> None:
        self._means = means
        self._tunings: dict[str, Tuning] = {}
        workbench = Workbench(
            means.engine_folder, means.runtime, os.environ, lambda: means.settings.current.servers
        )
        self._parts = Parts(
            workbench=workbench,
            runner=means.runner,
            resolve=self._resolve,
            idle_others=self._idle_others,
            weights_row=means.directory.weights,
            siblings=self._siblings,
            save_profile=means.save_profile,
            emit=means.emit,
            has_gpu=self._has_gpu,
            served_with=lambda row: means.directory.profile_of(row, Wish()),
            beside=lambda: notes_of(means.latest()),
        )

    async def execute(self, command: c.BenchCommand, request: str) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case c.StartBench():
                return await Benching(self._parts, command, request).carry_out()
            case c.StartTune():
                tuning = self._tunings[request] = Tuning(self._parts, command, request)
                try:
                    return await tuning.carry_out()
                finally:
                    del self._tunings[request]
            case c.FinishTune():
                tuning = self._tunings.get(command.request)
                if tuning is None:
                    raise AppError("No tune is running", "it has ended already")
                return tuning.finish()

    async def _resolve(self, name: str, profile: LaunchProfile) -> Promptable:
        return await self._means.directory.promptable(name, Wish(profile=profile))

    async def _idle_others(self) -> list[str]:
        """End every idle server, and name those that work: their threads take the processor."""
        pool, reason = self._means.pool, "Unloaded for a measurement"
        running = [row.name for row in pool.rows() if row.pid is not None]
        return [name for name in running if not await pool.unload(name, reason)]

    async def _siblings(self, row: WeightsRow) -> list[WeightsRow]:
        """Other quants of the same model: same architecture, size and name but for the quant."""
        rows = (await self._means.shelf.shelf([])).weights
        return [
            other
            for other in rows
            if other.path != row.path
            and other.kind == "model"
            and not other.missing_parts
            and other.verification not in ("mismatch", "pending")
            and (other.architecture, other.parameters, other.layers)
            == (row.architecture, row.parameters, row.layers)
            and (other.quant != row.quant)
            and _base_name(other) == _base_name(row)
        ]

    async def _has_gpu(self) -> bool:
        """Whether a driver tells of one, or one of our servers has found one."""
        if await self._means.fetch_devices():
            return True
        return any(row.layers_on_gpu is not None for row in self._means.pool.rows(with_ended=True))


def _base_name(row: WeightsRow) -> str:
    stem = row.path.replace("\\", "/").rsplit("/", 1)[-1].lower().removesuffix(".gguf")
    return _QUANT_AT_END.sub("", stem)
