"""Every run ever: a row when it starts, its text at least once a second, the whole document at its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.base.units import pico_from_usd, usd_from_text, usd_text
from steelyard.core.values.comparison import ColumnHistory, ComparisonHistory, ComparisonRow, NotComparable
from steelyard.core.values.prompt import Message
from steelyard.core.values.reports import Spending
from steelyard.core.values.run import ErrorInfo, Run

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.comparison import Schedule

_TITLE_CHARS = 80
_CUT_OFF = ErrorInfo(
    title="This run was cut off",
    detail="Steelyard ended while the answer was streaming",
    hint="What had arrived is kept; run it again.",
    retryable=True,
)

_log = logging.getLogger(__name__)


class Ledger:
    """Reads and writes runs and comparisons; money is stored as whole pico-dollars.

    A row may be one that this version cannot decode: another version with the same schema wrote it. It is
    left as it is and passed over; it must not stand in the way of the others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_interrupted(self) -> int:
        """Close the runs that a crash left open; returns how many. Only the engine's owner may call this."""

        def work(connection: Connection) -> int:
            rows = list(connection.execute("SELECT id, document FROM runs WHERE finish_reason IS NULL"))
            for run_id, document in rows:
                connection.execute(
                    "UPDATE runs SET finish_reason = 'interrupted', document = ? WHERE id = ?",
                    (_interrupted(run_id, document), run_id),
                )
            return len(rows)

        return await self._database.call(work)

    async def begin_comparison(
        self,
        comparison_id: str,
        started_at: str,
        prompt: str,
        schedule: Schedule,
        system: str,
        targets: list[str],
    ) -> None:
        """A row for a new comparison; its title is the head of its first prompt."""
        title = " ".join(prompt.split())[:_TITLE_CHARS]
        values = (comparison_id, started_at, title, schedule, system, msgspec.json.encode(targets).decode())

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO comparisons (id, started_at, title, schedule, system, targets)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )

        await self._database.call(work)

    async def add_turn(self, comparison_id: str) -> int:
        """Count a further turn; returns its number from 0.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> int:
            row = connection.execute(
                "UPDATE comparisons SET turns = turns + 1 WHERE id = ? RETURNING turns", (comparison_id,)
            ).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            return int(row[0]) - 1

        return await self._database.call(work)

    async def judge_comparison(self, comparison_id: str, not_comparable: list[NotComparable]) -> None:
        """Store what cannot be compared, beside what earlier turns had."""

        def work(connection: Connection) -> None:
            (old,) = connection.execute(
                "SELECT not_comparable FROM comparisons WHERE id = ?", (comparison_id,)
            ).fetchone()
            merged = [*msgspec.json.decode(old, type=list[msgspec.Raw]), *not_comparable]
            connection.execute(
                "UPDATE comparisons SET not_comparable = ? WHERE id = ?",
                (msgspec.json.encode(merged).decode(), comparison_id),
            )

        await self._database.call(work)

    async def begin_run(self, run: Run, messages: list[Message]) -> None:
        """The row of a run that starts now."""
        values = (
            *(run.id, run.comparison_id, run.turn, run.column, run.started_at),
            *(run.target.name, run.target.kind, run.target.model, run.class_),
            *(msgspec.json.encode(messages).decode("utf-8", "replace"), _encode(run)),
        )

        def work(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO runs (id, comparison_id, turn, position, started_at, target, kind, model, class,"
                " messages, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

        await self._database.call(work)

    async def flush_text(self, run_id: str, text: str, reasoning: str | None) -> None:
        """Keep what has arrived so far."""

        def work(connection: Connection) -> None:
            connection.execute(
                "UPDATE runs SET text = ?, reasoning = ? WHERE id = ?", (text, reasoning, run_id)
            )

        await self._database.call(work)

    async def finish_run(self, run: Run, times: dict[str, Any]) -> None:
        """The final document; `times` are raw stamps of the last attempt in microseconds from its start."""
        usd_pico = None if run.cost.usd is None else pico_from_usd(usd_from_text(run.cost.usd))
        values = (
            *(
                run.finish_reason,
                run.target.model,
                usd_pico,
                run.usage.prompt_tokens,
                run.usage.completion_tokens,
            ),
            *(run.text, run.reasoning, _encode(run), msgspec.json.encode(times).decode(), run.id),
        )

        def work(connection: Connection) -> None:
            connection.execute(
                "UPDATE runs SET finish_reason = ?, model = ?, usd_pico = ?, prompt_tokens = ?,"
                " completion_tokens = ?, text = ?, reasoning = ?, document = ?, times = ? WHERE id = ?",
                values,
            )

        await self._database.call(work)

    async def comparisons(self, limit: int) -> list[ComparisonRow]:
        """The history list, newest first."""

        def work(connection: Connection) -> list[ComparisonRow]:
            rows = connection.execute(
                "SELECT id, started_at, title, targets, turns FROM comparisons"
                " ORDER BY started_at DESC LIMIT ?",
                (limit,),
            )
            return [
                ComparisonRow(
                    id=row[0],
                    started_at=row[1],
                    title=row[2],
                    targets=msgspec.json.decode(row[3], type=list[str]),
                    turns=row[4],
                )
                for row in rows
            ]

        return await self._database.call(work)

    async def comparison(self, comparison_id: str) -> ComparisonHistory:
        """One stored comparison with its runs, column by column, turn by turn.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> tuple[Any, list[Any]]:
            head = connection.execute(
                "SELECT started_at, title, schedule, system, targets, not_comparable"
                " FROM comparisons WHERE id = ?",
                (comparison_id,),
            ).fetchone()
            runs = connection.execute(
                "SELECT id, turn, document, text, reasoning, finish_reason, messages FROM runs"
                " WHERE comparison_id = ? ORDER BY turn, position, id",
                (comparison_id,),
            ).fetchall()
            return head, runs

        head, rows = await self._database.call(work)
        if head is None:
            raise _no_comparison(comparison_id)
        return _history(comparison_id, head, rows)

    async def spending_since(self, started_at: str) -> Spending:
        """What runs since that moment (UTC, ISO 8601) cost; unpriced ones are counted, not guessed."""

        def work(connection: Connection) -> tuple[int | None, int, int]:
            row = connection.execute(
                "SELECT sum(usd_pico), count(*), sum(usd_pico IS NULL) FROM runs"
                " WHERE started_at >= ? AND finish_reason IS NOT NULL",
                (started_at,),
            ).fetchone()
            return row[0], row[1], row[2] or 0

        total, count, unpriced = await self._database.call(work)
        return Spending(today_usd=usd_text(total), runs=count, unpriced_runs=unpriced)


