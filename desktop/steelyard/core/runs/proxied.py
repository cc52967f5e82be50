"""A run that another program's request is: its bytes pass by, and are measured as any other run's.

What goes over the wire is not touched here. The figures come from the same parser, wire format, meter and
ledger that a prompt of our own goes through.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from steelyard.core.base.clock import ms_between, now_ns, utc_now
from steelyard.core.base.errors import AppError
from steelyard.core.runs.meter import Meter, raw_times_document, timing_of
from steelyard.core.runs.promptable import prompt_bytes
from steelyard.core.runs.watch import as_it_met
from steelyard.core.store.run_details import RunDetails
from steelyard.core.targets.exchange import RawTimes
from steelyard.core.targets.sse import SseParser
from steelyard.core.values.events import Event, RunFinished, RunStarted, TextArrived
from steelyard.core.values.prompt import Prompt
from steelyard.core.values.run import Energy, Memory, Run, RunState, error_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.watch import RunWatch, WatchDesk
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.run_details import RunDetailsStore
    from steelyard.core.targets.delta import Delta
    from steelyard.core.targets.sse import SseEvent
    from steelyard.core.values.prompt import Message
    from steelyard.core.values.run import FinishReason

_TICK_S = 0.25
_TICKS_PER_FLUSH = 3
_MAX_KEPT_BYTES = 4 << 20
"""Of a body; larger ones are pictures."""
_MAX_BODY_BYTES = 512 << 20  # the child's context bounds an answer; this only bounds a broken child

_log = logging.getLogger(__name__)


class Reader(Protocol):
    """The part of a wire format that reads."""

    def read(self, event: SseEvent) -> Delta | None:
        """One event's content. Raises AppError when it is an error or broken."""
        ...


@dataclass(frozen=True)
class Books:
    """Where runs are kept, and who watches them."""

    ledger: Ledger
    details: RunDetailsStore
    desk: WatchDesk
    emit: Callable[[Event], None]


@dataclass(frozen=True)
class Asked:
    """One request of another program.

    `is_chat`: the engine's template is put around its messages. `keeps_details`: for the inspector.
    """

    request: str
    run_id: str
    route: str
    messages: list[Message]
    reader: Reader
    is_chat: bool
    keeps_details: bool = True
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    not_sent: list[str] = field(default_factory=list[str])


