"""Stored comparisons: what was asked, every answer to it, what cannot be compared, and the user's marks."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.core.base.errors import AppError
from steelyard.core.store.run_rows import (
    decode_messages,
    decode_run,
    keep_data,
    messages_with_data,
    with_data,
)
from steelyard.core.values.comparison import (
    Answer,
    ColumnHistory,
    ComparisonHistory,
    ComparisonPlan,
    ComparisonRow,
    NotComparable,
)
from steelyard.core.values.prompt import Message

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection, Database
    from steelyard.core.values.run import Run

_TITLE_CHARS = 80
_MAX_TAGS, _MAX_TAG_CHARS = 32, 64
_MAX_WORDS_CHARS = 1 << 20
"""So much of a comparison's texts can be searched."""
_FINISHED = "('stop', 'length', 'tool_calls', 'content_filter', 'error')"
_ROW = f"""
    SELECT id, started_at, title, targets, turns, tags, is_starred,
        coalesce(json_array_length(plan, '$.cases'), 0),
        (SELECT count(*) FROM runs WHERE comparison_id = comparisons.id),
        json_array_length(targets) * max(1, coalesce(json_array_length(plan, '$.cases'), 0))
            * coalesce(plan ->> '$.repeat', 1),
        (SELECT count(DISTINCT position || '.' || case_number || '.' || repeat_number) FROM runs
            WHERE comparison_id = comparisons.id AND turn = 0 AND finish_reason IN {_FINISHED}),
        (SELECT count(*) FROM votes WHERE comparison_id = comparisons.id AND state = 'voted'),
        plan IS NOT NULL
    FROM comparisons
"""

_log = logging.getLogger(__name__)


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
            _index(connection, comparison_id)

        await self._database.call(work)

    async def deepen(self, comparison_id: str, turn: int) -> None:
        """It has a turn of this number (from 0) now.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> None:
            row = connection.execute(
                "UPDATE comparisons SET turns = max(turns, ?) WHERE id = ? RETURNING id",
                (turn + 1, comparison_id),
            ).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)

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
            _index(connection, comparison_id)

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
            row = connection.execute(f"{_ROW} WHERE id = ?", (comparison_id,)).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            _index(connection, comparison_id)
            return _row(row)

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
            images = _images_of(connection, comparison_id)
            connection.execute("DELETE FROM comparison_words WHERE comparison_id = ?", (comparison_id,))
            connection.execute(
                "DELETE FROM run_details WHERE run_id IN (SELECT id FROM runs WHERE comparison_id = ?)",
                (comparison_id,),
            )
            runs = connection.execute(
                "SELECT id, document FROM runs WHERE comparison_id = ?", (comparison_id,)
            ).fetchall()
            for run_id, document in runs:
                connection.execute(
                    "UPDATE runs SET text = '', reasoning = NULL, messages = '[]', comparison_id = NULL,"
                    " document = ? WHERE id = ?",
                    (_silent(run_id, document), run_id),
                )
            connection.execute("DELETE FROM comparisons WHERE id = ?", (comparison_id,))
            for sha256 in images:
                _forget_unused(connection, sha256)

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
        if words := re.findall(r"\w+", query):
            where.append("id IN (SELECT comparison_id FROM comparison_words WHERE comparison_words MATCH ?)")
            values.append(" ".join(f'"{word}"*' for word in words))
        elif query.strip():
            where.append("instr(title, ?) > 0")  # signs only, which the index does not hold
            values.append(query.strip())
        if tag:
            where.append("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)")
            values.append(tag)
        if only_starred:
            where.append("is_starred")
        if before is not None:
            where.append("(started_at, id) < (SELECT started_at, id FROM comparisons WHERE id = ?)")
            values.append(before)
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        sql = f"{_ROW}{condition} ORDER BY started_at DESC, id DESC LIMIT ?"

        def work(connection: Connection) -> list[ComparisonRow]:
            return [_row(row) for row in connection.execute(sql, (*values, limit))]

        return await self._database.call(work)

    async def read(self, comparison_id: str) -> ComparisonHistory:
        """One stored comparison with all its answers; the data of images is left out.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> tuple[Any, list[Any], ComparisonRow]:
            head = connection.execute(
                "SELECT started_at, title, schedule, system, targets, not_comparable, plan, tags, is_starred,"
                " ballot_id FROM comparisons WHERE id = ?",
                (comparison_id,),
            ).fetchone()
            if head is None:
                raise _no_comparison(comparison_id)
            runs = connection.execute(
                "SELECT id, document, text, reasoning, finish_reason, messages, is_pinned FROM runs"
                " WHERE comparison_id = ? ORDER BY id",
                (comparison_id,),
            ).fetchall()
            row = connection.execute(f"{_ROW} WHERE id = ?", (comparison_id,)).fetchone()
            return head, runs, _row(row)

        head, runs, row = await self._database.call(work)
        return _history(comparison_id, head, runs, row.missing_runs)

    async def plan(self, comparison_id: str) -> ComparisonPlan | None:
        """What was asked in its first turn, images included; None where an earlier version did not keep it.

        Raises:
            AppError: no such comparison.
        """

        def work(connection: Connection) -> ComparisonPlan | None:
            row = connection.execute("SELECT plan FROM comparisons WHERE id = ?", (comparison_id,)).fetchone()
            if row is None:
                raise _no_comparison(comparison_id)
            plan = _plan(comparison_id, row[0])
            if plan is None:
                return None
            return msgspec.structs.replace(plan, attachments=with_data(connection, plan.attachments))

        return await self._database.call(work)

    async def conversation(self, comparison_id: str, column: int, run_id: str) -> tuple[int, list[Message]]:
        """The turn that follows on this answer, and all that was said up to it, without the system prompt.

        A turn that brought no text, such as a tool call, is left out with its question.

        Raises:
            AppError: it is no answer of this column of this comparison.
        """

        def work(connection: Connection) -> tuple[int, list[Message]]:
            row = connection.execute(
                "SELECT turn, messages, text FROM runs WHERE id = ? AND comparison_id = ? AND position = ?",
                (run_id, comparison_id, column),
            ).fetchone()
            if row is None:
                raise _no_run(run_id)
            turn, stored, text = row
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
                "SELECT id, document, text, reasoning, finish_reason FROM runs"
                " WHERE comparison_id = ? AND turn = ? ORDER BY id",
                (comparison_id, turn),
            )
            return [run for row in rows if (run := _run(*row)) is not None]

        return await self._database.call(work)

    async def answer_text(self, run_id: str) -> str:
        """The text of one answer.

        Raises:
            AppError: no such run.
        """

        def work(connection: Connection) -> str:
            row = connection.execute("SELECT text FROM runs WHERE id = ?", (run_id,)).fetchone()
            if row is None:
                raise _no_run(run_id)
            return str(row[0])

        return await self._database.call(work)


