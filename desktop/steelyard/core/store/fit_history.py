"""Predicted against measured memory of real loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database

_KEPT_PER_BACKEND = 200


@dataclass(frozen=True)
class FitLoad:
    """One load: what was predicted before and measured after it, bytes over all devices."""

    loaded_at: str
    backend: str
    driver: str
    build: str
    weights: str
    predicted_bytes: int
    measured_bytes: int


class FitHistory:
    """Loads per backend and driver, the newest ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, load: FitLoad) -> None:
        """Store one load; very old ones of the same backend go."""
        values = (
            *(load.loaded_at, load.backend, load.driver, load.build, load.weights),
            *(load.predicted_bytes, load.measured_bytes),
        )

        def work(connection: Connection) -> None:
            connection.execute("INSERT INTO fit_loads VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute(
                "DELETE FROM fit_loads WHERE rowid IN (SELECT rowid FROM fit_loads"
                " WHERE backend = ? AND driver = ? ORDER BY loaded_at DESC LIMIT -1 OFFSET ?)",
                (load.backend, load.driver, _KEPT_PER_BACKEND),
            )

        await self._database.call(work)

    async def last(self, backend: str, driver: str, count: int) -> list[FitLoad]:
        """The newest loads, newest first."""

        def work(connection: Connection) -> list[FitLoad]:
            rows = connection.execute(
                "SELECT loaded_at, backend, driver, build, weights, predicted_bytes, measured_bytes"
                " FROM fit_loads WHERE backend = ? AND driver = ? ORDER BY loaded_at DESC LIMIT ?",
                (backend, driver, count),
            )
            return [FitLoad(*row) for row in rows]

        return await self._database.call(work)
