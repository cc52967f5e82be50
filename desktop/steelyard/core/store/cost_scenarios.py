"""Named sets of cost inputs that the user keeps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.values.costs import CostScenario

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database

_log = logging.getLogger(__name__)


class CostScenarioStore:
    """One document a row; one that cannot be read is passed over, not lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[CostScenario]:
        """By name."""

        def work(connection: Connection) -> list[tuple[str, str]]:
            return list(connection.execute("SELECT id, document FROM cost_scenarios ORDER BY name, id"))

        found = [_decoded(*row) for row in await self._database.call(work)]
        return [one for one in found if one is not None]

    async def save(self, scenario: CostScenario) -> None:
        """Store it under its id."""
        values = (scenario.id, scenario.name, msgspec.json.encode(scenario).decode(), scenario.updated_at)

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO cost_scenarios VALUES (?, ?, ?, ?)", values)

        await self._database.call(work)

    async def remove(self, scenario_id: str) -> None:
        """Delete one, if it is there."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM cost_scenarios WHERE id = ?", (scenario_id,))

        await self._database.call(work)


def _decoded(scenario_id: str, document: str) -> CostScenario | None:
    try:
        return msgspec.json.decode(document, type=CostScenario)
    except msgspec.DecodeError as exc:
        _log.warning("scenario %s cannot be decoded: %s", scenario_id, exc)
        return None
