"""Joules of a run: what was drawn while it went on, less what the machine draws with nobody asking."""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from steelyard.core.base.clock import now_ns
from steelyard.core.telemetry.energy_figures import (
    NOT_ABOVE,
    NOT_METERED,
    SENSOR_UNCERTAINTY,
    Meter,
    measured,
    typed,
)
from steelyard.core.values.run import Energy
from steelyard.core.values.telemetry import PowerPoint

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.telemetry.power_ring import PowerRing
    from steelyard.core.values.run import EnergySource
    from steelyard.core.values.settings import EnergySettings

N = TypeVar("N", int, float)

_ON_CPU = "it ran on the processor, which nothing meters here; what a GPU draws is not this run's"
_NS = 1_000_000_000
_WAIT_S = 0.15
_SETTLE_NS = 2 * _NS  # a GPU keeps its clocks, and NVML its average, for a while after an answer
_BASELINE_NS = 600 * _NS
_ENOUGH_IDLE_NS = 30 * _NS
_MAX_POINTS = 240
_KEPT_RUNS = 512


@dataclass
class _ActiveRun:
    begin_ns: int
    end_ns: int | None = None

    def overlaps(self, begin_ns: int, end_ns: int) -> bool:
        return self.begin_ns < end_ns and (self.end_ns is None or self.end_ns > begin_ns)


class EnergyMeter:
    """Energy of runs from the rings of the samplers. Lives in the engine's loop.

    Energy of several runs at the same time cannot be divided among them, and is not.
    """

    def __init__(
        self,
        rings: Callable[[], list[PowerRing]],
        settings: Callable[[], EnergySettings],
        vram: Callable[[int, int], list[tuple[int, int]]] = lambda _from, _to: [],
    ) -> None:
        self._rings = rings
        self._settings = settings
        self._vram = vram
        self._runs: dict[str, _ActiveRun] = {}
        self._idle: deque[tuple[int, int]] = deque(maxlen=256)
        self._idle_since: int | None = None
        self._busy_until = 0
        self._loaded: object = None

    # ---- what goes on --------------------------------------------------------------------------------------

    def run_began(self, run_id: str) -> None:
        """A local run sends its request now. `energy` ends it."""
        now = now_ns()
        self._end_idle(now)
        if len(self._runs) >= _KEPT_RUNS:
            self._runs.pop(next(iter(self._runs)))
        self._runs[run_id] = _ActiveRun(now)

    def forget(self, run_id: str) -> None:
        """A run ended without asking for its energy."""
        self._runs.pop(run_id, None)

    def observe(self, loaded: object, *, is_busy: bool) -> None:
        """Told once a second: what is loaded (None: nothing), and whether something generates or loads."""
        now = now_ns()
        active = is_busy or any(run.end_ns is None for run in self._runs.values())
        if active:
            self._busy_until = now + _SETTLE_NS
        if loaded != self._loaded:
            self._idle.clear()
            self._idle_since, self._loaded = None, loaded
            self._busy_until = max(self._busy_until, now + _SETTLE_NS)
        if loaded is None or active:
            self._end_idle(now)
        elif now >= self._busy_until and self._idle_since is None:
            self._idle_since = now

    # ---- what is asked -------------------------------------------------------------------------------------

    async def energy(
        self,
        run_id: str,
        begin_ns: int,
        first_ns: int | None,
        end_ns: int,
        on_gpu: bool | None = None,
    ) -> Energy:
        """Joules of a run; stamps are `now_ns`. May wait 150 ms for the readings after its end.

        `on_gpu` says which meters count: False takes the processor's, True a GPU's, None a GPU's if there is
        one.
        """
        others = self._end_run(run_id, begin_ns, end_ns)
        meter = self.meter(on_gpu)
        if meter is not None and not others and meter.sees(begin_ns, end_ns):
            await _wait_for_reading(meter, end_ns)
        idle_w = self.idle_power_w if meter is None else self._baseline(meter, begin_ns)
        if others:
            source = "none" if meter is None else meter.source
            return Energy(source=source, idle_w=idle_w, note=_shared(others))
        if meter is None:
            figures = typed(self._settings(), begin_ns, first_ns, end_ns)
            if figures.joules is None and on_gpu is False and self.meter(None) is not None:
                return msgspec.structs.replace(figures, note=_ON_CPU)
            return figures
        figures = measured(meter, idle_w, begin_ns, first_ns, end_ns)
        if figures.joules is None and figures.note != NOT_ABOVE:
            return typed(self._settings(), begin_ns, first_ns, end_ns, figures)
        return figures

    def power_points(self, begin_ns: int, end_ns: int) -> list[PowerPoint]:
        """Power and GPU memory while a run went on, at most 240 points."""
        meter = self.meter(None)
        powers = [] if meter is None else _summed_power(meter, begin_ns, end_ns)
        sizes = self._vram(begin_ns, end_ns)
        stamps = sorted({at for at, _ in powers} | ({at for at, _ in sizes} if not powers else set()))
        step = max(1, math.ceil(len(stamps) / _MAX_POINTS))
        power_at = dict(powers)
        return [
            PowerPoint(at_ms=(at - begin_ns) / 1e6, power_w=power_at.get(at), vram_bytes=_latest(sizes, at))
            for at in stamps[::step]
        ]

    @property
    def idle_power_w(self) -> float | None:
        """Mean power with the models loaded that are loaded now and nobody asking; else what was typed in."""
        meter = self.meter(None)
        if meter is None:
            return self._settings().idle_watts
        return self._baseline(meter, now_ns())

    @property
    def lacks_baseline(self) -> bool:
        """Whether there is a meter, but no idle time of what is loaded now was metered yet."""
        return self.meter(None) is not None and self.idle_power_w is None

    def mean_power_w(self, from_ns: int, to_ns: int) -> float | None:
        """Measured mean power of that time; None if it was not metered or is shorter than a sensor sees."""
        meter = self.meter(None)
        if meter is None or (to_ns - from_ns) / _NS < meter.period_s():
            return None
        joules = meter.joules(from_ns, to_ns)
        return None if joules is None else joules * _NS / (to_ns - from_ns)

    @property
    def source(self) -> EnergySource:
        """Where joules would come from now."""
        meter = self.meter(None)
        if meter is not None:
            return meter.source
        return "none" if self._settings().active_watts is None else "user_watts"

    @property
    def uncertainty(self) -> str:
        """How far the source is to be trusted, in words."""
        share = SENSOR_UNCERTAINTY.get(self.source)
        if share is not None:
            return f"± {share * 100:.0f} %, {NOT_METERED[self.source]}"
        return "as typed in Settings" if self.source == "user_watts" else ""

    def meter(self, on_gpu: bool | None) -> Meter | None:
        """The meters that count; None if there are none of that kind."""
        rings = self._rings()
        by_kind: dict[Literal["nvml", "sysfs", "rapl"], list[PowerRing]] = {
            kind: [ring for ring in rings if ring.kind == kind] for kind in ("nvml", "sysfs", "rapl")
        }
        if on_gpu is not False:
            if by_kind["nvml"]:
                counted = all(ring.counts_energy() for ring in by_kind["nvml"])
                return Meter("nvml_counter" if counted else "nvml_power", by_kind["nvml"])
            if by_kind["sysfs"]:
                return Meter("sysfs", by_kind["sysfs"])
        if by_kind["rapl"] and on_gpu is not True:
            return Meter("rapl", by_kind["rapl"])
        return None

    # ---- inside --------------------------------------------------------------------------------------------

    def _end_run(self, run_id: str, begin_ns: int, end_ns: int) -> int:
        """Close a run; returns how many others went on beside it."""
        run = self._runs.get(run_id)
        if run is not None:
            run.begin_ns, run.end_ns = begin_ns, end_ns
        others = [other for key, other in self._runs.items() if key != run_id]
        beside = sum(other.overlaps(begin_ns, end_ns) for other in others)
        oldest_open = min((run.begin_ns for run in self._runs.values() if run.end_ns is None), default=end_ns)
        self._runs = {
            key: run for key, run in self._runs.items() if run.end_ns is None or run.end_ns > oldest_open
        }
        self._busy_until = max(self._busy_until, end_ns + _SETTLE_NS)
        return beside

    def _end_idle(self, now: int) -> None:
        if self._idle_since is not None and now > self._idle_since:
            self._idle.append((self._idle_since, now))
        self._idle_since = None

    def _baseline(self, meter: Meter, before_ns: int) -> float | None:
        """Mean power of the newest idle times before that moment, with what is loaded now."""
        spans = list(self._idle)
        if self._idle_since is not None:
            spans.append((self._idle_since, now_ns()))
        joules, length_ns, period_ns = 0.0, 0, int(meter.period_s() * _NS)
        for begin_ns, end_ns in reversed(spans):
            # Not up to the very end: a reading from after it stands for a time before it, too.
            end_ns = min(end_ns, before_ns) - period_ns
            begin_ns = max(begin_ns, before_ns - _BASELINE_NS, end_ns - _ENOUGH_IDLE_NS)
            drawn = meter.joules(begin_ns, end_ns) if end_ns - begin_ns >= period_ns else None
            if drawn is not None:
                joules, length_ns = joules + drawn, length_ns + end_ns - begin_ns
            if length_ns >= _ENOUGH_IDLE_NS:
                break
        return joules * _NS / length_ns if length_ns >= period_ns else None


