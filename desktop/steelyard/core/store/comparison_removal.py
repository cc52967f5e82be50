"""Deleting a comparison: figures and costs of its runs stay, nothing that was said does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from steelyard.core.store.run_rows import decode_run

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection


def remove_comparison(connection: Connection, comparison_id: str) -> None:
    """Its row, its words, how its runs were served, and images that nothing else holds are gone after it."""
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