def _row(row: Any) -> ComparisonRow:
    (
        id_,
        started_at,
        title,
        targets,
        turns,
        tags,
        is_starred,
        cases,
        runs,
        planned,
        done,
        votes,
        has_plan,
    ) = row
    return ComparisonRow(
        id=id_,
        started_at=started_at,
        title=title,
        targets=msgspec.json.decode(targets, type=list[str]),
        turns=turns,
        tags=msgspec.json.decode(tags, type=list[str]),
        is_starred=bool(is_starred),
        cases=cases,
        runs=runs,
        missing_runs=max(0, planned - done) if has_plan else 0,
        votes=votes,
    )


def _history(comparison_id: str, head: Any, rows: list[Any], missing_runs: int) -> ComparisonHistory:
    started_at, title, schedule, system, targets, not_comparable, plan, tags, is_starred, ballot_id = head
    columns: dict[int, list[Answer]] = {}
    for run_id, document, text, reasoning, finish_reason, messages, is_pinned in rows:
        run = _run(run_id, document, text, reasoning, finish_reason)
        if run is None:
            continue
        asked = [one for one in decode_messages(run_id, messages) if one.role == "user"]
        question = asked[-1] if asked else Message(role="user", content="")
        answer = Answer(run=run, question=question, is_pinned=bool(is_pinned))
        columns.setdefault(run.column, []).append(answer)
    names = msgspec.json.decode(targets, type=list[str])
    return ComparisonHistory(
        id=comparison_id,
        started_at=started_at,
        title=title,
        schedule=schedule,
        system=system,
        columns=[ColumnHistory(target=name, answers=columns.get(at, [])) for at, name in enumerate(names)],
        not_comparable=_known_exclusions(comparison_id, not_comparable),
        plan=_plan(comparison_id, plan),
        tags=msgspec.json.decode(tags, type=list[str]),
        is_starred=bool(is_starred),
        missing_runs=missing_runs,
        ballot_id=ballot_id,
    )


