"""One run while it goes on: what has arrived, what was measured, and the document that comes of them."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.clock import ms_between, utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.base.ids import new_id
from steelyard.core.runs.meter import Meter, raw_times_document, timing_of
from steelyard.core.runs.promptable import Learned, Opened, prompt_bytes, with_answerer
from steelyard.core.runs.recorded import recorded_params
from steelyard.core.runs.watch import as_it_met, with_facts
from steelyard.core.store.run_details import RunDetails
from steelyard.core.targets.content import without_long_data
from steelyard.core.values.events import Event, RunWaited, TextArrived
from steelyard.core.values.run import Energy, Memory, Run, RunState, error_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.job import Job
    from steelyard.core.runs.watch import RunWatch, WatchDesk
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.targets.delta import Delta
    from steelyard.core.targets.exchange import RawTimes
    from steelyard.core.values.run import FinishReason

_TICK_S = 0.25
_TICKS_PER_FLUSH = 3
_LEARN_S = 2.0
_WITHOUT_DETAILS = ("bench", "tune")
"""Hundreds of made-up prompts that nobody will inspect, and no request between two measured ones."""

_log = logging.getLogger(__name__)


class Progress:
    """The state of one run while it goes on."""

    def __init__(self, job: Job, emit: Callable[[Event], None], ledger: Ledger) -> None:
        self.job = job
        self.meter = Meter()
        self.opened: Opened | None = None
        self._emit = emit
        self._ledger = ledger
        self._watch: RunWatch | None = None
        self._memory, self._state, self._energy = Memory(), RunState(), Energy()
        self._flushed_chunks = 0
        self._lost: RawTimes | None = None
        self._learned: Learned | None = None
        self.run = Run(
            id=new_id(),
            started_at=utc_now(),
            target=job.target.info,
            class_=job.class_,
            tags=job.tags,
            comparison_id=job.comparison_id,
            turn=job.turn,
            column=job.column,
            parent_id=job.parent_id,
            case=job.case,
            repeat=job.repeat,
            route=job.route,
            params=recorded_params(job.prompt),
        )

    def begin(self, opened: Opened, desk: WatchDesk) -> None:
        """The target is ready and its request goes out now."""
        self.opened = opened
        self.update(target=opened.info, not_sent=opened.not_sent)
        self._watch = desk.watch(self.run.id, self.job.target, opened.host)

    async def settle(self) -> None:
        """The exchange is over; measure while the target is still as the run left it."""
        if self._watch is not None and self.opened is not None:
            times = self.opened.exchange.times
            self._memory, self._state, self._energy = await self._watch.conclude(times)

    async def learn(self) -> None:
        """The answer is there; ask what belongs to its document but is not measured. Never fails."""
        if self.job.route in _WITHOUT_DETAILS:
            return
        try:
            async with asyncio.timeout(_LEARN_S):
                self._learned = await self.job.target.learn(self.job.prompt)
        except Exception:  # noqa: BLE001 - the answer and its figures are worth more than this
            _log.warning("run %s: nothing was learned of its prompt", self.run.id, exc_info=True)

    @property
    def finish(self) -> FinishReason:
        """Why the answer ended; some servers say "stop" where a tool is called."""
        reason = self.meter.finish or "stop"
        is_call = reason == "stop" and bool(self.meter.tool_calls) and not self.meter.text.strip()
        return "tool_calls" if is_call else reason

    @property
    def has_text(self) -> bool:
        """Whether part of an answer has arrived."""
        return self.opened is not None and self.opened.exchange.has_content

    def may_begin_again(self) -> bool:
        """Whether nothing of an answer has arrived; true once only."""
        if self.opened is None or self.opened.exchange.times.headers or self._lost:
            return False
        self._lost = self.opened.exchange.times
        return True

    def expect_an_answer(self) -> None:
        """Check that the stream was more than its end mark.

        Raises:
            AppError: it was not.
        """
        if not self.has_text and self.meter.finish is None:
            raise AppError(
                f"{self.run.target.name} answered nothing",
                "the stream ended without a word and without a reason",
                "Try again, or check the model name.",
                retryable=True,
            )

    def update(self, **changes: Any) -> None:
        """Replace fields of the run."""
        self.run = msgspec.structs.replace(self.run, **changes)

    def note(self, reason: str) -> None:
        """Tell what the run waits for."""
        job = self.job
        self._emit(
            RunWaited(request=job.request, column=job.column, target=self.run.target.name, reason=reason)
        )

    def take(self, deltas: list[Delta], stamp: int) -> None:
        """The content of one network read."""
        text: list[str] = []
        reasoning: list[str] = []
        for delta in deltas:
            self.meter.add(delta)
            if delta.text:
                text.append(delta.text)
            if delta.reasoning:
                reasoning.append(delta.reasoning)
        if reasoning:
            self._tell("".join(reasoning), stamp, is_reasoning=True)
        if text:
            self._tell("".join(text), stamp, is_reasoning=False)

    def _tell(self, text: str, stamp: int, *, is_reasoning: bool) -> None:
        assert self.opened is not None
        times = self.opened.exchange.times
        self._emit(
            TextArrived(
                request=self.job.request,
                run_id=self.run.id,
                column=self.job.column,
                text=text,
                is_reasoning=is_reasoning,
                chunks=len(times.content),
                elapsed_ms=ms_between(times.start, stamp),
                ttft_ms=ms_between(times.start, times.content[0]) if times.content else None,
            )
        )

    async def tick(self) -> None:
        """Beside the stream: memory peaks, text into the ledger, signs of life during a long prefill."""
        assert self.opened is not None
        exchange = self.opened.exchange
        pulse = self.job.target.pulse()
        count = 0
        while True:
            await asyncio.sleep(_TICK_S)
            if self._watch is not None:
                self._watch.sample()
            if not exchange.has_content and (newer := self.job.target.pulse()) != pulse:
                pulse = newer
                exchange.prolong()
            count += 1
            if count % _TICKS_PER_FLUSH == 0:
                await self._flush(len(exchange.times.content))

    async def _flush(self, chunks: int) -> None:
        if chunks == self._flushed_chunks:
            return
        self._flushed_chunks = chunks
        try:
            await self._ledger.flush_text(self.run.id, self.meter.text, self.meter.reasoning)
        except AppError as exc:
            _log.warning("text not flushed: %s", exc)

    async def details(self) -> RunDetails | None:
        """What is kept beside the run; None if nothing was sent."""
        if self.opened is None or self.job.route in _WITHOUT_DETAILS:
            return None
        exchange = self.opened.exchange
        # A server that has just failed is not asked; it may hang.
        told = RunDetails()
        if not self.run.error:
            told = await self.job.target.details(self.job.prompt, self._learned)
        return dataclasses.replace(
            told,
            sent=msgspec.json.encode(without_long_data(exchange.body)).decode("utf-8", "replace"),
            power=self._watch.power_points(exchange.times) if self._watch else (),
        )

    def final(self, finish: FinishReason, error: AppError | None) -> tuple[Run, dict[str, Any]]:
        """The final document and the raw stamps."""
        self.update(
            finish_reason=finish,
            error=None if error is None else error_info(error),
            text=self.meter.text,
            reasoning=self.meter.reasoning,
            tool_calls=self.meter.tool_calls,
            memory=self._memory,
        )
        if self.opened is None:
            return self.run, {}
        opened, meter, target = self.opened, self.meter, self.job.target
        times = opened.exchange.times
        if self._lost:
            times.attempts += self._lost.attempts
            times.waited_ms += ms_between(self._lost.start, times.start)
        usage = meter.usage(prompt_bytes(self.job.prompt), len(times.content))
        load_ms = self.job.load_ms if opened.load_ms is None else opened.load_ms
        timing = timing_of(times, opened.info.kind, usage, meter.raw, load_ms)
        energy = self._energy
        self.update(
            target=with_answerer(target.info, meter.model),
            state=with_facts(
                as_it_met(self._state, is_cold=opened.is_cold, cached_tokens=usage.cached_tokens),
                self.job.prompt,
                opened.ctx,
                self._learned,
            ),
            usage=usage,
            timing=timing,
            energy=energy,
            cost=target.cost(usage, timing, energy),
            raw=meter.raw,
        )
        return self.run, raw_times_document(times)
