"""What the actor of a server is told, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    import httpx2

    from steelyard.core.base.errors import AppError
    from steelyard.core.servers.process import ServerProcess


@dataclass
class Ready:
    """What a caller needs to talk to a ready server. `is_fresh` until its first request has gone out."""

    client: httpx2.AsyncClient
    key: str
    alias: str
    load_ms: float
    build: str
    ctx: int | None
    template: str
    at: str
    is_fresh: bool = True


@dataclass
class Ensure:
    """Have it ready, and tell so."""

    waiter: asyncio.Future[Ready]


@dataclass
class Loaded:
    """That child answers."""

    process: ServerProcess
    ready: Ready


@dataclass
class Failed:
    """That child could not be loaded."""

    process: ServerProcess
    error: AppError


@dataclass
class Exited:
    """That child has ended."""

    process: ServerProcess
    code: int


@dataclass
class Stop:
    """End the child, whatever it does."""

    waiter: asyncio.Future[None]


@dataclass
class Unload:
    """End the child if nobody uses it; answered with whether it has ended."""

    waiter: asyncio.Future[bool] | None
    reason: str


@dataclass
class Stalled:
    """A request to that child made no progress."""

    pid: int
    reason: str


@dataclass(frozen=True)
class Exit:
    """How a child ended, in words."""

    pid: int
    detail: str
    hint: str


Message = Ensure | Loaded | Failed | Exited | Stop | Unload | Stalled
"""Everything that the actor's inbox may hold."""
