"""`bench`: the engine alone, then the way through Steelyard at several parallel levels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.bench.end_to_end import Load, ask_under_load, level_of
from steelyard.core.bench.engine_bench import Shape, engine_rates, measure_engine, not_benched
from steelyard.core.values.bench import BenchLevel, BenchReport
from steelyard.core.values.events import BenchProgressed
from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from steelyard.core.bench.parts import Parts
    from steelyard.core.values.bench import EngineRates
    from steelyard.core.values.commands import StartBench

_MOST_PARALLEL = 256
_MOST_LEVELS = 16
_UNSTEADY = 0.1
"""Standard deviation through the mean; on a quiet machine it is 1 to 4 %."""


@dataclass(frozen=True)
class BenchSize:
    """How much is measured; `span_s` bounds each level."""

    shape: Shape = field(default_factory=Shape)
    most: int = 60
    fewest: int = 5
    span_s: float = 30.0
    gen_tokens: int = 128


class Benching:
    """One bench."""

    def __init__(
        self, parts: Parts, command: StartBench, request: str, size: BenchSize | None = None
    ) -> None:
        self._parts = parts
        self._command = command
        self._request = request
        self._profile = command.profile
        self._size = size or BenchSize()
        self._notes: list[str] = []
        self._done = 0

    async def carry_out(self) -> BenchReport:
        """Measure everything. Cancelling this ends what it has started.

        Raises:
            UsageError: a level is not a number of requests.
            AppError: the name means no weights, the engine's bench fails, or no level could be measured.
        """
        levels = self._levels_wanted()
        row = await self._parts.weights_row(self._command.target)
        if self._profile == LaunchProfile():
            self._profile = self._parts.served_with(row)
        await self._quiet()
        engine = await self._engine(row.path)
        measured = [await self._level(parallel, engine) for parallel in levels]
        await self._parts.idle_others()  # nobody else wants a server with so many slots
        if all(level.n == 0 for level in measured):
            raise AppError(
                "Nothing could be measured through Steelyard", self._notes[-1] if self._notes else ""
            )
        return BenchReport(engine=engine, levels=measured, weights=row.name, notes=self._told_once())

    def _levels_wanted(self) -> list[int]:
        levels = list(dict.fromkeys(self._command.parallel))
        if not levels or len(levels) > _MOST_LEVELS or not all(1 <= n <= _MOST_PARALLEL for n in levels):
            raise UsageError(
                "Not a list of parallel levels",
                f"up to {_MOST_LEVELS} numbers from 1 to {_MOST_PARALLEL}",
                "Write --parallel 1,2,4,8.",
            )
        return levels

    async def _quiet(self) -> None:
        """Nobody of ours may take the processor from what is measured."""
        busy = await self._parts.idle_others()
        if busy:
            self._notes.append(f"busy beside it: {', '.join(busy)}; these figures are too low")
        self._notes += self._parts.beside()

    async def _engine(self, path: str) -> EngineRates:
        profile, shape = self._profile, self._size.shape
        sample = await measure_engine(
            self._parts.workbench, path, profile, shape, lambda doing: self._tell(f"engine: {doing}")
        )
        if unknown := not_benched(profile):
            self._notes.append(f"llama-bench measures without {', '.join(unknown)}")
        self._done += 1
        rates = engine_rates(sample, shape)
        self._note_unsteady("reads", rates.prompt_tps, rates.prompt_tps_sd)
        self._note_unsteady("writes", rates.gen_tps, rates.gen_tps_sd)
        return rates

    def _note_unsteady(self, what: str, rate: float | None, sd: float | None) -> None:
        if rate and sd is not None and sd / rate > _UNSTEADY:
            self._notes.append(
                f"the engine {what} unsteadily (spread {sd / rate:.0%}): something else may use the machine"
            )

    async def _level(self, parallel: int, engine: EngineRates) -> BenchLevel:
        size = self._size
        load = Load(parallel, size.most, size.fewest, size.span_s, 0, size.gen_tokens)

        def tell(doing: str) -> None:
            self._tell(f"through Steelyard, {parallel} parallel: {doing}")

        try:
            asked = await ask_under_load(
                self._parts, self._command.target, self._profile, load, "bench", tell
            )
        except AppError as exc:
            self._notes.append(f"{parallel} parallel: {exc.one_line()}")
            level = _nothing(parallel)
        else:
            level = level_of(asked, load, engine.gen_tps)
            if asked.first_error:
                self._notes.append(f"{parallel} parallel, {level.failed} failed: {asked.first_error}")
        self._notes += self._parts.beside()
        self._done += 1
        self._tell(f"{parallel} parallel: measured", level)
        return level

    def _tell(self, doing: str, level: BenchLevel | None = None) -> None:
        total = 1 + len(dict.fromkeys(self._command.parallel))
        self._parts.emit(
            BenchProgressed(request=self._request, doing=doing, done=self._done, total=total, level=level)
        )

    def _told_once(self) -> list[str]:
        return list(dict.fromkeys(self._notes))


def _nothing(parallel: int) -> BenchLevel:
    return BenchLevel(
        parallel=parallel,
        aggregate_tps=None,
        gen_tps_median=None,
        ttft_p50_ms=None,
        ttft_p95_ms=None,
        n=0,
        ratio_to_engine=None,
    )
