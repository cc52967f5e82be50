"""Asks the pinned engine what it would reserve for weights, without loading them.

llama-server counts before it loads, with the very flags that it would serve with. The child is ended as soon
as it has told; a header in a sparse file of full size is enough for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.servers.launch import plan_projection
from steelyard.core.servers.log_facts import LogFacts, exit_words
from steelyard.core.servers.process import ServerProcess
from steelyard.core.values.fit import Projected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from steelyard.core.values.profiles import LaunchProfile

_PATIENCE_S = 60.0
_GRACE_S = 0.05
_MIB = 1 << 20
_CACHE = re.compile(r"llama_(?:kv_cache|memory_recurrent)\w*: size =\s*([0-9.]+) MiB")
_COMPUTE = re.compile(r"compute buffer size\s*=\s*([0-9.]+) MiB")
_OUTPUT = re.compile(r"output buffer size\s*=\s*([0-9.]+) MiB")
_COUNTED = re.compile(r"projected to use \d+ MiB of (?:host|device) memory")
_FILLED = re.compile(r"fit_impl:\s+- [^:]+:\s+(\d+) layers(?: \([^)]*\))?,\s+\d+ MiB used")
_FILLING = re.compile(r"filling dense|converting dense-only")
_ENDED = re.compile(r"fitting params to free memory took|failed to fit params|error while trying to fit")


class ProjectionLog(LogFacts):
    """Takes the child's log until it has told everything; `has_told` is set then."""

    def __init__(self) -> None:
        super().__init__()
        self.has_told = asyncio.Event()
        self._cache_mib: list[float] = []
        self._compute_mib: list[float] = []
        self._output_mib = 0.0
        self._layers: list[int] = []
        self._is_counted = False

    def _take(self, line: str) -> None:
        super()._take(line)
        if _ENDED.search(line):
            self.has_told.set()
        elif _FILLING.search(line):
            self._layers.clear()  # a later way of filling replaces the earlier one
        elif match := _FILLED.search(line):
            self._layers.append(int(match[1]))
        elif not self._is_counted:
            self._count(line)

    def _count(self, line: str) -> None:
        """Figures of the first counting, with everything on the GPU as far as there is one."""
        if match := _CACHE.search(line):
            self._cache_mib.append(float(match[1]))
        elif match := _COMPUTE.search(line):
            self._compute_mib.append(float(match[1]))
        elif match := _OUTPUT.search(line):
            self._output_mib = float(match[1])
        self._is_counted = _COUNTED.search(line) is not None

    def projected_now(self) -> Projected | None:
        """The projection; None if the log has none."""
        if not self.projected:
            return None
        has_gpu = any(not device.is_host for device in self.projected)
        return Projected(
            devices=self.projected,
            kv_bytes=round(sum(self._cache_mib) * _MIB) if self._cache_mib else None,
            compute_bytes=round(sum(self._compute_mib) * _MIB) if self._compute_mib else None,
            output_bytes=round(self._output_mib * _MIB),
            layers_on_gpu=sum(self._layers) if has_gpu and self._layers else None,
        )


async def project(
    binary: Path,
    weights: Path,
    runtime: Path,
    profile: LaunchProfile,
    environ: Mapping[str, str],
) -> Projected:
    """What the engine counts for these weights with an effective profile.

    Raises:
        AppError: the engine refuses the weights, or tells nothing.
    """
    socket = runtime / f"p-{secrets.token_hex(4)}.sock"
    log = ProjectionLog()
    plan = plan_projection(binary, weights, socket, profile, environ)
    process = await ServerProcess.spawn(plan, runtime, log)
    ended, told = asyncio.create_task(process.wait()), asyncio.create_task(log.has_told.wait())
    try:
        await asyncio.wait({ended, told}, timeout=_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        await process.kill(_GRACE_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(ended), _PATIENCE_S)
    projected = log.projected_now()
    if projected is None:
        detail, hint = exit_words(ended.result() if ended.done() else -9, log)
        raise AppError("The engine cannot serve these weights", detail, hint)
    return projected
