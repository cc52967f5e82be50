"""What a source of measurements is: something that one thread of its own asks, and that may hang."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.telemetry import GpuSample, HostSample, SourceHealth, SourceName


@dataclass(frozen=True)
class ProcessUse:
    """What one of our servers uses of the machine. `cpu_share`: of all cores."""

    ram_bytes: int | None
    cpu_share: float | None


@dataclass(frozen=True)
class Reading:
    """What a source said at one time. `reason` tells what is missing, also when the rest is well."""

    health: SourceHealth = "ok"
    reason: str = ""
    gpus: list[GpuSample] = field(default_factory=list["GpuSample"])
    host: HostSample | None = None
    processes: Mapping[int, ProcessUse] = field(default_factory=dict[int, ProcessUse])
    driver: str = ""


class Source(Protocol):
    """All methods but `rings` and `watch` are called in the source's own thread."""

    @property
    def name(self) -> SourceName:
        """Its name; one of each."""
        ...

    @property
    def rings(self) -> list[PowerRing]:
        """Its power meters; empty while it has none. May be asked from any thread."""
        ...

    def watch(self, pids: tuple[int, ...]) -> None:
        """Our servers' processes from now on. Called from the loop's thread."""
        ...

    def read(self) -> Reading:
        """Everything, once a second. Whatever it raises makes the source failing, with the words of it."""
        ...

    def read_power(self) -> None:
        """Power and energy only, some ten times a second, into the rings."""
        ...

    def close(self) -> None:
        """Let go of the driver."""
        ...
