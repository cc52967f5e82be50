"""Every run ever: a row when it starts, its text at least once a second, the whole document at its end.

What belongs to comparisons is in `comparisons.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.units import pico_from_usd, usd_from_text, usd_text
from steelyard.core.store.cost_sums import USD_SUMS, pico_of, settle_days
from steelyard.core.store.run_rows import decode_run, encode_run, messages_without_data
from steelyard.core.values.reports import Spending
from steelyard.core.values.run import ErrorInfo

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.prompt import Message
    from steelyard.core.values.run import Run

_CUT_OFF = ErrorInfo(
    title="This run was cut off",
    detail="Steelyard ended while the answer was streaming",
    hint="What had arrived is kept; run it again.",
    retryable=True,
)


class Ledger:
    """Reads and writes runs; money is stored as whole pico-dollars.

    A row may be one that this version cannot decode: another version with the same schema wrote it. It is
    left as it is and passed over; it must not stand in the way of the others.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_interrupted(self) -> int:
        """Close the runs that a crash left open; returns how many. Only the engine's owner may call this."""

        def work(connection: Connection) -> int:
            settle_days(connection)
            rows = list(connection.execute("SELECT id, document FROM runs WHERE finish_reason IS NULL"))
            for run_id, document in rows:
                connection.execute(
                    "UPDATE runs SET finish_reason = 'interrupted', document = ? WHERE id = ?",
                    (_interrupted(run_id, document), run_id),
                )
            return len(rows)

        return await self._database.call(work)

    async def begin_run(self, run: Run, messages: list[Message]) -> None:
        """The row of a run that starts now."""
        values = (
            *(run.id, run.comparison_id, run.turn, run.column, run.case, run.repeat, run.started_at),
            *(run.target.name, run.target.kind, run.target.model, run.class_, encode_run(run)),
        )

        def work(connection: Connection) -> None:
            asked = msgspec.json.encode(messages_without_data(connection, messages))
            connection.execute(
                "INSERT INTO runs (id, comparison_id, turn, position, case_number, repeat_number, started_at,"
                " target, kind, model, class, document, messages)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, asked.decode("utf-8", "replace")),
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
            *(run.text, run.reasoning, encode_run(run), msgspec.json.encode(times).decode(), run.id),
        )

        def work(connection: Connection) -> None:
            connection.execute(
                "UPDATE runs SET finish_reason = ?, model = ?, usd_pico = ?, prompt_tokens = ?,"
                " completion_tokens = ?, text = ?, reasoning = ?, document = ?, times = ? WHERE id = ?",
                values,
            )

        await self._database.call(work)

    async def amend(self, run: Run) -> None:
        """Store what was learned of a finished run afterwards; its texts, money and stamps stay as they
        are.
        """

        def work(connection: Connection) -> None:
            connection.execute("UPDATE runs SET document = ? WHERE id = ?", (encode_run(run), run.id))

        await self._database.call(work)

    async def typical_ms(self, target: str) -> float | None:
        """Median total time of this target's last answers, ms; None if it never answered."""

        def work(connection: Connection) -> list[float]:
            rows = connection.execute(
                "SELECT e2e_ms FROM run_figures WHERE target = ? AND e2e_ms IS NOT NULL"
                " ORDER BY started_at DESC LIMIT 20",
                (target,),
            )
            return sorted(row[0] for row in rows)

        times = await self._database.call(work)
        return times[len(times) // 2] if times else None

    async def spending_since(self, started_at: str) -> Spending:
        """What runs since that moment (UTC, ISO 8601) cost; unpriced ones are counted, not guessed."""

        def work(connection: Connection) -> tuple[int | None, int, int]:
            row = connection.execute(
                f"SELECT {USD_SUMS}, count(*), sum(usd_pico IS NULL) FROM runs"
                " WHERE started_at >= ? AND finish_reason IS NOT NULL",
                (started_at,),
            ).fetchone()
            return pico_of(row[0], row[1]), row[2], row[3] or 0

        total, count, unpriced = await self._database.call(work)
        return Spending(today_usd=usd_text(total), runs=count, unpriced_runs=unpriced)


def _interrupted(run_id: str, document: str) -> str:
    run = decode_run(run_id, document)
    if run is None:
        return document
    return encode_run(msgspec.structs.replace(run, finish_reason="interrupted", error=_CUT_OFF))
