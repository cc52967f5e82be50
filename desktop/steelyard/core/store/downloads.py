"""The download list, kept so that it survives the end of the app."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.values.hub import DownloadState
from steelyard.core.values.row import Row

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database

_log = logging.getLogger(__name__)


class DownloadJob(Row, frozen=True):
    """One entry: a file or split set of a repository, pinned to a commit."""

    id: str
    repo: str
    revision: str
    revision_name: str
    name: str
    parts: list[str]
    size_bytes: int
    quant: str | None
    state: DownloadState
    position: int
    error: str | None = None
    error_hint: str = ""


class DownloadStore:
    """One row per entry that is not finished."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[DownloadJob]:
        """Every entry, in order. One that another version wrote is passed over, not lost."""

        def work(connection: Connection) -> list[str]:
            rows = connection.execute("SELECT document FROM downloads ORDER BY position, id")
            return [str(document) for (document,) in rows]

        jobs: list[DownloadJob] = []
        for document in await self._database.call(work):
            try:
                jobs.append(msgspec.json.decode(document, type=DownloadJob))
            except (msgspec.DecodeError, msgspec.ValidationError) as exc:
                _log.warning("a download was passed over: %s", exc)
        return jobs

    async def put(self, job: DownloadJob) -> None:
        """Write an entry, new or changed."""
        values = (job.id, job.position, msgspec.json.encode(job).decode())

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO downloads VALUES (?, ?, ?)", values)

        await self._database.call(work)

    async def remove(self, job_id: str) -> None:
        """Take an entry off the list."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM downloads WHERE id = ?", (job_id,))

        await self._database.call(work)
