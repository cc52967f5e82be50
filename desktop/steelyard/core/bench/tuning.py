"""`tune`: tries the settings that matter on this machine and keeps the best as a launch profile."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError, one_line
from steelyard.core.bench.candidates import baseline_of, candidates_for, machine_facts
from steelyard.core.bench.end_to_end import Load, ask_under_load
from steelyard.core.bench.engine_bench import Shape, measure_engine
from steelyard.core.bench.finalists import MOST_FINALISTS, finalists_of
from steelyard.core.bench.patience import Budget, TimeIsUp
from steelyard.core.bench.report import best_of, profile_of, report_of
from steelyard.core.bench.trials import (
    FEWEST_ROUNDS,
    GEN_TOKENS,
    PROMPT_TOKENS,
    Trial,
    row_of,
    tell_apart,
)
from steelyard.core.servers.flags import effective
from steelyard.core.values.events import TuneProgressed
from steelyard.core.values.profiles import LaunchProfile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.bench.candidates import Candidate, MachineFacts
    from steelyard.core.bench.engine_bench import EngineSample
    from steelyard.core.bench.parts import Parts
    from steelyard.core.values.bench import TuneReport
    from steelyard.core.values.commands import StartTune
    from steelyard.core.values.weights import WeightsRow

DEFAULT_BUDGET_S = 240.0
_MIN_BUDGET_S = 1.0
_PROBE = Shape(64, 16, 1, has_warm_up=False)
_SHAPES = ((PROMPT_TOKENS, GEN_TOKENS), (256, 64), (128, 32), (64, 16))
_SCREEN_UNTIL, _ROUNDS_UNTIL = 0.4, 0.75
_BASELINE_EVERY = 3


@dataclass(frozen=True)
class TuneSize:
    """How much is measured; the budget may end it earlier."""

    shapes: tuple[tuple[int, int], ...] = _SHAPES
    rounds: int = 6
    asks: int = 3
    prompt_tokens: int = PROMPT_TOKENS
    gen_tokens: int = GEN_TOKENS
    machine: MachineFacts | None = None
    """None: as it is."""


@dataclass
class _State:
    """What is known while it goes on."""

    row: WeightsRow
    base: LaunchProfile
    baseline: Trial
    trials: list[Trial] = field(default_factory=list[Trial])
    shape: Shape = _PROBE
    step_s: float = 1.0
    """What one run of the engine's bench takes."""


