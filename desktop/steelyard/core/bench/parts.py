"""What bench and tune ask of other rooms; whoever wires them gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.bench.engine_bench import Workbench
    from steelyard.core.runs.job import Job
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.values.events import Event
    from steelyard.core.values.profiles import StoredProfile
    from steelyard.core.values.run import Run
    from steelyard.core.values.weights import WeightsRow


class RunsJobs(Protocol):
    """The one path of a prompt."""

    async def run(self, job: Job) -> Run:
        """Do one job; a failure is a run with `error`."""
        ...


@dataclass(frozen=True)
class Parts:
    """Services of the engine."""

    workbench: Workbench
    runner: RunsJobs
    resolve: Callable[[str, LaunchProfile], Awaitable[Promptable]]
    """The target that a name means, served with a profile: with as many slots as the profile has."""
    idle_others: Callable[[], Awaitable[list[str]]]
    """End every idle server of ours; gives the names of those that are busy and go on."""
    weights_row: Callable[[str], Awaitable[WeightsRow]]
    """The weights that a name means; an AppError where it means none."""
    siblings: Callable[[WeightsRow], Awaitable[list[WeightsRow]]]
    """Other quants of the same model on disk."""
    save_profile: Callable[[StoredProfile], Awaitable[StoredProfile]]
    """Keep a profile; gives it back with its path."""
    emit: Callable[[Event], None]
    has_gpu: Callable[[], Awaitable[bool]]
    """Whether the engine sees one; `tune` then tries layers on it."""
    served_with: Callable[[WeightsRow], LaunchProfile] = lambda _row: LaunchProfile()
    """How weights are served when nobody says otherwise; `bench` measures that."""
    beside: Callable[[], list[str]] = lambda: []
    """What is true about the machine now and spoils a measurement: throttling, pressure; in words."""
