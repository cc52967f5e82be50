"""Carries out one run from its row in the ledger to its final document."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from steelyard.core.base.errors import AppError
from steelyard.core.runs.forms.structured import verdict_on
from steelyard.core.runs.progress import Progress
from steelyard.core.runs.promptable import ServerEnded
from steelyard.core.values.events import Event, RunFinished, RunStarted
from steelyard.core.values.run import error_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from steelyard.core.runs.job import Job
    from steelyard.core.runs.watch import WatchDesk
    from steelyard.core.store.ledger import Ledger
    from steelyard.core.store.run_details import RunDetailsStore
    from steelyard.core.values.run import FinishReason, Run

_log = logging.getLogger(__name__)


class Runner:
    """Runs jobs; every run ends in the ledger, whatever happens to it."""

    def __init__(
        self, ledger: Ledger, details: RunDetailsStore, desk: WatchDesk, emit: Callable[[Event], None]
    ) -> None:
        self._ledger = ledger
        self._details = details
        self._desk = desk
        self._emit = emit

    async def until_baseline(self, note: Callable[[str], None]) -> None:
        """See `WatchDesk.until_baseline`."""
        await self._desk.until_baseline(note)

    async def run(self, job: Job) -> Run:
        """Do one job. A failure is a result: a run with `error`, not an exception.

        Raises:
            CancelledError: the caller was cancelled; the run is in the ledger as cancelled.
        """
        progress = Progress(job, self._emit, self._ledger)
        self._emit(RunStarted(request=job.request, run=progress.run))
        try:
            await self._ledger.begin_run(progress.run, job.prompt.messages)
            await self._carry_out(job, progress)
        except AppError as exc:
            await self._finish(progress, "interrupted" if progress.has_text else "error", exc)
        except asyncio.CancelledError:
            # The row must be closed even though the caller goes away.
            await asyncio.shield(asyncio.ensure_future(self._finish(progress, "cancelled", None)))
            raise
        except Exception as exc:  # noqa: BLE001 - a bug is reported, never swallowed by a task
            _log.exception("run %s failed", progress.run.id)
            bug = AppError("Something went wrong inside Steelyard", repr(exc), "The log has the details.")
            await self._finish(progress, "error", bug)
        else:
            await self._finish(progress, progress.finish, None)
        return progress.run

    async def _carry_out(self, job: Job, progress: Progress) -> None:
        try:
            await self._ask(job, progress)
        except ServerEnded:
            # Most likely it had ended before it was asked, and nobody had noticed yet.
            if not progress.may_begin_again():
                raise
            await self._ask(job, progress)

    async def _ask(self, job: Job, progress: Progress) -> None:
        async with job.target.open(job.prompt, progress.note) as opened:
            progress.begin(opened, self._desk)
            ticking = asyncio.create_task(progress.tick())
            try:
                await opened.exchange.run(progress.take, progress.note)
                progress.expect_an_answer()
            except AppError as exc:
                if opened.exchange.has_stalled:
                    raise
                raise await job.target.explain(exc) from exc
            finally:
                ticking.cancel()
                await progress.settle()
                if opened.exchange.has_stalled:
                    job.target.on_stalled()
            await progress.learn()

    async def _finish(self, progress: Progress, finish: FinishReason, error: AppError | None) -> None:
        try:
            run, times = progress.final(finish, error)
        except Exception:  # noqa: BLE001 - a bug in a figure must not cost the answer
            _log.exception("figures of run %s", progress.run.id)
            run, times = progress.run, {}  # text and finish reason stand in it already
        run = await self._judged(progress, run)
        try:
            await self._ledger.finish_run(run, times)
        except AppError as exc:
            # The answer was paid for and is here: it is shown although it could not be kept.
            _log.warning("run %s was not saved: %s", run.id, exc)
            lost = AppError(
                "The answer was not saved", f"{exc.title}: {exc.detail}", exc.hint, retryable=True
            )
            progress.update(error=run.error or error_info(lost))
        self._emit(RunFinished(request=progress.job.request, run=progress.run))
        await self._keep_details(progress)

    async def _judged(self, progress: Progress, run: Run) -> Run:
        """With whether the answer has the form that was asked for."""
        try:
            verdict = await verdict_on(
                progress.job.prompt.sampling,
                run.not_sent,
                run.text,
                run.finish_reason,
                called_tools=bool(run.tool_calls),
            )
        except Exception:  # noqa: BLE001 - a bug in a check must not cost the answer
            _log.exception("form of run %s", run.id)
            return run
        progress.update(structured=verdict)
        return progress.run

    async def _keep_details(self, progress: Progress) -> None:
        """What the inspector shows. A run is whole without it."""
        try:
            if (kept := await progress.details()) is not None:
                await self._details.save(progress.run.id, kept)
        except Exception:  # noqa: BLE001 - whatever it is, the answer and its figures are stored already
            _log.exception("details of run %s", progress.run.id)
