"""From a spawned child to one that answers, with a deadline on progress instead of on time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import msgspec

from steelyard.core.base.errors import AppError

if TYPE_CHECKING:
    from pathlib import Path

    from steelyard.core.servers.process import ServerProcess
    from steelyard.core.values.fit import ProjectedDevice

_POLL_S = 0.03
_PULSE_S = 1.0
_CPU_ONLY_FACTOR = 10


@dataclass(frozen=True)
class ServerSpec:
    """Which weights to serve, under which name, with which program."""

    name: str
    weights: Path
    binary: Path
    runtime: Path
    weights_name: str = ""
    """What the weights are called; the server's own name may have a number behind it."""


@dataclass(frozen=True)
class LoadFacts:
    """A load as it went: what the engine counted before it, and the buffers that it reported after it."""

    weights: Path
    projected: list[ProjectedDevice]
    measured_bytes: int
    backend: str
    build: str


class Defaults(msgspec.Struct, frozen=True):
    """Part of `/props`."""

    n_ctx: int | None = None


class Props(msgspec.Struct, frozen=True):
    """What we read of `/props`."""

    build_info: str = "unknown"
    chat_template: str = ""
    default_generation_settings: Defaults = Defaults()


async def until_loaded(
    process: ServerProcess, client: httpx2.AsyncClient, key: str, spec: ServerSpec, stall_s: float
) -> Props:
    """Wait until the child answers; somebody else watches whether it ends.

    Raises:
        AppError: it made no progress for `stall_s`, or answers nonsense.
    """
    watch = _LoadWatch(stall_s, spec.weights.stat().st_size if spec.weights.exists() else 0)
    while not await _is_healthy(client):
        if watch.has_stalled(process):
            raise AppError(
                f"{spec.name} stopped loading",
                f"no progress for {stall_s:.0f} s",
                "Check the disk, or raise the limit in Settings.",
                retryable=True,
            )
        await asyncio.sleep(_POLL_S)
    headers = {"Authorization": f"Bearer {key}"}
    try:
        response = await client.get("http://localhost/props", headers=headers, timeout=10.0)
        response.raise_for_status()
        return msgspec.json.decode(response.content, type=Props)
    except (httpx2.HTTPError, msgspec.DecodeError) as exc:
        raise AppError("llama-server did not answer after loading", str(exc), retryable=True) from exc


async def _is_healthy(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("http://localhost/health", timeout=2.0)).status_code == 200
    except httpx2.HTTPError:
        return False  # not listening yet, or busy loading


class _LoadWatch:
    """Tells a slow load from one that does not move.

    Log lines and weights coming into memory are progress. CPU time alone is, too, but not for ever: a chat
    template can loop while the engine renders it.
    """

    def __init__(self, stall_s: float, weights_bytes: int) -> None:
        self._stall_s = stall_s
        self._plausible_mib = (2 * weights_bytes >> 20) + 2048
        self._pulse = (0, 0.0, 0)
        self._moved_at = self._worked_at = self._looked_at = time.monotonic()

    def has_stalled(self, process: ServerProcess) -> bool:
        now = time.monotonic()
        if now - self._looked_at < _PULSE_S:
            return False
        self._looked_at = now
        log_bytes, _, resident_mib = pulse = process.pulse()
        if log_bytes != self._pulse[0] or self._pulse[2] < resident_mib < self._plausible_mib:
            self._moved_at = now
        if pulse != self._pulse:
            self._worked_at = now
        self._pulse = pulse
        return (
            now - self._worked_at > self._stall_s or now - self._moved_at > _CPU_ONLY_FACTOR * self._stall_s
        )
