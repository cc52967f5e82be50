"""What went out with a run and how it was served: for the inspector, too large for the run's document."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.telemetry import Inspection, PowerPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.store.database import Connection, Database

T = TypeVar("T")

_MAX_TEXT_CHARS = 4 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunDetails:
    """See `values.telemetry.Inspection`. `sent` and `templated` are None where they were not kept."""

    sent: str | None = None
    templated: str | None = None
    samplers: Sequence[str] = ()
    server: str | None = None
    command: str | None = None
    power: Sequence[PowerPoint] = ()
    profile: LaunchProfile | None = None
    """In force when it was served; None for an API."""


class RunDetailsStore:
    """One row for each run that has details."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, run_id: str, details: RunDetails) -> None:
        """Keep the details of a run that has its row in the ledger, over those that it had.

        Texts of more than 4 Mi characters are not kept.

        Raises:
            AppError: the ledger cannot be written.
        """
        values = (
            *(run_id, _bounded(details.sent), _bounded(details.templated)),
            *(_json(list(details.samplers)), details.server, details.command, _json(list(details.power))),
            None if details.profile is None else _json(details.profile),
        )

        def work(connection: Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO run_details VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

        await self._database.call(work)

    async def read(self, run_id: str) -> RunDetails | None:
        """The details of a run; None if there are none."""

        def work(connection: Connection) -> RunDetails | None:
            row = connection.execute(
                "SELECT sent, templated, samplers, server, command, power, profile FROM run_details"
                " WHERE run_id = ?",
                (run_id,),
            ).fetchone()
            return None if row is None else _details(row)

        return await self._database.call(work)

    async def inspect(self, run_id: str) -> Inspection:
        """Everything that is kept of a run.

        Raises:
            AppError: there is no such run.
        """

        def work(connection: Connection) -> tuple[str, ...] | None:
            row = connection.execute(
                "SELECT document, text, reasoning, finish_reason, messages, times FROM runs WHERE id = ?",
                (run_id,),
            ).fetchone()
            return None if row is None else tuple(row)

        row = await self._database.call(work)
        if row is None:
            raise AppError("No such run", run_id, "It may have been deleted.")
        return _inspection(run_id, row, await self.read(run_id) or RunDetails())


def _inspection(run_id: str, row: tuple[str, ...], details: RunDetails) -> Inspection:
    document, text, reasoning, finish_reason, messages, times = row
    run = _object(run_id, document)
    run.update(text=text, reasoning=reasoning, finish_reason=finish_reason)
    params = run.get("params")
    return Inspection(
        run=run,
        messages=_decoded(run_id, messages, list[dict[str, object]]) or [],
        sent=details.sent,
        templated=details.templated,
        templated_bytes=None if details.templated is None else len(details.templated.encode()),
        samplers=list(details.samplers),
        sampling=msgspec.convert(params, dict[str, object]) if isinstance(params, dict) else {},
        times=_object(run_id, times),
        power=list(details.power),
        server=details.server,
        command=details.command,
    )


def _details(row: tuple[str, str, str, str, str, str, str | None]) -> RunDetails:
    sent, templated, samplers, server, command, power, profile = row
    return RunDetails(
        sent=sent,
        templated=templated,
        samplers=_decoded("", samplers, list[str]) or [],
        server=server,
        command=command,
        power=_decoded("", power, list[PowerPoint]) or [],
        profile=_decoded("", profile, LaunchProfile) if profile else None,
    )


def _object(run_id: str, text: str | None) -> dict[str, object]:
    return (_decoded(run_id, text, dict[str, object]) if text else None) or {}


def _decoded(run_id: str, text: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as exc:
        _log.warning("a detail of run %s cannot be decoded: %s", run_id, exc)
        return None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _bounded(text: str | None) -> str | None:
    """Lone surrogates, which no file can hold, are replaced."""
    if text is None or len(text) > _MAX_TEXT_CHARS:
        return None
    return text.encode("utf-8", "replace").decode()