class Tuning:
    """One tune. `finish` ends it with what it has; cancelling it keeps nothing."""

    def __init__(self, parts: Parts, command: StartTune, request: str, size: TuneSize | None = None) -> None:
        self._parts = parts
        self._command = command
        self._request = request
        self._size = size or TuneSize()
        self._budget = Budget(max(_MIN_BUDGET_S, command.budget_s or DEFAULT_BUDGET_S))
        self._done = 0
        self._total = 1
        self._notes: list[str] = []
        self._is_cut = False
        self._ask_s = 0.0

    def finish(self) -> None:
        """Measure no further; `carry_out` returns within a moment."""
        self._budget.finish()

    async def carry_out(self) -> TuneReport:
        """Try everything that the budget allows, and keep the best as a profile.

        Raises:
            AppError: the name means no weights, or the defaults themselves cannot be measured.
        """
        state = await self._begin()
        try:
            await self._measure(state)
        except TimeIsUp:
            self._is_cut = True
        tell_apart(state.trials, state.baseline)
        best = best_of(state.trials, state.baseline)
        stored = None
        if best is not state.baseline:
            stored = await self._parts.save_profile(profile_of(state.row, best, state.baseline))
        path = None if stored is None else stored.path
        return report_of(state.baseline, state.trials, best, path, self._notes, is_stopped=self._is_cut)

    async def _begin(self) -> _State:
        row = await self._parts.weights_row(self._command.target)
        base = effective(LaunchProfile(), self._parts.workbench.settings())
        siblings = await self._parts.siblings(row) if self._command.quants else []
        machine = self._size.machine or machine_facts(has_gpu=await self._parts.has_gpu())
        state = _State(row, base, Trial(baseline_of(row)))
        state.trials = [Trial(one) for one in candidates_for(machine, base, row, siblings)]
        busy = await self._parts.idle_others()
        if busy:
            self._notes.append(f"{', '.join(busy)} worked beside it, so these figures are rough.")
        return state

    async def _measure(self, state: _State) -> None:
        await self._probe(state)
        await self._screen(state)
        finalists = finalists_of(state.row, state.trials, state.baseline)
        state.trials += [trial for trial in finalists if trial not in state.trials]
        await self._rounds(state, finalists)
        await self._end_to_end(state, finalists)
        self._notes += self._parts.beside()
        await self._parts.idle_others()  # nobody else wants the servers of the candidates

    # ---- the engine's bench --------------------------------------------------------------------------------

    async def _probe(self, state: _State) -> None:
        """A first look at how fast it is here, so that the rest fits into the budget."""
        engine_trials = [trial for trial in state.trials if trial.candidate.is_for_engine]
        runs = len(engine_trials) + len(engine_trials) // _BASELINE_EVERY + 2
        self._total = runs + self._size.rounds * (MOST_FINALISTS + 1)
        began = time.monotonic()
        self._tell(state, "the defaults: a first look")
        first = await self._bench(state, state.baseline.candidate, _PROBE)
        probed_s = time.monotonic() - began
        overhead_s = max(0.0, probed_s - (first.time_s(_PROBE.prompt_tokens, _PROBE.gen_tokens) or 0.0))
        for prompt_tokens, gen_tokens in self._size.shapes:
            state.shape = Shape(prompt_tokens, gen_tokens, 1, has_warm_up=False)
            state.step_s = overhead_s + (first.time_s(prompt_tokens, gen_tokens) or 0.0)
            if runs * state.step_s <= self._budget.left_of(_SCREEN_UNTIL):
                break
        if (state.shape.prompt_tokens, state.shape.gen_tokens) != self._size.shapes[0]:
            self._notes.append(
                f"For want of time the engine was measured with prompts of {state.shape.prompt_tokens} tokens"
                f" and answers of {state.shape.gen_tokens}."
            )

    async def _screen(self, state: _State) -> None:
        """Each once, the baseline before, between and after."""
        waiting = [trial for trial in state.trials if trial.candidate.is_for_engine]
        position = 0
        while position < len(waiting) and self._budget.left_of(_SCREEN_UNTIL) > state.step_s:
            await self._screen_one(state, state.baseline)
            for trial in waiting[position : position + _BASELINE_EVERY]:
                await self._screen_one(state, trial)
            position += _BASELINE_EVERY
        self._is_cut = position < len(waiting)
        await self._screen_one(state, state.baseline)

    async def _screen_one(self, state: _State, trial: Trial) -> None:
        await self._attempt(state, trial, trial.screened)

    async def _rounds(self, state: _State, finalists: list[Trial]) -> None:
        """Everybody once in each round, and every second round backwards."""
        order = [state.baseline, *finalists]
        self._total = self._done + self._size.rounds * len(order)
        for number in range(self._size.rounds):
            if len(order) < 2:
                break
            if self._budget.left_of(_ROUNDS_UNTIL) < state.step_s * len(order):
                self._is_cut = self._is_cut or number < FEWEST_ROUNDS
                break
            for trial in order if number % 2 == 0 else reversed(order):
                await self._attempt(state, trial, trial.rounds)
            order = [trial for trial in order if not trial.failed]

    async def _attempt(self, state: _State, trial: Trial, into: list[EngineSample]) -> None:
        """One run of the engine's bench. A candidate that fails is out; the defaults must not."""

        async def work() -> None:
            into.append(await self._bench(state, trial.candidate, state.shape))

        await self._try(state, trial, work)

    async def _bench(self, state: _State, candidate: Candidate, shape: Shape) -> EngineSample:
        parts = self._parts
        return await self._budget.within(
            measure_engine(parts.workbench, candidate.path, candidate.profile(state.base), shape)
        )

    # ---- end to end ----------------------------------------------------------------------------------------

    async def _end_to_end(self, state: _State, finalists: list[Trial]) -> None:
        """Through Steelyard, for memory, joules and what the engine's bench cannot do."""
        tell_apart(state.trials, state.baseline)
        best = best_of(state.trials, state.baseline)
        others = [trial for trial in state.trials if not trial.candidate.is_for_engine]
        speculation = [trial for trial in others if trial.candidate.axis == "speculation"]
        slots = [trial for trial in others if trial.candidate.axis == "slots"]
        first = [] if best is state.baseline else [best]
        rest = [trial for trial in finalists if trial not in first and not trial.failed]
        order = [state.baseline, *first, *speculation, state.baseline, *slots]
        self._total = self._done + len(order) + len(rest)
        for trial in order:
            began = time.monotonic()
            await self._try(state, trial, partial(self._ask, state, trial, self._size.asks))
            self._ask_s = max(self._ask_s, time.monotonic() - began)
        for trial in rest:  # they have their rates; this is for their memory and joules
            if self._budget.left_s > self._ask_s:
                await self._try(state, trial, partial(self._ask, state, trial, min(1, self._size.asks)))

    async def _ask(self, state: _State, trial: Trial, times: int) -> None:
        """The same prompt length and answer length as everywhere here, a few times."""
        candidate, size = trial.candidate, self._size
        name = candidate.path if candidate.axis == "quant" else self._command.target
        parallel = candidate.settings.get("parallel", 1) if candidate.axis == "slots" else 1
        for number in range(times):
            load = Load(
                parallel=parallel,
                most=parallel,
                fewest=1,
                prompt_tokens=size.prompt_tokens,
                gen_tokens=size.gen_tokens,
                has_warm_up=number == 0,
            )
            asking = ask_under_load(self._parts, name, candidate.profile(state.base), load, "tune")
            trial.asked.append(await self._budget.within(asking))

    # ---- both ----------------------------------------------------------------------------------------------

    async def _try(self, state: _State, trial: Trial, work: Callable[[], Awaitable[None]]) -> None:
        if trial.failed:
            return
        self._tell(state, trial.candidate.words)
        try:
            await work()
        except AppError as exc:
            if trial is state.baseline:
                if not trial.is_measured:
                    raise
                self._notes.append(f"The defaults failed: {exc.one_line()}")
                raise TimeIsUp from exc  # nothing can be compared any more
            trial.failed = one_line(exc.title, exc.detail)
        self._done += 1
        self._total = max(self._total, self._done)
        self._tell(state, trial.candidate.words, trial)

    def _tell(self, state: _State, doing: str, trial: Trial | None = None) -> None:
        steps_s = (self._total - self._done) * state.step_s
        self._parts.emit(
            TuneProgressed(
                request=self._request,
                doing=doing,
                done=self._done,
                total=self._total,
                eta_s=min(self._budget.left_s, steps_s) if self._done else self._budget.left_s,
                candidate=None if trial is None else row_of(trial),
            )
        )
