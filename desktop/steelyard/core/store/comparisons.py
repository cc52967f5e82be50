"""Stored comparisons: what was asked, every answer to it, what cannot be compared, and the user's marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.store.comparison_removal import remove_comparison
from steelyard.core.store.comparison_rows import (
    SELECT_ANSWERS,
    SELECT_HEAD,
    SELECT_ROW,
    SELECT_RUNS,
    decode_history,
    decode_plan,
    decode_row,
)
from steelyard.core.store.comparison_search import index_words, words_condition
from steelyard.core.store.run_rows import (
    decode_messages,
    keep_data,
    messages_with_data,
    stored_run,
    with_data,
)
from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.comparison import (
        ComparisonHistory,
        ComparisonPlan,
        ComparisonRow,
        NotComparable,
    )
    from steelyard.core.values.prompt import Attachment
    from steelyard.core.values.run import Run

_TITLE_CHARS = 80
_MAX_TAGS, _MAX_TAG_CHARS = 32, 64


class ComparisonStore:
    """Shares the ledger's file. What this version cannot decode is left as it is, and passed over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- writing -------------------------------------------------------------------------------------------

    async def begin(
        self,
        comparison_id: str,
        started_at: str,
        plan: ComparisonPlan,
        targets: list[str],
        ballot_id: str | None = None,
    ) -> None:
        """A row for a new comparison; its title is the head of its prompt. `targets` are shown names."""
        title = " ".join(plan.prompt.split())[:_TITLE_CHARS]

        def work(connection: Connection) -> None:
            kept = msgspec.structs.replace(plan, attachments=keep_data(connection, plan.attachments))
            connection.execute(
                "INSERT INTO comparisons (id, started_at, title, schedule, system, targets, plan, ballot_id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(comparison_id, started_at, title, plan.schedule, plan.system, _json(targets)),
                    *(_json(kept), ballot_id),
                ),
            )
            index_words(connection, comparison_id)

        await self._database.call(work)

    async def deepen(self, comparison_id: str, turn: int, last_column: int) -> None:
        """It has a turn of this number (from 0) now, in columns up to this one.

        Raises:
            AppError: no such comparison, or no such column of it.
        """

        def work(connection: Connection) -> None:
            row = connection.execute(
                "UPDATE comparisons SET turns = max(turns, ?) WHERE id = ?"
                " RETURNING json_array_length(targets)",
                (turn + 1, comparison_id),
            ).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            if last_column >= row[0]:
                raise AppError("No such column", f"this comparison has {row[0]}", "Begin another comparison.")

        await self._database.call(work)

    async def conclude(self, comparison_id: str, judged: list[str], found: list[NotComparable]) -> None:
        """Store what cannot be compared, over what was told of `judged` runs; make its words searchable."""

        def work(connection: Connection) -> None:
            row = connection.execute(
                "SELECT not_comparable FROM comparisons WHERE id = ?", (comparison_id,)
            ).fetchone()
            if row is None:
                return  # it was deleted meanwhile
            others = [
                raw
                for raw in msgspec.json.decode(row[0], type=list[msgspec.Raw])
                if msgspec.json.decode(raw).get("run_id") not in judged
            ]
            connection.execute(
                "UPDATE comparisons SET not_comparable = ? WHERE id = ?",
                (_json([*others, *found]), comparison_id),
            )
            index_words(connection, comparison_id)

        await self._database.call(work)

    async def mark(
        self, comparison_id: str, title: str | None, is_starred: bool | None, tags: list[str] | None
    ) -> ComparisonRow:
        """Change what is not None.

        Raises:
            AppError: no such comparison, or too many tags.
        """
        if tags is not None:
            tags = _clean_tags(tags)
        if title is not None:
            title = " ".join(title.split())[:_TITLE_CHARS]

        def work(connection: Connection) -> ComparisonRow:
            connection.execute(
                "UPDATE comparisons SET title = coalesce(?, title), is_starred = coalesce(?, is_starred),"
                " tags = coalesce(?, tags) WHERE id = ?",
                (title or None, is_starred, None if tags is None else _json(tags), comparison_id),
            )
            row = connection.execute(f"{SELECT_ROW} WHERE id = ?", (comparison_id,)).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            index_words(connection, comparison_id)
            return decode_row(row)

        return await self._database.call(work)

    async def pin(self, run_id: str, *, is_pinned: bool) -> None:
        """Keep an answer, or no longer.

        Raises:
            AppError: no such run.
        """

        def work(connection: Connection) -> None:
            row = connection.execute(
                "UPDATE runs SET is_pinned = ? WHERE id = ? RETURNING id", (is_pinned, run_id)
            ).fetchone()
            if row is None:
                raise _no_run(run_id)

        await self._database.call(work)

    async def remove(self, comparison_id: str) -> None:
        """Delete what was said and what is known of how it was served; figures and costs of the runs stay.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> None:
            if not _exists(connection, comparison_id):
                raise _no_comparison(comparison_id)
            remove_comparison(connection, comparison_id)

        await self._database.call(work)

    # ---- reading -------------------------------------------------------------------------------------------

    async def rows(
        self,
        limit: int,
        query: str = "",
        tag: str = "",
        *,
        only_starred: bool = False,
        before: str | None = None,
    ) -> list[ComparisonRow]:
        """The history list, newest first; see `ListComparisons`."""
        where: list[str] = []
        values: list[Any] = []
        if (found := words_condition(query)) is not None:
            where.append(found[0])
            values.append(found[1])
        if tag:
            where.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)")
            values.append(tag)
        if only_starred:
            where.append("is_starred")
        if before is not None:
            where.append("(started_at, id) < (SELECT started_at, id FROM comparisons WHERE id = ?)")
            values.append(before)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        sql = f"{SELECT_ROW}{condition} ORDER BY started_at DESC, id DESC LIMIT ?"

        def work(connection: Connection) -> list[ComparisonRow]:
            return [decode_row(row) for row in connection.execute(sql, (*values, limit))]

        return await self._database.call(work)

    async def read(self, comparison_id: str) -> ComparisonHistory:
        """One stored comparison with all its answers; the data of images is left out.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> tuple[Any, list[Any], ComparisonRow]:
            head = connection.execute(f"{SELECT_HEAD} WHERE id = ?", (comparison_id,)).fetchone()
            if head is None:
                raise _no_comparison(comparison_id)
            runs = connection.execute(
                f"{SELECT_ANSWERS} WHERE comparison_id = ? ORDER BY id", (comparison_id,)
            ).fetchall()
            row = connection.execute(f"{SELECT_ROW} WHERE id = ?", (comparison_id,)).fetchone()
            return head, runs, decode_row(row)

        head, runs, row = await self._database.call(work)
        return decode_history(comparison_id, head, runs, row.missing_runs)

    async def plan(self, comparison_id: str) -> ComparisonPlan | None:
        """What was asked in its first turn, images included; None where an earlier version did not keep it.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> ComparisonPlan | None:
            row = connection.execute("SELECT plan FROM comparisons WHERE id = ?", (comparison_id,)).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            plan = decode_plan(comparison_id, row[0])
            if plan is None:
                return None
            return msgspec.structs.replace(plan, attachments=with_data(connection, plan.attachments))

        return await self._database.call(work)

    async def with_images(self, attachments: list[Attachment]) -> list[Attachment]:
        """The same with the data of images that went with an earlier prompt."""
        if all(one.data is not None or one.kind != "image" for one in attachments):
            return attachments
        return await self._database.call(lambda connection: with_data(connection, attachments))

    async def conversation(
        self, comparison_id: str, column: int, run_id: str, names: set[str]
    ) -> tuple[int, list[Message]]:
        """The turn that follows on this answer, and all that was said up to it, without the system prompt.

        A turn that brought no text, such as a tool call, is left out with its question. `names`: what the
        target that is to go on from it is called.

        Raises:
            AppError: it is no answer of this column of this comparison, or another target gave it.
        """

        def work(connection: Connection) -> tuple[int, list[Message]]:
            row = connection.execute(
                "SELECT turn, messages, text, target FROM runs"
                " WHERE id = ? AND comparison_id = ? AND position = ?",
                (run_id, comparison_id, column),
            ).fetchone()
            if row is None:
                raise _no_run(run_id)
            turn, stored, text, target = row
            if target not in names:
                raise AppError(
                    "This answer is of another target",
                    f"{target} gave it, and {' or '.join(sorted(names))} would be told",
                    "Begin a new comparison.",
                )
            said = [one for one in decode_messages(run_id, stored) if one.role != "system"]
            said = messages_with_data(connection, said)
            if text.strip():
                return turn + 1, [*said, Message(role="assistant", content=text)]
            return turn + 1, said[:-1]

        return await self._database.call(work)

    async def runs(self, comparison_id: str, turn: int) -> list[Run]:
        """All runs of a turn, in the order in which they began."""

        def work(connection: Connection) -> list[Run]:
            rows = connection.execute(
                f"{SELECT_RUNS} WHERE comparison_id = ? AND turn = ? ORDER BY id", (comparison_id, turn)
            )
            return [run for row in rows if (run := stored_run(*row)) is not None]

        return await self._database.call(work)


def _exists(connection: Connection, comparison_id: str) -> bool:
    row = connection.execute("SELECT 1 FROM comparisons WHERE id = ?", (comparison_id,)).fetchone()
    return row is not None


def _clean_tags(tags: list[str]) -> list[str]:
    clean = list(dict.fromkeys(word for tag in tags if (word := " ".join(tag.split()))))
    if len(clean) > _MAX_TAGS or any(len(tag) > _MAX_TAG_CHARS for tag in clean):
        raise AppError(
            "Too many tags", f"{len(clean)} tags", f"At most {_MAX_TAGS} of {_MAX_TAG_CHARS} characters each."
        )
    return clean


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")


def _no_comparison(comparison_id: str) -> AppError:
    return AppError("No such comparison", comparison_id, "It may have been deleted.")


def _no_run(run_id: str) -> AppError:
    return AppError("No such answer", run_id, "It may have been deleted, or belongs to another comparison.")
