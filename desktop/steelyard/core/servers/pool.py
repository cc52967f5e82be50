"""All servers of this home, one per weights file and launch profile, within the machine's memory."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.servers.flags import effective
from steelyard.core.servers.loading import LoadFacts, ServerSpec
from steelyard.core.servers.room_keeper import RoomKeeper
from steelyard.core.servers.run_files import remove_templates, sweep_orphans
from steelyard.core.servers.server import Server
from steelyard.core.servers.server_rows import row_of
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.run import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from steelyard.core.servers.messages import Ready
    from steelyard.core.servers.room_keeper import AskNeed, Note
    from steelyard.core.values.servers import Banner, RoomPlan, ServerRow
    from steelyard.core.values.settings import ServerSettings


@dataclass(frozen=True)
class _Key:
    """What a server cannot change while it runs: the file as it was, and what stands on the command line."""

    path: Path
    size_bytes: int
    mtime_ns: int
    profile: bytes


@dataclass(frozen=True)
class Surroundings:
    """What the pool asks of other rooms."""

    make_client: Callable[[Path], httpx2.AsyncClient]
    gpu_bytes: Callable[[int], int | None]
    ask_need: AskNeed
    """What weights with a profile would take."""
    banners: Callable[[ServerRow], list[Banner]] = lambda _row: []
    """What is true about the machine while this server runs."""
    on_change: Callable[[ServerRow], None] = lambda _row: None
    on_load: Callable[[LoadFacts], None] = lambda _load: None
    on_log: Callable[[str], None] = lambda _name: None
    """A server's log has new lines."""


