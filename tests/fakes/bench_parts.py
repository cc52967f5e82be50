"""What bench and tune need, made of real parts: tiny weights, real servers, a real ledger; scripted power."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import msgspec

from fakes.gguf_files import tiny_model
from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import engine_folder
from steelyard.core.bench.engine_bench import Workbench
from steelyard.core.bench.parts import Parts
from steelyard.core.runs.local_target import LocalTarget
from steelyard.core.runs.runner import Runner
from steelyard.core.runs.watch import WatchDesk
from steelyard.core.servers.pool import ServerPool, Surroundings
from steelyard.core.store.database import Database
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.run_details import RunDetailsStore
from steelyard.core.targets.clients import local_client
from steelyard.core.values.run import Energy
from steelyard.core.values.settings import ServerSettings, Settings
from steelyard.core.values.weights import WeightsRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.events import Event
    from steelyard.core.values.profiles import LaunchProfile, StoredProfile

SETTINGS = Settings(servers=ServerSettings(context_tokens=512, threads=1))
JOULES_PER_RUN = 8.0


class ScriptedMeter:
    """Every run costs the same."""

    lacks_baseline = False

    def run_began(self, run_id: str) -> None:
        pass

    def forget(self, run_id: str) -> None:
        pass

    async def energy(self, *_when: object) -> Energy:
        return Energy(joules=JOULES_PER_RUN, source="nvml_counter")

    def power_points(self, _begin_ns: int, _end_ns: int) -> list[Any]:
        return []


def weights_row(path: Path, quant: str = "F32") -> WeightsRow:
    return WeightsRow(
        name=path.stem,
        path=str(path),
        repo=None,
        revision=None,
        sha256=None,
        verified=False,
        verification="no_reference",
        size_bytes=path.stat().st_size,
        quant=quant,
        architecture="llama",
        parameters=26912,
        context_length=512,
        source="file",
        layers=1,
    )


class Rig:
    """The parts, and what became of them."""

    def __init__(self, home: Home, settings: Settings, weights: Path) -> None:
        self.weights = weights
        self.row = weights_row(weights)
        self.other_quants: list[WeightsRow] = []
        self.events: list[Event] = []
        self.saved: list[StoredProfile] = []
        self.database = Database(home.database)
        self.ledger = Ledger(self.database)
        self._home = home
        self._settings = settings
        runtime = home.runtime_folder()
        self.pool = ServerPool(
            engine_folder(), runtime, Surroundings(local_client, lambda _pid: None, self._need)
        )
        runner = Runner(
            self.ledger,
            RunDetailsStore(self.database),
            WatchDesk(lambda: None, ScriptedMeter()),
            lambda _event: None,
        )
        self.parts = Parts(
            Workbench(engine_folder(), runtime, dict(os.environ), lambda: settings.servers),
            runner,
            resolve=self._resolve,
            idle_others=self._idle_others,
            weights_row=self._find,
            siblings=self._siblings,
            save_profile=self._save,
            emit=self.events.append,
            has_gpu=self._has_gpu,
        )

    def other_weights(self, name: str, quant: str) -> WeightsRow:
        """Another quant of the same model on disk."""
        path = self.weights.with_name(f"{name}.gguf")
        path.write_bytes(self.weights.read_bytes())
        self.other_quants.append(weights_row(path, quant))
        return self.other_quants[-1]

    async def _find(self, name: str) -> WeightsRow:
        for one in [self.row, *self.other_quants]:
            if name in (one.name, one.path):
                return one
        raise AppError("No such weights", name)

    async def _resolve(self, name: str, profile: LaunchProfile) -> LocalTarget:
        found = await self._find(name)
        return LocalTarget(found.name, found, self.pool, profile, self._settings)

    async def _idle_others(self) -> list[str]:
        for server in self.pool.rows():
            if not server.slots_busy:
                await self.pool.stop(server.name)
        return [server.name for server in self.pool.rows()]

    async def _siblings(self, _row: WeightsRow) -> list[WeightsRow]:
        return self.other_quants

    async def _save(self, stored: StoredProfile) -> StoredProfile:
        kept = msgspec.structs.replace(stored, path=str(self._home.root / f"{stored.name}.toml"))
        self.saved.append(kept)
        return kept

    async def _has_gpu(self) -> bool:
        return False

    @staticmethod
    async def _need(_path: Path, _profile: LaunchProfile) -> None:
        return None


@contextlib.asynccontextmanager
async def bench_rig(
    home: Home, settings: Settings = SETTINGS, weights: Path | None = None
) -> AsyncIterator[Rig]:
    """Everything started, on tiny weights if no others are given; ended at the end."""
    if weights is None:
        weights = home.root / "tiny.gguf"
        weights.write_bytes(tiny_model().encode())
    rig = Rig(home, settings, weights)
    await rig.database.open()
    try:
        yield rig
    finally:
        await rig.pool.close()
        await rig.database.close()
