"""Dated verdicts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.values.decision import Decision, DecisionHead

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database

_log = logging.getLogger(__name__)


class DecisionStore:
    """A document that another version wrote and this one cannot read is passed over, not lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, decision: Decision) -> None:
        """Store a new one."""
        document = msgspec.json.encode(decision).decode()
        values = (decision.id, decision.number, decision.at, decision.title, document)

        def work(connection: Connection) -> None:
            connection.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?)", values)

        await self._database.call(work)

    async def all(self) -> list[DecisionHead]:
        """Newest first."""

        def work(connection: Connection) -> list[tuple[str, str]]:
            return list(
                connection.execute("SELECT id, document FROM decisions ORDER BY at DESC, number DESC")
            )

        decisions = [_decoded(*row) for row in await self._database.call(work)]
        return [_head(one) for one in decisions if one is not None]

    async def read(self, decision_id: str) -> Decision:
        """One of them.

        Raises:
            AppError: it is not there, or cannot be read.
        """
        return await self._one("WHERE id = ?", decision_id) or _refuse(decision_id)

    async def last(self, title: str) -> Decision | None:
        """The newest of a title."""
        return await self._one("WHERE title = ? ORDER BY number DESC LIMIT 1", title)

    async def to_review(self) -> list[Decision]:
        """The newest of each title, if it names a volume for a review and no reminder was given yet."""

        def work(connection: Connection) -> list[tuple[str, str]]:
            return list(
                connection.execute(
                    "SELECT id, document FROM decisions AS one WHERE number ="
                    " (SELECT max(number) FROM decisions WHERE title = one.title)"
                    " AND id NOT IN (SELECT decision_id FROM reviews_told)"
                )
            )

        found = [_decoded(*row) for row in await self._database.call(work)]
        return [one for one in found if one is not None and one.review_at_tokens_month is not None]

    async def reminded(self, decision_id: str, at: str) -> None:
        """No second reminder of this one."""

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO reviews_told VALUES (?, ?)", (decision_id, at))

        await self._database.call(work)

    async def remove(self, decision_id: str) -> None:
        """Delete one, if it is there."""

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM decisions WHERE id = ?", (decision_id,))

        await self._database.call(work)

    async def _one(self, where: str, value: str) -> Decision | None:
        def work(connection: Connection) -> tuple[str, str] | None:
            return connection.execute(f"SELECT id, document FROM decisions {where}", (value,)).fetchone()

        row = await self._database.call(work)
        return None if row is None else _decoded(*row)


def _refuse(decision_id: str) -> Decision:
    raise AppError("No such decision", repr(decision_id), "`decide history` lists them.")


def _decoded(decision_id: str, document: str) -> Decision | None:
    try:
        return msgspec.json.decode(document, type=Decision)
    except msgspec.DecodeError as exc:
        _log.warning("decision %s cannot be decoded: %s", decision_id, exc)
        return None


def _head(decision: Decision) -> DecisionHead:
    return DecisionHead(
        id=decision.id,
        number=decision.number,
        at=decision.at,
        title=decision.title,
        verdict=decision.verdict,
        confidence=decision.confidence,
        pattern=decision.pattern,
        review_at_tokens_month=decision.review_at_tokens_month,
        changed=decision.changed,
    )
