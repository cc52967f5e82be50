"""Telemetry of past hours: means and peaks of a minute, and what happened when."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.core.values.telemetry import Marker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from steelyard.core.store.database import Connection, Database

T = TypeVar("T")

Minute = dict[str, tuple[float, float, int]]
"""Key of a series (see `values.telemetry.Series`) to mean, peak and seconds."""

_KEPT_DAYS = 30
_MINUTES_PER_DAY = 24 * 60
_MAX_MARKERS = 1000
_DIGITS = 7

_log = logging.getLogger(__name__)


class TelemetryHistory:
    """Kept for 30 days."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, minutes: Mapping[int, Minute], labels: Mapping[str, str]) -> None:
        """Store minutes (number since 1970); one that is there already, from before a restart, is completed.

        Raises:
            AppError: the ledger cannot be written.
        """

        def work(connection: Connection) -> None:
            for number, minute in minutes.items():
                row = connection.execute(
                    "SELECT document FROM history_minutes WHERE minute = ?", (number,)
                ).fetchone()
                whole = minute if row is None else _merged(_decoded(row[0], Minute) or {}, minute)
                connection.execute(
                    "INSERT OR REPLACE INTO history_minutes VALUES (?, ?)", (number, _encoded(whole))
                )
            for pair in labels.items():
                connection.execute("INSERT OR REPLACE INTO history_labels VALUES (?, ?)", pair)

        await self._database.call(work)

    async def minutes(self, since: float, until: float) -> dict[int, Minute]:
        """The minutes of a time, epoch seconds; oldest first."""

        def work(connection: Connection) -> dict[int, Minute]:
            rows = connection.execute(
                "SELECT minute, document FROM history_minutes WHERE minute >= ? AND minute < ?"
                " ORDER BY minute",
                (int(since // 60), until / 60),
            )
            return {int(number): _decoded(document, Minute) or {} for number, document in rows}

        return await self._database.call(work)

    async def labels(self) -> dict[str, str]:
        """What each series was called when it was last seen."""

        def work(connection: Connection) -> dict[str, str]:
            return dict(connection.execute("SELECT key, label FROM history_labels").fetchall())

        return await self._database.call(work)

    async def add_marker(self, marker: Marker) -> None:
        """Store something that happened."""
        values = (marker.id, marker.at, msgspec.json.encode(marker).decode("utf-8", "replace"))

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO markers VALUES (?, ?, ?)", values)

        await self._database.call(work)

    async def markers(self, since: float, until: float) -> list[Marker]:
        """What happened in a time, epoch seconds; oldest first, the newest thousand."""

        def work(connection: Connection) -> list[Marker]:
            rows = connection.execute(
                "SELECT document FROM markers WHERE at >= ? AND at <= ? ORDER BY at DESC LIMIT ?",
                (since, until, _MAX_MARKERS),
            ).fetchall()
            found = [_decoded(document, Marker) for (document,) in rows]
            return [marker for marker in reversed(found) if marker is not None]

        return await self._database.call(work)

    async def prune(self, now: float) -> None:
        """Forget what is older than 30 days."""
        oldest = int(now // 60) - _KEPT_DAYS * _MINUTES_PER_DAY

        def work(connection: Connection) -> None:
            connection.execute("DELETE FROM history_minutes WHERE minute < ?", (oldest,))
            connection.execute("DELETE FROM markers WHERE at < ?", (oldest * 60.0,))

        await self._database.call(work)


def _merged(before: Minute, after: Minute) -> Minute:
    whole = dict(before)
    for key, (mean, peak, seconds) in after.items():
        old = whole.get(key)
        if old is None:
            whole[key] = (mean, peak, seconds)
            continue
        total = old[2] + seconds
        whole[key] = ((old[0] * old[2] + mean * seconds) / total, max(old[1], peak), total)
    return whole


def _encoded(minute: Minute) -> str:
    rounded = {key: (_short(mean), _short(peak), seconds) for key, (mean, peak, seconds) in minute.items()}
    return msgspec.json.encode(rounded).decode()


def _short(value: float) -> float:
    """Seven digits are more than any sensor has; bytes stay whole."""
    return round(value) if abs(value) >= 10**_DIGITS else float(f"{value:.{_DIGITS}g}")


def _decoded(text: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as exc:
        _log.warning("a row of the history cannot be decoded: %s", exc)
        return None
