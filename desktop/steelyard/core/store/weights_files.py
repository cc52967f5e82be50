"""What is known of weights on disk: their hash, and whether Steelyard brought them there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database


@dataclass(frozen=True)
class FileState:
    """A file as it was looked at; if one of these changes, it is another content."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class KnownFile:
    """What is remembered of a file. `sha256` is that of `state`; None if it was not hashed in it."""

    state: FileState
    sha256: str | None
    is_ours: bool
    reference: str | None


class WeightsFiles:
    """One row per path."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[str, KnownFile]:
        """Everything, by path."""

        def work(connection: Connection) -> dict[str, KnownFile]:
            rows = connection.execute(
                "SELECT path, size_bytes, mtime_ns, inode, sha256, is_ours, reference FROM weights_files"
            )
            return {row[0]: KnownFile(FileState(*row[:4]), row[4], bool(row[5]), row[6]) for row in rows}

        return await self._database.call(work)

    async def remember(self, known: KnownFile) -> None:
        """Put or replace what is known of a path. Paths that are no text are not remembered."""
        state = known.state
        if state.path.encode("utf-8", "replace").decode() != state.path:
            return
        values = (
            *(state.path, state.size_bytes, state.mtime_ns, state.inode),
            *(known.sha256, int(known.is_ours), known.reference),
        )

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO weights_files VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )

        await self._database.call(work)

    async def forget(self, path: str) -> None:
        """The file is gone."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM weights_files WHERE path = ?", (path,))

        await self._database.call(work)
