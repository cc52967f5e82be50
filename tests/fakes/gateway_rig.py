"""A real gateway with real llama-servers behind it, without the engine around them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from fakes.gguf_files import tiny_model
from steelyard.core.base.errors import AppError
from steelyard.core.base.paths import engine_folder, shared_weights_folder
from steelyard.core.gateway.door import Gateway
from steelyard.core.gateway.models import Offer
from steelyard.core.hub.library import starter_facts
from steelyard.core.runs.local_target import LocalTarget
from steelyard.core.runs.proxied import Books
from steelyard.core.runs.watch import WatchDesk
from steelyard.core.servers.pool import ServerPool, Surroundings
from steelyard.core.store.database import Database
from steelyard.core.store.gateway_keys import GatewayKeys
from steelyard.core.store.ledger import Ledger
from steelyard.core.store.run_details import RunDetailsStore
from steelyard.core.targets.clients import local_client
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.run import Energy, Run
from steelyard.core.values.settings import ServerSettings, Settings
from steelyard.core.values.weights import WeightsRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from steelyard.core.base.paths import Home
    from steelyard.core.values.events import Event
    from steelyard.core.values.servers import GatewayRow
    from steelyard.core.values.telemetry import PowerPoint

SMALL = Settings(servers=ServerSettings(context_tokens=1024, threads=1, idle_unload_s=0))


class NoMeter:
    """A machine without any power sensor."""

    lacks_baseline = False

    def run_began(self, run_id: str) -> None:
        pass

    def forget(self, run_id: str) -> None:
        pass

    async def energy(self, *_when: object) -> Energy:
        return Energy()

    def power_points(self, begin_ns: int, end_ns: int) -> list[PowerPoint]:
        return []


@dataclass
class Rig:
    """Offers `starter`, and `tiny` once it is asked for. Settings may be replaced at any time."""

    home: Home
    folder: Path
    settings: Settings = SMALL
    profiles: dict[str, LaunchProfile] = field(default_factory=dict[str, LaunchProfile])
    events: list[Event] = field(default_factory=list["Event"])
    rows: list[GatewayRow] = field(default_factory=list["GatewayRow"])

    async def start(self) -> None:
        self.database = Database(self.home.database)
        await self.database.open()
        around = Surroundings(make_client=local_client, gpu_bytes=lambda _pid: None, ask_need=_no_need)
        self.pool = ServerPool(engine_folder(), self.home.runtime_folder(), around)
        desk = WatchDesk(lambda: None, NoMeter())
        self.keys = GatewayKeys(self.home.root / "gateway-keys.json")
        self.books = Books(
            Ledger(self.database),
            RunDetailsStore(self.database),
            desk,
            lambda event: self.events.append(event),
        )
        self.gateway = Gateway(
            self, self.keys, self.books, lambda: self.settings, self.rows.append, self.metrics
        )

    async def stop(self) -> None:
        await self.gateway.close()
        await self.pool.close()
        await self.database.close()

    async def offers(self) -> list[Offer]:
        return [Offer(id="starter", created_s=1), Offer(id="tiny"), Offer(id="broken")]

    async def choose(self, names: list[str], profile: LaunchProfile) -> None:
        pass

    async def knows(self, name: str) -> bool:
        return name in [offer.id for offer in await self.offers()]

    async def target(
        self, name: str, *, for_embeddings: bool = False, note: Callable[[str], None] = lambda _reason: None
    ) -> LocalTarget:
        if name == "broken":
            raise AppError("broken cannot be used", "it is broken", "Mend it.")
        path = self.path_of(name)
        profile = self.profiles.get(name, LaunchProfile())
        if for_embeddings:
            profile = msgspec.structs.replace(profile, embeddings=True)
        return LocalTarget(name, _row(name, path), self.pool, profile, self.settings)

    def path_of(self, name: str) -> Path:
        if name == "starter":
            return shared_weights_folder() / starter_facts().file
        path = self.folder / "tiny.gguf"
        if not path.exists():
            path.write_bytes(tiny_model().encode())
        return path

    async def metrics(self) -> str:
        return "steelyard_up 1\n"

    def runs(self) -> list[Run]:
        """The ledger, oldest first, as the file has it."""
        connection = apsw.Connection(str(self.home.database))
        try:
            rows = connection.execute(
                "SELECT document, text, reasoning, finish_reason FROM runs ORDER BY rowid"
            )
            return [
                msgspec.structs.replace(
                    msgspec.json.decode(document, type=Run), text=text or "", reasoning=reasoning
                )
                for document, text, reasoning, finish in rows
                if finish is not None
            ]
        finally:
            connection.close()


@contextlib.asynccontextmanager
async def running(home: Home, folder: Path, **changes: Any) -> AsyncIterator[Rig]:
    rig = Rig(home, folder, **changes)
    await rig.start()
    try:
        yield rig
    finally:
        await rig.stop()


async def _no_need(_path: Path, _profile: LaunchProfile) -> None:
    return None


def _row(name: str, path: Path) -> WeightsRow:
    return WeightsRow(
        name=name,
        path=str(path),
        repo=None,
        revision=None,
        sha256=None,
        verified=False,
        verification="no_reference",
        size_bytes=path.stat().st_size,
        quant=None,
        architecture=None,
        parameters=None,
        context_length=None,
        source="file",
    )