class ProxiedRun:
    """From its row in the ledger to its final document. All calls come from one task, but `tick`'s."""

    def __init__(self, asked: Asked, target: Promptable, books: Books) -> None:
        self._asked = asked
        self._target = target
        self._books = books
        self._emit = books.emit
        self._meter = Meter()
        self._parser = SseParser(max_body_bytes=_MAX_BODY_BYTES)
        self._begun: asyncio.Task[None] | None = None
        self._load_ms: float | None = None
        self._is_cold: bool | None = None
        self._watch: RunWatch | None = None
        self._memory, self._state, self._energy = Memory(), RunState(), Energy()
        self._sent = b""
        self._flushed_chunks = 0
        self.times = RawTimes()
        self.problem: AppError | None = None
        """What went wrong inside the answer, as far as the stream itself says."""
        self.is_over = False
        """Whether the stream's end mark, or the whole of an answer in one piece, has arrived."""
        self.run = Run(
            id=asked.run_id,
            started_at=utc_now(),
            target=target.info,
            route=asked.route,
            params=asked.params,
            not_sent=asked.not_sent,
        )

    @property
    def has_content(self) -> bool:
        """Whether part of an answer has arrived."""
        return self.times.first_delta > 0

    @property
    def has_finish(self) -> bool:
        """Whether the reason of the end has arrived: only usage and the end mark are still to come."""
        return self.times.finished > 0

    def begin(self) -> None:
        """Write the row, beside what else has to be done before the request goes out."""
        self._emit(RunStarted(request=self._asked.request, run=self.run))
        self._begun = asyncio.create_task(self._books.ledger.begin_run(self.run, self._asked.messages))

    async def until_begun(self) -> None:
        """Wait until the row is there.

        Raises:
            AppError: the ledger cannot be written: nobody may be answered unrecorded.
        """
        if self._begun is not None:
            await asyncio.shield(self._begun)

    def opened(self, load_ms: float | None, is_cold: bool, sent: bytes) -> None:
        """Its server is ready; the request, whose body is `sent`, goes out now."""
        self._load_ms, self._is_cold, self._sent = load_ms, is_cold, sent
        self.run = msgspec.structs.replace(self.run, target=self._target.info)
        self._watch = self._books.desk.watch(self.run.id, self._target)
        self.times = RawTimes(start=now_ns(), attempts=1)

    async def on_trace(self, name: str, _info: dict[str, Any]) -> None:
        """For the `trace` extension of the request."""
        match name:
            case "connection.connect_unix_socket.complete" | "connection.connect_tcp.complete":
                self.times.connected = now_ns()
            case "http11.send_request_body.complete":
                self.times.sent = now_ns()
            case "http11.receive_response_headers.complete":
                self.times.headers = now_ns()
            case _:
                pass

    def take(self, chunk: bytes, stamp: int) -> bool:
        """The bytes of one network read of a stream; True if they are progress.

        What is wrong with them is kept in `problem`: the client has them already and judges for itself.
        """
        if self.problem is not None:
            return False
        is_progress = False
        deltas: list[Delta] = []
        try:
            for event in self._parser.feed(chunk):
                delta = self._asked.reader.read(event)
                if delta is not None:
                    deltas.append(delta)
                    is_progress |= self._note(delta, stamp)
        except AppError as exc:
            exc.title = exc.title.replace("The server", self.run.target.name, 1)
            self.problem = exc
        self._meter_deltas(deltas, stamp)
        return is_progress

    def take_whole(self, delta: Delta, raw_usage: dict[str, Any], stamp: int) -> None:
        """An answer in one piece. It has no first token that could be timed."""
        self.times.finished = self.times.end = stamp
        self.is_over = True
        self._meter.add(delta)
        if raw_usage:
            self._meter.raw["usage"] = raw_usage

    async def tick(self, prolong: Callable[[], None]) -> None:
        """Beside the stream: memory peaks, text into the ledger; `prolong` is called for each sign of life
        before the first token.
        """
        pulse, count = self._target.pulse(), 0
        while True:
            await asyncio.sleep(_TICK_S)
            if self._watch is not None:
                self._watch.sample()
            if not self.has_content and (newer := self._target.pulse()) != pulse:
                pulse = newer
                prolong()
            count += 1
            if count % _TICKS_PER_FLUSH == 0:
                await self._flush()

    async def settle(self) -> None:
        """The exchange is over; measure while the server is still as it left it."""
        self.times.end = self.times.end or now_ns()
        if self._watch is not None:
            self._memory, self._state, self._energy = await self._watch.conclude(self.times)

    async def finish(self, finish: FinishReason, error: AppError | None) -> None:
        """Close the row. Never fails: the client has its answer."""
        finish = "interrupted" if finish == "error" and self.has_content else finish
        try:
            run = self._final(finish, error)
            await self.until_begun()
            await self._books.ledger.finish_run(
                run, raw_times_document(self.times) if self.times.start else {}
            )
        except AppError as exc:
            _log.warning("run %s was not saved: %s", self.run.id, exc)
            self._sent = b""  # nothing to keep details of
        except Exception:  # noqa: BLE001 - a bug in a figure must not cost the client its answer
            _log.exception("run %s was not closed", self.run.id)
        self._emit(RunFinished(request=self._asked.request, run=self.run))
        await self._keep_details()

    # ---- inside --------------------------------------------------------------------------------------------

    def _note(self, delta: Delta, stamp: int) -> bool:
        times = self.times
        if delta.has_content:
            times.first_delta = times.first_delta or stamp
            times.last_delta = stamp
            if delta.text or delta.reasoning:
                times.content.append(stamp)
        if delta.finish is not None or delta.is_done:
            times.finished = times.finished or stamp
        self.is_over = self.is_over or delta.is_done
        return delta.has_content or delta.progress or delta.finish is not None

    def _meter_deltas(self, deltas: list[Delta], stamp: int) -> None:
        text: list[str] = []
        reasoning: list[str] = []
        for delta in deltas:
            self._meter.add(delta)
            text.append(delta.text)
            reasoning.append(delta.reasoning)
        self._tell("".join(reasoning), stamp, is_reasoning=True)
        self._tell("".join(text), stamp, is_reasoning=False)

    def _tell(self, text: str, stamp: int, *, is_reasoning: bool) -> None:
        if not text:
            return
        times = self.times
        self._emit(
            TextArrived(
                request=self._asked.request,
                run_id=self.run.id,
                column=0,
                text=text,
                is_reasoning=is_reasoning,
                chunks=len(times.content),
                elapsed_ms=ms_between(times.start, stamp),
                ttft_ms=ms_between(times.start, times.content[0]) if times.content else None,
            )
        )

    async def _flush(self) -> None:
        chunks = len(self.times.content)
        if chunks == self._flushed_chunks:
            return
        self._flushed_chunks = chunks
        try:
            await self._books.ledger.flush_text(self.run.id, self._meter.text, self._meter.reasoning)
        except AppError as exc:
            _log.warning("text not flushed: %s", exc)

    def _final(self, finish: FinishReason, error: AppError | None) -> Run:
        meter, target = self._meter, self._target
        self.run = msgspec.structs.replace(
            self.run,
            target=target.info,
            text=meter.text,
            reasoning=meter.reasoning,
            tool_calls=meter.tool_calls,
            finish_reason=(meter.finish or finish) if finish == "stop" else finish,
            error=None if error is None else error_info(error),
            memory=self._memory,
        )
        if not self.times.start:
            return self.run  # it was refused, or its client left, before it could be sent
        prompt = Prompt(messages=self._asked.messages)
        usage = meter.usage(prompt_bytes(prompt), len(self.times.content))
        timing = timing_of(self.times, "local", usage, meter.raw, self._load_ms)
        self.run = msgspec.structs.replace(
            self.run,
            state=as_it_met(self._state, is_cold=self._is_cold, cached_tokens=usage.cached_tokens),
            usage=usage,
            timing=timing,
            energy=self._energy,
            cost=target.cost(usage, timing, self._energy),
            raw=meter.raw,
        )
        return self.run

    async def _keep_details(self) -> None:
        """What the inspector shows. A run is whole without it."""
        if not self._sent or not self._asked.keeps_details:
            return
        is_chat = self._asked.is_chat
        # Only a chat has a template; what a plain completion or an embedding is made of was sent as it is.
        prompt = Prompt(messages=self._asked.messages if is_chat else [])
        try:
            told = await self._target.details(prompt)
            kept = RunDetails(
                sent=self._sent.decode("utf-8", "replace") if len(self._sent) <= _MAX_KEPT_BYTES else None,
                templated=told.templated if is_chat else None,
                samplers=told.samplers,
                server=told.server,
                command=told.command,
                power=self._watch.power_points(self.times) if self._watch else [],
            )
            await self._books.details.save(self.run.id, kept)
        except Exception:  # noqa: BLE001 - whatever it is, the answer and its figures are stored already
            _log.exception("details of run %s", self.run.id)
