"""Everything about weights in one room: the shelf, the hub, downloads, fit. Carries out their commands."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from steelyard.core.base.errors import AppError, unreachable
from steelyard.core.fitting import Fitting
from steelyard.core.hub.access import check_settings
from steelyard.core.hub.downloads import Downloads
from steelyard.core.hub.names import parse_hub_name
from steelyard.core.hub_desk import HubDesk, read_catalog
from steelyard.core.shelf import WeightsShelf
from steelyard.core.store.downloads import DownloadStore
from steelyard.core.store.fit_history import FitHistory
from steelyard.core.store.weights_files import WeightsFiles
from steelyard.core.telemetry.host_memory import read_host_memory
from steelyard.core.values import commands as c
from steelyard.core.values.events import DownloadChanged, LibraryChanged, WorkProgressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.fitting import Machine
    from steelyard.core.servers.loading import LoadFacts
    from steelyard.core.store.database import Database
    from steelyard.core.store.secrets import SecretStore
    from steelyard.core.store.settings import SettingsStore
    from steelyard.core.values.events import Event
    from steelyard.core.values.hub import DownloadRow, HubPage, Pulled
    from steelyard.core.values.settings import Settings


class WeightsRoom:
    """Owned by the engine's loop. `emit` tells everybody what happened."""

    def __init__(
        self,
        machine: Machine,
        settings: SettingsStore,
        secrets: SecretStore,
        database: Database,
        emit: Callable[[Event], None],
    ) -> None:
        self._machine = machine
        self._settings = settings
        self._emit = emit
        self.shelf = WeightsShelf(settings, WeightsFiles(database), lambda: emit(LibraryChanged()))
        self.desk = HubDesk(settings, secrets, self.shelf)
        self._downloads = Downloads(DownloadStore(database), self._on_download_changed, self.shelf.adopt)
        self.fitting = Fitting(machine, self.shelf, self.desk, FitHistory(database))
        self._lessons: set[asyncio.Task[None]] = set()
        self._followers: dict[str, str] = {}
        """Download -> the request that waits for it."""

    async def start(self, *, goes_on: bool) -> None:
        """Read what was left; `goes_on`: downloads that were running run again, and folders are watched."""
        self.use_settings()
        await self._downloads.load(self.desk.client, goes_on=goes_on)
        if goes_on:
            self.shelf.watch()

    async def stop_downloads(self) -> None:
        """What runs goes on with the next start."""
        await self._downloads.close()

    async def close(self) -> None:
        """End everything that is left."""
        await asyncio.gather(*self._lessons, return_exceptions=True)
        await self.shelf.close()

    # ---- commands ------------------------------------------------------------------------------------------

    async def execute(self, command: c.WeightsCommand, request: str) -> Any:
        """Carry out one command; see `Engine.execute`."""
        match command:
            case c.ListWeights():
                return await self.shelf.shelf(command.paths)
            case c.AddWeights():
                return await self.shelf.add_place(command.path)
            case c.ForgetPlace():
                return self.shelf.forget_place(command.path)
            case c.VerifyWeights():
                tell = partial(self._tell_progress, request)
                return await self.shelf.verify(command.names, tell)
            case c.PreviewRemoval():
                return await self.shelf.preview_removal(command.name)
            case c.RemoveWeights():
                return await self.shelf.remove(command.name)
            case c.FitWeights():
                return await self.fitting.fit(command)
            case c.FitRepo():
                return await self.fitting.fit_repo(command)
            case _:
                return await self._execute_on_hub(command, request)

    async def _execute_on_hub(self, command: c.WeightsCommand, request: str) -> Any:
        match command:
            case c.SearchHub():
                return await self._search(command)
            case c.ReadRepo():
                return await self.desk.repo(command)
            case c.ReadCatalog():
                return await asyncio.to_thread(read_catalog)
            case c.ReadHubAccount():
                return await self.desk.account(ask_hub=command.ask_hub)
            case c.StoreHubToken():
                return await self.desk.store_token(command.token, memory_ok=command.memory_ok)
            case c.ForgetHubToken():
                return await self.desk.forget_token()
            case c.PullWeights():
                return await self._pull(command, request)
            case c.EnqueueDownload():
                return await self._enqueue(command.name, {})
            case _:
                return await self._execute_on_downloads(command)

    async def _execute_on_downloads(self, command: c.WeightsCommand) -> Any:
        match command:
            case c.ListDownloads():
                return self._downloads.rows()
            case c.PauseDownload():
                return await self._downloads.pause(command.id)
            case c.ResumeDownload():
                return await self._downloads.resume(command.id)
            case c.CancelDownload():
                return await self._downloads.cancel(command.id)
            case c.MoveDownload():
                return await self._downloads.move(command.id, command.position)
            case _:
                return unreachable(command)

    # ---- what they do --------------------------------------------------------------------------------------

    async def _search(self, command: c.SearchHub) -> HubPage:
        gpus = await self._machine.fetch_gpus()
        _, free_bytes = await asyncio.to_thread(read_host_memory)
        return await self.desk.search(command, max([gpu.free_bytes for gpu in gpus] or [free_bytes]))

    async def _enqueue(self, text: str, environment: dict[str, str]) -> DownloadRow:
        name = parse_hub_name(text)
        if name is None:
            raise AppError(f"{text} is no name on the hub", "", "Write it as owner/name:QUANT.")
        client, _, repo, row = await self.desk.choose(name, environment)
        return await self._downloads.add(client, repo, row)

    async def _pull(self, command: c.PullWeights, request: str) -> Pulled:
        """Enqueue and wait; whoever waits is told how it goes."""
        row = await self._enqueue(command.name, command.environment)
        self._followers[row.id] = request
        try:
            return await self._downloads.wait(row.id)
        finally:
            self._followers.pop(row.id, None)

    def _on_download_changed(self, row: DownloadRow) -> None:
        self._emit(DownloadChanged(download=row))
        request = self._followers.get(row.id)
        if request is not None and row.state in ("downloading", "verifying"):
            done = row.hashed_bytes if row.state == "verifying" else row.done_bytes
            verb = row.note or ("verifying" if row.state == "verifying" else "downloading")
            self._tell_progress(request, f"{row.name}: {verb}", done, row.size_bytes, row.rate_bps, row.eta_s)

    def _tell_progress(
        self,
        request: str,
        what: str,
        done_bytes: int,
        total_bytes: int,
        rate_bps: float | None = None,
        eta_s: float | None = None,
    ) -> None:
        self._emit(
            WorkProgressed(
                request=request,
                what=what,
                done_bytes=done_bytes,
                total_bytes=total_bytes,
                rate_bps=rate_bps,
                eta_s=eta_s,
            )
        )

    def on_load(self, load: LoadFacts) -> None:
        """A model was loaded: what was predicted is compared with what was measured."""
        lesson = asyncio.create_task(self.fitting.learn_from(load))
        self._lessons.add(lesson)
        lesson.add_done_callback(self._lessons.discard)

    def check_settings(self, settings: Settings) -> None:
        """Before they are stored.

        Raises:
            AppError: what they say about the hub cannot be used.
        """
        check_settings(settings.hub)

    def use_settings(self) -> None:
        """Apply what the settings say about downloads."""
        hub = self._settings.current.hub
        self._downloads.use(hub.parallel_downloads, hub.rate_limit_bps)
