"""The download list: what is fetched, in which order, and how it stands. Owned by the engine's loop.

Transfers run in threads of their own, so that a fast line does not get between the engine and a measured
answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.aside import Aside
from steelyard.core.base.errors import AppError, one_line
from steelyard.core.base.ids import new_id
from steelyard.core.hub.cache import cache_folder
from steelyard.core.hub.fetching import Fetching, drop_parts, fetch_row
from steelyard.core.hub.pace import Pace
from steelyard.core.hub.progress import Stopped, Stopper
from steelyard.core.store.downloads import DownloadJob
from steelyard.core.values.hub import DownloadRow, Pulled, PulledPart

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from steelyard.core.hub.client import HubClient
    from steelyard.core.hub.fetching import RowProgress
    from steelyard.core.hub.transfer import Fetched
    from steelyard.core.store.downloads import DownloadStore
    from steelyard.core.values.hub import DownloadState, HubFileRow, HubRepo

_MAX_PARALLEL = 8
_ENDING_S = 2.0
_RUNNING: tuple[DownloadState, ...] = ("starting", "downloading", "verifying")

_log = logging.getLogger(__name__)


class _Entry:
    """A job with what only this process knows of it."""

    def __init__(self, job: DownloadJob) -> None:
        self.job = job
        self.client: HubClient | None = None
        self.task: asyncio.Task[None] | None = None
        self.stopper = Stopper()
        self.progress: RowProgress | None = None
        self.fetched: list[Fetched] = []
        self.ended = asyncio.Event()
        self.after_stop: DownloadState = "paused"
        self.error: AppError | None = None

    def row(self) -> DownloadRow:
        """As others see it."""
        job, progress = self.job, self.progress
        row = DownloadRow(
            id=job.id,
            repo=job.repo,
            revision=job.revision,
            name=job.name,
            quant=job.quant,
            state=job.state,
            size_bytes=job.size_bytes,
            position=job.position,
            parts_total=len(job.parts),
            error=job.error,
            error_hint=job.error_hint,
            path=str(self.fetched[0].path) if job.state == "done" else None,
        )
        if progress is None:
            return row
        rate = progress.rate_bps if job.state == "downloading" else None
        left = job.size_bytes - progress.done_bytes
        return msgspec.structs.replace(
            row,
            done_bytes=progress.done_bytes,
            hashed_bytes=progress.hashed_bytes,
            rate_bps=rate,
            eta_s=left / rate if rate else None,
            parts_done=progress.parts_done,
            fetched_bytes=progress.fetched_bytes,
            resumed_from_bytes=progress.resumed_from_bytes,
            note=progress.note,
        )


class Downloads:
    """`on_change` gets each changed row, `on_done` what was adopted, before the entry counts as done."""

    def __init__(
        self,
        store: DownloadStore,
        on_change: Callable[[DownloadRow], None],
        on_done: Callable[[list[Fetched]], Awaitable[None]],
    ) -> None:
        self._store = store
        self._on_change = on_change
        self._on_done = on_done
        self._entries: dict[str, _Entry] = {}
        self._parallel = 2
        self._pace = Pace()
        self._aside = Aside("download", _MAX_PARALLEL)
        self._make_client: Callable[[], Awaitable[HubClient]] | None = None
        self._is_closing = False

    async def load(self, make_client: Callable[[], Awaitable[HubClient]], *, goes_on: bool) -> None:
        """Read the list that was left; `goes_on` starts what was running when it was left.

        A command that happens to own the engine for a second leaves it as it is.
        """
        self._make_client = make_client
        for job in await self._store.all():
            was_running = job.state in (*_RUNNING, "queued")
            state: DownloadState = job.state if not was_running else "queued" if goes_on else "paused"
            self._entries[job.id] = _Entry(msgspec.structs.replace(job, state=state))
        self._start_next()

    def use(self, parallel: int, rate_limit_bps: int) -> None:
        """Apply the settings."""
        self._parallel = parallel
        self._pace.set_rate(rate_limit_bps)
        self._start_next()

    def rows(self) -> list[DownloadRow]:
        """The list, in order."""
        return [entry.row() for entry in self._ordered()]

    async def close(self) -> None:
        """Stop all transfers; those that run go on with the next start."""
        self._is_closing = True
        running = [entry for entry in self._entries.values() if entry.task is not None]
        for entry in running:
            entry.after_stop = "queued"
            entry.stopper.stop()
        await asyncio.gather(*(self._until_ended(entry) for entry in running))

    # ---- the list ------------------------------------------------------------------------------------------

    async def add(self, client: HubClient, repo: HubRepo, row: HubFileRow) -> DownloadRow:
        """Put a file on the list, or go on with it if it is there.

        Raises:
            AppError: it cannot be fetched this way, or is not whole on the hub.
        """
        _check_obtainable(repo, row)
        entry = self._find(repo, row)
        if entry is not None and entry.job.state == "done":
            await self.cancel(entry.job.id)  # it is asked for again: perhaps its file is gone
            entry = None
        if entry is None:
            entry = _Entry(
                DownloadJob(
                    id=new_id(),
                    repo=repo.repo,
                    revision=repo.revision,
                    revision_name=repo.revision_name,
                    name=row.name,
                    parts=row.parts,
                    size_bytes=row.size_bytes,
                    quant=row.quant,
                    state="queued",
                    position=1 + max((entry.job.position for entry in self._entries.values()), default=-1),
                )
            )
            self._entries[entry.job.id] = entry
        entry.client = client
        if entry.task is None and entry.job.state != "done":
            await self._set(entry, "queued")
        self._start_next()
        return entry.row()

    def _find(self, repo: HubRepo, row: HubFileRow) -> _Entry | None:
        for entry in self._entries.values():
            job = entry.job
            is_same = (job.repo, job.revision, job.name) == (repo.repo, repo.revision, row.name)
            if is_same:
                return entry
        return None

    async def wait(self, job_id: str) -> Pulled:
        """Wait until an entry is done. Cancelled, it pauses the entry.

        Raises:
            AppError: it failed, or somebody paused or cancelled it.
        """
        entry = self._known(job_id)
        try:
            await entry.ended.wait()
        except asyncio.CancelledError:
            await self.pause(job_id)
            raise
        if entry.error is not None:
            raise entry.error
        if entry.job.state != "done":
            raise AppError(
                f"The download was {entry.job.state}", "on request", "Pull it again to go on.", retryable=True
            )
        parts = [
            PulledPart(path=str(f.path), sha256=f.sha256, size_bytes=f.size_bytes) for f in entry.fetched
        ]
        return Pulled(
            path=parts[0].path,
            sha256=parts[0].sha256 if len(parts) == 1 else None,
            size_bytes=sum(part.size_bytes for part in parts),
            bytes_fetched=sum(f.bytes_fetched for f in entry.fetched),
            resumed_from_bytes=sum(f.resumed_from_bytes for f in entry.fetched),
            verified=all(f.had_reference for f in entry.fetched),
            parts=parts,
        )

    async def pause(self, job_id: str | None) -> None:
        """Stop one, or all."""
        for entry in self._chosen(job_id):
            if entry.task is not None:
                await self._stop(entry, "paused")
            elif entry.job.state == "queued":
                await self._set(entry, "paused")
                entry.ended.set()

    async def resume(self, job_id: str | None) -> None:
        """Go on with one, or with all that are paused."""
        for entry in self._chosen(job_id):
            is_wanted = entry.job.state == "paused" or (job_id and entry.job.state == "failed")
            if entry.task is None and is_wanted:
                await self._set(entry, "queued")
        self._start_next()

    async def cancel(self, job_id: str) -> None:
        """Take one off the list and delete what was fetched of it."""
        entry = self._known(job_id)
        was_done = entry.job.state == "done"
        if entry.task is not None:
            await self._stop(entry, "cancelled")
        del self._entries[job_id]
        await self._store.remove(job_id)
        entry.job = msgspec.structs.replace(entry.job, state="cancelled")
        entry.ended.set()
        if not was_done:
            await asyncio.to_thread(_drop_parts, entry)
        self._on_change(entry.row())
        self._start_next()

    async def move(self, job_id: str, position: int) -> None:
        """Put one at a place in the list."""
        entry = self._known(job_id)
        others = [other for other in self._ordered() if other is not entry]
        others.insert(max(0, min(position, len(others))), entry)
        for at, other in enumerate(others):
            if other.job.position != at:
                other.job = msgspec.structs.replace(other.job, position=at)
                if other.job.state != "done":
                    await self._store.put(other.job)
                self._on_change(other.row())
        self._start_next()

    def _ordered(self) -> list[_Entry]:
        return sorted(self._entries.values(), key=lambda entry: (entry.job.position, entry.job.id))

    def _chosen(self, job_id: str | None) -> list[_Entry]:
        return self._ordered() if job_id is None else [self._known(job_id)]

    def _known(self, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None:
            raise AppError("No such download", job_id[:40], "It may be done or cancelled.")
        return entry

    # ---- carrying out --------------------------------------------------------------------------------------

    def _start_next(self) -> None:
        running = sum(entry.task is not None for entry in self._entries.values())
        for entry in self._ordered():
            if self._is_closing or running >= self._parallel or self._make_client is None:
                return
            if entry.job.state == "queued" and entry.task is None:
                entry.stopper = Stopper()
                entry.ended.clear()
                entry.task = asyncio.create_task(self._carry_out(entry))
                running += 1

    async def _carry_out(self, entry: _Entry) -> None:
        try:
            await self._set(entry, "starting")
            await self._fetch(entry)
            await self._on_done(entry.fetched)
            await self._set(entry, "done")
            await self._store.remove(entry.job.id)
        except (Stopped, asyncio.CancelledError):
            await self._set_quietly(entry, entry.after_stop)
        except AppError as exc:
            await self._set_quietly(entry, "failed", exc)
        except Exception as exc:  # noqa: BLE001 - a bug must reach the user, not vanish in a task
            _log.exception("a download failed")
            bug = AppError("Something went wrong inside Steelyard", repr(exc), "The log has the details.")
            await self._set_quietly(entry, "failed", bug)
        finally:
            entry.task = None
            entry.ended.set()
            self._start_next()

    async def _fetch(self, entry: _Entry) -> None:
        assert self._make_client is not None
        client = entry.client or await self._make_client()
        loop = asyncio.get_running_loop()

        def tell(progress: RowProgress) -> None:
            loop.call_soon_threadsafe(self._take, entry, progress)

        fetching = Fetching(
            cache=cache_folder(),
            repo=entry.job.repo,
            commit=entry.job.revision,
            revision_name=entry.job.revision_name,
            parts=entry.job.parts,
            client=client,
            pace=self._pace,
            stopper=entry.stopper,
        )
        entry.fetched = await self._aside.run(fetch_row, fetching, tell)

    def _take(self, entry: _Entry, progress: RowProgress) -> None:
        entry.progress = progress
        if entry.task is None or entry.stopper.is_set:
            return
        state: DownloadState = "verifying" if progress.is_verifying else "downloading"
        entry.job = msgspec.structs.replace(entry.job, state=state)
        self._on_change(entry.row())

    async def _stop(self, entry: _Entry, after: DownloadState) -> None:
        entry.after_stop = after
        entry.stopper.stop()
        await self._until_ended(entry)

    async def _until_ended(self, entry: _Entry) -> None:
        """A transfer ends at once when it is stopped; one that still asks the hub is not waited for."""
        task = entry.task
        if task is None:
            return
        await asyncio.wait({task}, timeout=_ENDING_S)
        task.cancel()
        await asyncio.wait({task})

    async def _set(self, entry: _Entry, state: DownloadState, error: AppError | None = None) -> None:
        entry.error = error
        entry.job = msgspec.structs.replace(
            entry.job,
            state=state,
            error=None if error is None else one_line(error.title, error.detail),
            error_hint="" if error is None else error.hint,
        )
        if state != "done":
            await self._store.put(entry.job)
        self._on_change(entry.row())

    async def _set_quietly(self, entry: _Entry, state: DownloadState, error: AppError | None = None) -> None:
        """At the end of a transfer a ledger that cannot be written must not hide how it ended."""
        with contextlib.suppress(AppError):
            await self._set(entry, state, error)


def _check_obtainable(repo: HubRepo, row: HubFileRow) -> None:
    if row.missing_parts:
        names = ", ".join(row.missing_parts[:3])
        raise AppError(f"{row.name} is not whole on the hub", f"missing: {names}", "Choose another quant.")
    if row.needs_xet:
        raise AppError(
            f"{row.name} can only be delivered by Xet",
            "the hub gives files over 50 GB to its own transfer program only",
            f"Fetch it with `hf download {repo.repo} {row.parts[0]}`; Steelyard then finds it in the cache.",
        )


def _drop_parts(entry: _Entry) -> None:
    drop_parts(cache_folder(), entry.job.repo, entry.job.revision, entry.job.parts)
