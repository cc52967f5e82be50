"""State of the llama-server children as others see it."""

from __future__ import annotations

from typing import Literal

from steelyard.core.values.row import Row

ServerState = Literal["starting", "loading", "ready", "stopping", "stopped", "failed"]


class ServerRow(Row, frozen=True):
    """One llama-server process."""

    name: str
    weights: str
    pid: int | None
    state: ServerState
    ctx: int | None
    slots: int
    slots_busy: int
    predicted_bytes: int | None
    measured_bytes: int | None
    vram_bytes: int | None
    started_at: str | None
    idle_s: float | None
    progress: float | None = None
    error: str | None = None


class DeviceRow(Row, frozen=True):
    """A GPU's memory, bytes."""

    name: str
    total_bytes: int
    free_bytes: int