def _run(run_id: str, document: str, text: str, reasoning: str | None, finish_reason: Any) -> Run | None:
    run = decode_run(run_id, document)
    if run is None:
        return None
    return msgspec.structs.replace(run, text=text, reasoning=reasoning, finish_reason=finish_reason)


def _silent(run_id: str, document: str) -> str:
    """The document without anything that was said."""
    run = decode_run(run_id, document)
    if run is None:
        return "{}"
    params = {name: value for name, value in run.params.items() if name in ("max_tokens", "temperature")}
    silent = msgspec.structs.replace(
        run,
        **{"text": "", "reasoning": None, "tool_calls": None, "structured": None, "tags": {}},
        **{"comparison_id": None, "parent_id": None, "params": params, "raw": {}},
        state=msgspec.structs.replace(run.state, template_added=None),
        error=None if run.error is None else msgspec.structs.replace(run.error, detail=""),
    )
    return msgspec.json.encode(silent).decode()


def _index(connection: Connection, comparison_id: str) -> None:
    """Make its words searchable: title, tags, targets, what was asked and what was answered."""
    connection.execute("DELETE FROM comparison_words WHERE comparison_id = ?", (comparison_id,))
    head = connection.execute(
        "SELECT title, tags, targets, system, plan ->> '$.prompt' FROM comparisons WHERE id = ?",
        (comparison_id,),
    ).fetchone()
    said = connection.execute(
        "SELECT CASE WHEN json_valid(messages) THEN messages ->> '$[#-1].content' END, text FROM runs"
        " WHERE comparison_id = ? ORDER BY id",
        (comparison_id,),
    )
    words = [str(part) for part in head if part]
    size = sum(map(len, words))
    seen: set[str] = set()
    for row in said:
        for part in row:
            if part and part not in seen and size < _MAX_WORDS_CHARS:
                seen.add(part)
                words.append(part[: _MAX_WORDS_CHARS - size])
                size += len(words[-1])
    connection.execute(
        "INSERT INTO comparison_words (comparison_id, words) VALUES (?, ?)", (comparison_id, "\n".join(words))
    )


def _exists(connection: Connection, comparison_id: str) -> bool:
    row = connection.execute("SELECT 1 FROM comparisons WHERE id = ?", (comparison_id,)).fetchone()
    return row is not None


def _images_of(connection: Connection, comparison_id: str) -> list[str]:
    rows = connection.execute(
        "SELECT sha256 FROM attachments WHERE EXISTS"
        " (SELECT 1 FROM runs WHERE comparison_id = ?1 AND instr(messages, sha256) > 0)"
        " OR EXISTS (SELECT 1 FROM comparisons WHERE id = ?1 AND instr(plan, sha256) > 0)",
        (comparison_id,),
    )
    return [row[0] for row in rows]


def _forget_unused(connection: Connection, sha256: str) -> None:
    connection.execute(
        "DELETE FROM attachments WHERE sha256 = ?1"
        " AND NOT EXISTS (SELECT 1 FROM runs WHERE instr(messages, ?1) > 0)"
        " AND NOT EXISTS (SELECT 1 FROM comparisons WHERE instr(plan, ?1) > 0)",
        (sha256,),
    )


def _known_exclusions(comparison_id: str, stored: str) -> list[NotComparable]:
    known: list[NotComparable] = []
    for item in msgspec.json.decode(stored, type=list[msgspec.Raw]):
        try:
            known.append(msgspec.json.decode(item, type=NotComparable))
        except msgspec.DecodeError as exc:
            _log.warning("an exclusion of comparison %s cannot be decoded: %s", comparison_id, exc)
    return known


def _plan(comparison_id: str, stored: str | None) -> ComparisonPlan | None:
    if stored is None:
        return None
    try:
        return msgspec.json.decode(stored, type=ComparisonPlan)
    except msgspec.DecodeError as exc:
        _log.warning("the plan of comparison %s cannot be decoded: %s", comparison_id, exc)
        return None


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
