"""One request on its way through: wait for a slot, check the length, pass the answer on, keep the figures.

Bytes go to the client first and are measured afterwards. Three things end a passage early: the client leaves
(the connection to the server is closed at once, so that the slot is free after the batch in hand), the server
makes no progress (it is reported, and its actor kills it), or the gateway closes.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import httpx2
import msgspec

from steelyard.core.base.clock import now_ns
from steelyard.core.base.errors import AppError
from steelyard.core.gateway.answers import Refused, refused_by, refused_by_child
from steelyard.core.gateway.counting import check_prompt
from steelyard.core.gateway.outlet import Outlet
from steelyard.core.gateway.readers import whole_answer
from steelyard.core.gateway.usage_filter import UsageFilter
from steelyard.core.runs.engine_questions import BASE_URL
from steelyard.core.runs.proxied import ProxiedRun
from steelyard.core.runs.unusable_target import UnusableTarget
from steelyard.core.targets.clients import load_transport
from steelyard.core.targets.failures import transport_error

if TYPE_CHECKING:
    from steelyard.core.gateway.bodies import Wanted
    from steelyard.core.gateway.models import Models
    from steelyard.core.gateway.outlet import Send
    from steelyard.core.runs.local_target import Held, LocalTarget
    from steelyard.core.runs.promptable import Promptable
    from steelyard.core.runs.proxied import Asked, Books
    from steelyard.core.values.run import FinishReason

_CONNECT_S = 10.0
_AFTER_FINISH_S = 5.0
_COMMENT_AFTER_S = 2.0
_COMMENT_EVERY_S = 5.0
_MAX_ERROR_BYTES = 64 << 10
_OK = 200
_MAX_WHOLE_BYTES = 256 << 20
_CLOSED = AppError("The gateway was closed", "while it answered", "Open it again.", retryable=True)

_log = logging.getLogger(__name__)


class _ClientStuck(Exception):
    """The client takes nothing more, although it has not left."""


class Passage:
    """`carry_out` does it all, once. `stall_s`: how long the server may make no progress."""

    def __init__(
        self,
        wanted: Wanted,
        models: Models,
        asked: Asked,
        books: Books,
        send: Send,
        stall_s: float,
    ) -> None:
        self._wanted = wanted
        self._models = models
        self._asked = asked
        self._books = books
        self._run_: ProxiedRun | None = None
        self._out = Outlet(send, asked.run_id)
        self._stall_s = stall_s
        self._who = wanted.model
        self._waits_for = "loading"
        self._deadline: asyncio.Timeout | None = None
        self._has_stalled = False
        self._is_closing = False
        self._work: asyncio.Task[None] | None = None
        self._comments: asyncio.Task[None] | None = None

    async def carry_out(self, until_gone: asyncio.Task[None]) -> None:
        """Answer; `until_gone` ends when the client has left. The run is in the ledger, whatever happens."""
        self._work = asyncio.create_task(self._pass())
        if self._wanted.is_stream:
            self._comments = asyncio.create_task(self._comment())
        try:
            await asyncio.wait({self._work, until_gone}, return_when=asyncio.FIRST_COMPLETED)
            if self._out.has_ended:
                await asyncio.wait({self._work})  # it has all that it came for
        finally:
            self._work.cancel()
            finishing = asyncio.create_task(self._conclude(self._work))
            # The row must be closed even if whoever runs this goes away.
            await asyncio.shield(finishing)

    def close(self) -> None:
        """The gateway closes: the client is told, and the run is kept as cancelled."""
        self._is_closing = True
        if self._work is not None:
            self._work.cancel()

    # ---- its end -------------------------------------------------------------------------------------------

    async def _conclude(self, work: asyncio.Task[None]) -> None:
        (problem,) = await asyncio.gather(work, return_exceptions=True)
        await self._stop_comments()
        finish, error, refused = self._verdict(problem)
        run = self._run_ or self._begin(UnusableTarget(self._wanted.model, error or _CLOSED))
        try:
            if refused is not None:
                await self._out.refuse(refused)
        finally:
            await run.finish(finish, error)

    def _verdict(self, problem: BaseException | None) -> tuple[FinishReason, AppError | None, Refused | None]:
        """How the run is kept, and what the client is still told."""
        match problem:
            case None:
                found = self._run.problem
                return ("error" if found else "stop"), found, None
            case asyncio.CancelledError():
                return "cancelled", None, refused_by(_CLOSED) if self._is_closing else None
            case _ClientStuck():
                return "cancelled", None, None
            case Refused():
                return "error", problem.as_app_error(self._who), problem
            case AppError():
                return "error", problem, refused_by(problem)
            case _:
                _log.error("a passage failed", exc_info=problem)
                bug = AppError(
                    "Something went wrong inside Steelyard", repr(problem), "The log has the details."
                )
                return "error", bug, refused_by(bug)

    # ---- its way -------------------------------------------------------------------------------------------

    @property
    def _run(self) -> ProxiedRun:
        assert self._run_ is not None
        return self._run_

    def _begin(self, target: Promptable) -> ProxiedRun:
        self._run_ = run = ProxiedRun(self._asked, target, self._books)
        self._who = target.info.name
        run.begin()
        return run

    async def _pass(self) -> None:
        wanted = self._wanted
        target = await self._models.target(
            wanted.model, for_embeddings=wanted.for_embeddings, note=self._note
        )
        self._begin(target)
        async with target.hold(self._note) as held:
            try:
                await self._count(target, held)
                await self._ask(held)
            except TimeoutError as exc:
                if self._out.is_sending:
                    raise _ClientStuck from exc
                self._has_stalled = not self._run.has_finish
                raise self._stall_error() from exc
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as exc:
                raise await target.explain(transport_error(self._who, exc)) from exc
            finally:
                await self._run.settle()
                if self._has_stalled:
                    target.on_stalled()

    async def _count(self, target: LocalTarget, held: Held) -> None:
        """Slow counting is no silence: only a server that shows no sign of life has stalled."""
        pulse = target.pulse()
        try:
            async with asyncio.timeout(self._stall_s):
                await check_prompt(self._who, held, self._wanted)
        except TimeoutError:
            if target.pulse() == pulse:
                raise
            raise AppError(
                f"The prompt is too large for {self._who}",
                f"it could not be counted within {self._stall_s:.0f} s",
                "Shorten it.",
            ) from None

    async def _ask(self, held: Held) -> None:
        body = msgspec.json.encode(self._wanted.body(held.alias))
        await load_transport()
        self._run.opened(held.load_ms, held.is_cold, body)
        ticking = asyncio.create_task(self._run.tick(self._prolong))
        try:
            async with asyncio.timeout(_CONNECT_S + self._stall_s) as self._deadline:
                response = await held.client.send(self._request(held, body), stream=True)
                try:
                    await self._answer(response)
                finally:
                    await response.aclose()
        finally:
            self._deadline = None
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)

    def _request(self, held: Held, body: bytes) -> httpx2.Request:
        return held.client.build_request(
            "POST",
            BASE_URL + self._wanted.endpoint.path,
            content=body,
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {held.key}"},
            extensions={"trace": self._run.on_trace},
        )

    async def _answer(self, response: httpx2.Response) -> None:
        if response.status_code != _OK:
            raise refused_by_child(response.status_code, await _body_of(response, _MAX_ERROR_BYTES))
        await self._run.until_begun()
        await self._stop_comments()
        if self._wanted.is_stream:
            await self._stream(response)
        else:
            await self._whole(response)

    async def _stream(self, response: httpx2.Response) -> None:
        out, run = self._out, self._run
        usage = UsageFilter() if self._wanted.strips_usage else None
        await out.begin_stream()
        async for chunk in response.aiter_raw():
            stamp = now_ns()
            if data := chunk if usage is None else usage.feed(chunk):
                await out.write(data)
            if run.take(chunk, stamp):
                self._prolong()
        if usage is not None and (data := usage.rest()):
            await out.write(data)
        if not run.is_over and run.problem is None:
            raise AppError(
                f"{self._who} broke off in the middle of its answer",
                "the stream ended without an end mark",
                "Ask again; what arrived is kept.",
                retryable=True,
            )
        await out.end()

    async def _whole(self, response: httpx2.Response) -> None:
        body = await _body_of(response, _MAX_WHOLE_BYTES)
        stamp = now_ns()
        await self._out.whole(body)
        try:
            delta, usage = whole_answer(body)
            self._run.take_whole(delta, usage, stamp)
        except (ValueError, AppError) as exc:
            _log.warning("an answer of %s could not be measured: %s", self._who, exc)

    # ---- waiting -------------------------------------------------------------------------------------------

    def _note(self, reason: str) -> None:
        self._waits_for = reason

    async def _comment(self) -> None:
        """Until the engine answers: it sends not even headers before its first token."""
        await asyncio.sleep(_COMMENT_AFTER_S)
        while True:
            await self._out.comment(self._waits_for)
            await asyncio.sleep(_COMMENT_EVERY_S)

    async def _stop_comments(self) -> None:
        if self._comments is not None:
            self._comments.cancel()
            await asyncio.gather(self._comments, return_exceptions=True)

    def _prolong(self) -> None:
        """Count this moment as progress."""
        if self._deadline is None:
            return
        wait_s = min(self._stall_s, _AFTER_FINISH_S) if self._run.has_finish else self._stall_s
        at = asyncio.get_running_loop().time() + wait_s
        # Moving a timer costs more than reading a clock, and this runs once a token.
        if abs(at - (self._deadline.when() or 0.0)) > min(0.25, self._stall_s / 4):
            self._deadline.reschedule(at)

    def _stall_error(self) -> AppError:
        return AppError(
            f"{self._who} went silent",
            f"no progress for {self._stall_s:.0f} s",
            "Its server is started again; ask again.",
            retryable=True,
        )


async def _body_of(response: httpx2.Response, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise AppError("The engine sent too much", f"an answer of over {limit >> 20} MiB")
    return b"".join(parts)
