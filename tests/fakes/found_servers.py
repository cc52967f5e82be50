"""Stand-ins for the servers that other programs run: fixed answers on loopback, honest and hostile ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Route = tuple[int, dict[str, str], bytes]


def ok(document: Any) -> Route:
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


def text(body: str, status: int = 200, kind: str = "text/plain") -> Route:
    return status, {"Content-Type": kind}, body.encode()


def models(*ids: str, owner: str) -> Route:
    rows = [{"id": name, "object": "model", "created": 1, "owned_by": owner} for name in ids]
    return ok({"object": "list", "data": rows})


def refused(document: Any) -> Route:
    return 401, {"Content-Type": "application/json"}, json.dumps(document).encode()


class Stand:
    """One of them: answers known paths, 404 to all others, and remembers what it was sent."""

    def __init__(self, routes: dict[str, Route], *, endless: bool = False, silent: bool = False) -> None:
        self.routes = routes
        self.asked: list[str] = []
        self.headers = ""
        self.port = 0
        self._endless = endless
        self._silent = silent

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split(" ")[1]
            self.asked.append(path)
            self.headers += head.lower()
            if self._silent:
                await reader.read()
            elif self._endless:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                while True:
                    writer.write(b"[" * 65536)
                    await writer.drain()
            else:
                await self._send(writer, *self.routes.get(path, text("no such page", 404)))
        writer.close()

    async def _send(
        self, writer: asyncio.StreamWriter, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()


@contextlib.asynccontextmanager
async def standing(*stands: Stand) -> AsyncIterator[list[int]]:
    """Let them listen; gives their ports, in order."""
    servers: list[asyncio.Server] = []
    for stand in stands:
        server = await asyncio.start_server(stand.answer, "127.0.0.1", 0)
        stand.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    try:
        yield [stand.port for stand in stands]
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()
