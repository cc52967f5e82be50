"""All servers of this home, one per weights file."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.servers.loading import LoadFacts, ServerSpec
from steelyard.core.servers.run_files import sweep_orphans
from steelyard.core.servers.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from steelyard.core.values.servers import ServerRow
    from steelyard.core.values.settings import ServerSettings


@dataclass(frozen=True)
class _Key:
    """What a server cannot change while it runs: the file as it was, and what stands on the command line."""

    path: Path
    size_bytes: int
    mtime_ns: int
    context_tokens: int
    threads: int


class ServerPool:
    """Finds or makes the server for weights with given settings; other settings mean another server."""

    def __init__(
        self,
        engine_folder: Path,
        runtime: Path,
        make_client: Callable[[Path], httpx2.AsyncClient],
        on_change: Callable[[ServerRow], None],
        on_load: Callable[[LoadFacts], None] = lambda _load: None,
    ) -> None:
        self._engine_folder = engine_folder
        self._runtime = runtime
        self._make_client = make_client
        self._on_change = on_change
        self._on_load = on_load
        self._servers: dict[_Key, Server] = {}

    def sweep(self) -> int:
        """Kill what a former owner left behind; call once, before the first start."""
        return sweep_orphans(self._runtime)

    def server_for(self, name: str, weights: Path, settings: ServerSettings) -> Server:
        """The server for these weights and settings, started or not.

        Raises:
            AppError: the engine is not installed.
        """
        key = _key(weights, settings)
        server = self._servers.get(key)
        if server is None:
            binary = find_binary(self._engine_folder)
            # Not the real path: the engine finds the other parts of a split set by the name that it is given.
            path = Path(os.path.abspath(weights))
            spec = ServerSpec(self._free_name(name), path, binary, self._runtime)
            server = Server(spec, settings, self._make_client, self._on_change, self._on_load)
            self._servers[key] = server
        server.use_deadlines(settings)
        return server

    async def stop_outdated(self, *wanted: ServerSettings) -> None:
        """Stop idle servers whose file has changed, or which none of these settings ask for."""
        for key, server in list(self._servers.items()):
            is_wanted = any(key == _key(key.path, settings) for settings in wanted)
            if server.pid is not None and not is_wanted and not server.row().slots_busy:
                await server.stop()

    def rows(self) -> list[ServerRow]:
        """Every server that was started and not stopped."""
        return [row for server in self._servers.values() if (row := server.row()).state != "stopped"]

    async def stop(self, name: str) -> None:
        """Stop the server of this name.

        Raises:
            AppError: there is none.
        """
        for server in self._servers.values():
            if server.spec.name == name:
                await server.stop()
                return
        raise AppError("No such server", name, "`steelyard ps` lists them.")

    async def close(self) -> None:
        """End all children."""
        await asyncio.gather(*(server.close() for server in self._servers.values()))
        self._servers.clear()

    def _free_name(self, name: str) -> str:
        taken = {server.spec.name for server in self._servers.values()}
        free, count = name, 1
        while free in taken:
            count += 1
            free = f"{name}-{count}"
        return free


def _key(weights: Path, settings: ServerSettings) -> _Key:
    path = Path(os.path.realpath(weights))
    try:
        info = path.stat()
        size_bytes, mtime_ns = info.st_size, info.st_mtime_ns
    except OSError:
        size_bytes, mtime_ns = 0, 0  # gone: the load will say so
    return _Key(path, size_bytes, mtime_ns, settings.context_tokens, settings.threads)


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