def _history(comparison_id: str, head: Any, rows: list[Any]) -> ComparisonHistory:
    started_at, title, schedule, system, targets, not_comparable = head
    columns: dict[int, list[Run]] = {}
    prompts: dict[int, str] = {}
    for run_id, turn, document, text, reasoning, finish_reason, messages in rows:
        prompts.setdefault(turn, _last_question(run_id, messages))
        if (stored := _decode(run_id, document)) is not None:
            run = msgspec.structs.replace(stored, text=text, reasoning=reasoning, finish_reason=finish_reason)
            columns.setdefault(run.column, []).append(run)
    names = msgspec.json.decode(targets, type=list[str])
    return ComparisonHistory(
        id=comparison_id,
        started_at=started_at,
        title=title,
        schedule=schedule,
        system=system,
        prompts=[prompts[turn] for turn in sorted(prompts)],
        columns=[ColumnHistory(target=name, runs=columns.get(at, [])) for at, name in enumerate(names)],
        not_comparable=_known_exclusions(comparison_id, not_comparable),
    )


def _known_exclusions(comparison_id: str, stored: str) -> list[NotComparable]:
    known: list[NotComparable] = []
    for item in msgspec.json.decode(stored, type=list[msgspec.Raw]):
        try:
            known.append(msgspec.json.decode(item, type=NotComparable))
        except msgspec.DecodeError as exc:
            _log.warning("an exclusion of comparison %s cannot be decoded: %s", comparison_id, exc)
    return known


def _last_question(run_id: str, messages: str) -> str:
    try:
        asked = [m.content for m in msgspec.json.decode(messages, type=list[Message]) if m.role == "user"]
    except msgspec.DecodeError as exc:
        _log.warning("the messages of run %s cannot be decoded: %s", run_id, exc)
        return ""
    return asked[-1] if asked else ""


def _interrupted(run_id: str, document: str) -> str:
    run = _decode(run_id, document)
    if run is None:
        return document
    return _encode(msgspec.structs.replace(run, finish_reason="interrupted", error=_CUT_OFF))


def _encode(run: Run) -> str:
    return msgspec.json.encode(msgspec.structs.replace(run, text="", reasoning=None)).decode()


def _decode(run_id: str, document: str) -> Run | None:
    try:
        return msgspec.json.decode(document, type=Run)
    except msgspec.DecodeError as exc:
        _log.warning("run %s cannot be decoded: %s", run_id, exc)
        return None


def _no_comparison(comparison_id: str) -> AppError:
    return AppError("No such comparison", comparison_id, "It may have been deleted.")