class ServerPool:
    """Finds or makes the server for weights with a profile; another profile means another server."""

    def __init__(self, engine_folder: Path, runtime: Path, around: Surroundings) -> None:
        self._engine_folder = engine_folder
        self._runtime = runtime
        self._around = around
        self._servers: dict[_Key, Server] = {}
        self._loading: dict[Server, asyncio.Lock] = {}
        self._room = RoomKeeper(lambda: list(self._servers.values()), around.gpu_bytes, around.ask_need)

    def sweep(self) -> int:
        """Kill what a former owner left behind; call once, before the first start."""
        return sweep_orphans(self._runtime)

    def server_for(
        self, name: str, weights: Path, settings: ServerSettings, profile: LaunchProfile | None = None
    ) -> Server:
        """The server for these weights, started or not.

        Raises:
            AppError: the engine is not installed.
        """
        profile = profile or LaunchProfile()
        key = _key(weights, settings, profile)
        server = self._servers.get(key)
        if server is None:
            # Not the real path: the engine finds the other parts of a split set by the name that it is given.
            path = Path(os.path.abspath(weights))
            binary = find_binary(self._engine_folder)
            spec = ServerSpec(self._free_name(name), path, binary, self._runtime, name)
            server = self._make(spec, settings, profile)
            self._servers[key] = server
        server.use_deadlines(settings)
        return server

    def _make(self, spec: ServerSpec, settings: ServerSettings, profile: LaunchProfile) -> Server:
        around = self._around
        server = Server(spec, profile, settings, around.make_client, self._on_server_changed, around.on_load)
        server.may_restart, server.on_settled = self._room.let_in_again, self._room.settle
        server.facts.on_lines = lambda: around.on_log(spec.name)
        return server

    async def ready(
        self, server: Server, note: Note = lambda _reason: None, *, evicts: bool = False
    ) -> Ready:
        """A server that answers: makes room for it and loads it if need be.

        The caller holds one of its slots, or it could be unloaded in the very moment. `evicts`: idle servers
        may go whatever the settings say.

        Raises:
            AppError: there is no room, it cannot be loaded, or keeps crashing.
        """
        if server.ready is None:
            async with self._loading.setdefault(server, asyncio.Lock()):
                if server.ready is None and server.pid is None:
                    # Its memory stays promised until it is measured, also if whoever asks goes away.
                    await self._room.make(server, note, evicts=evicts)
        return await server.ensure_ready()

    async def plan_room(self, server: Server) -> RoomPlan:
        """What has to go for this server; nothing is done."""
        return await self._room.plan(server)

    async def stop_outdated(self, weights: Path, settings: ServerSettings, profile: LaunchProfile) -> None:
        """End idle servers of these weights that are not what is wanted now, and drop what has ended.

        One for embeddings and one for answers are two different wishes, and leave each other alone.
        """
        wanted = _key(weights, settings, profile)
        for key, server in list(self._servers.items()):
            is_alike = key.path == wanted.path and bool(server.asked.embeddings) == bool(profile.embeddings)
            if is_alike and key != wanted and server.slots.is_idle:
                await self._drop(key, server)

    async def keep_wanted(
        self, is_wanted: Callable[[Server], LaunchProfile], settings: ServerSettings
    ) -> None:
        """After settings or profiles have changed: end idle servers that would now be started differently."""
        for key, server in list(self._servers.items()):
            server.use_deadlines(settings)
            if key != _key(server.spec.weights, settings, is_wanted(server)) and server.slots.is_idle:
                await self._drop(key, server)

    async def _drop(self, key: _Key, server: Server) -> None:
        if server.pid is None or await server.unload("Its file or its settings have changed"):
            del self._servers[key]
            self._loading.pop(server, None)
            await server.close()

    def rows(self, *, with_ended: bool = False) -> list[ServerRow]:
        """Every server that was started and not stopped; `with_ended` also those that have ended."""
        rows = [self.row(server) for server in self._servers.values()]
        return [row for row in rows if row.state != "stopped" or (with_ended and row.started_at)]

    def row(self, server: Server) -> ServerRow:
        """One server for display."""
        row = row_of(server, self._around.gpu_bytes)
        return msgspec.structs.replace(row, banners=[*row.banners, *self._around.banners(row)])

    def memory(self, server: Server) -> Memory:
        """What a server holds now; cheaper than its row."""
        pid, facts = server.pid, server.facts
        return Memory(
            vram_peak_bytes=None if pid is None else self._around.gpu_bytes(pid),
            ram_peak_bytes=server.resident_bytes(),
            predicted_bytes=facts.predicted_bytes,
            measured_bytes=facts.measured_bytes,
        )

    def named(self, name: str) -> Server:
        """The server of this name.

        Raises:
            AppError: there is none.
        """
        for server in self._servers.values():
            if server.spec.name == name:
                return server
        raise AppError("No such server", name, "`steelyard ps` lists them.")

    async def stop(self, name: str) -> None:
        """Stop the server of this name, whatever it does; it stays on the list.

        Raises:
            AppError: there is none.
        """
        await self.named(name).stop()

    async def unload(self, name: str, reason: str) -> bool:
        """End the server of this name unless it is in use; whether it has ended.

        Raises:
            AppError: there is none.
        """
        return await self.named(name).unload(reason)

    async def forget(self, name: str) -> None:
        """Take a server off the list; one that runs is stopped first.

        Raises:
            AppError: there is none.
        """
        server = self.named(name)
        self._servers = {key: one for key, one in self._servers.items() if one is not server}
        self._loading.pop(server, None)
        await server.close()

    async def close(self) -> None:
        """End all children."""
        await asyncio.gather(*(server.close() for server in self._servers.values()))
        self._servers.clear()
        self._loading.clear()
        remove_templates(self._runtime)

    def _on_server_changed(self, server: Server) -> None:
        self._room.wake()
        self._around.on_change(self.row(server))

    def _free_name(self, name: str) -> str:
        taken = {server.spec.name for server in self._servers.values()}
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        return free


def _key(weights: Path, settings: ServerSettings, profile: LaunchProfile) -> _Key:
    path = Path(os.path.realpath(weights))
    try:
        info = path.stat()
        size_bytes, mtime_ns = info.st_size, info.st_mtime_ns
    except OSError:
        size_bytes, mtime_ns = 0, 0  # gone: the load will say so
    # How long it may idle is no part of the command line.
    launched = msgspec.structs.replace(effective(profile, settings), idle_unload_s=None)
    return _Key(path, size_bytes, mtime_ns, msgspec.json.encode(launched))


def find_binary(engine_folder: Path) -> Path:
    """The installed llama-server.

    Raises:
        AppError: it is not there.
    """
    for name in ("llama-server", "llama-server.exe"):
        path = engine_folder / name
        if path.is_file():
            return path
    raise AppError("The engine is not installed", "llama-server is missing", "Run `python3 run.py setup`.")