def _shared(others: int) -> str:
    runs = "another run" if others == 1 else f"{others} other runs"
    return f"shared with {runs} at the same time: it cannot be divided among them"


async def _wait_for_reading(meter: Meter, end_ns: int) -> None:
    """Until every meter has told of a moment after the end, or for 150 ms."""
    deadline_ns = now_ns() + int(_WAIT_S * _NS)
    while now_ns() < deadline_ns:
        newest = [ring.last for ring in meter.rings]
        if all(reading is not None and reading.at_ns >= end_ns for reading in newest):
            return
        await asyncio.sleep(0.01)


def _summed_power(meter: Meter, begin_ns: int, end_ns: int) -> list[tuple[int, float]]:
    """Power of all meters at the first one's times."""
    first, *others = [
        [(r.at_ns, r.power_w) for r in ring.window(begin_ns, end_ns) if not math.isnan(r.power_w)]
        for ring in meter.rings
    ]
    summed: list[tuple[int, float]] = []
    for at, power in first:
        beside = [_latest(other, at) for other in others]
        if begin_ns <= at <= end_ns and None not in beside:
            summed.append((at, power + sum(value for value in beside if value is not None)))
    return summed


def _latest(points: list[tuple[int, N]], at_ns: int) -> N | None:
    index = bisect_right(points, at_ns, key=_time)
    return points[index - 1][1] if index else None


def _time(point: tuple[int, float]) -> int:
    return point[0]
