"""The words of comparisons: the index that they are searched by, and the condition of a search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.store.database import Connection

_MAX_QUERY_WORDS, _MAX_WORD_CHARS = 32, 64
_MAX_WORDS_CHARS = 1 << 20
"""So much of a comparison's texts can be searched."""


def index_words(connection: Connection, comparison_id: str) -> None:
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


def words_condition(query: str) -> tuple[str, str] | None:
    """SQL for comparisons that hold all words of the query, by how they begin, and its value; None: any."""
    if words := [word[:_MAX_WORD_CHARS] for word in re.findall(r"\w+", query)[:_MAX_QUERY_WORDS]]:
        condition = "id IN (SELECT comparison_id FROM comparison_words WHERE comparison_words MATCH ?)"
        return condition, " ".join(f'"{word}"*' for word in words)
    if query.strip():
        return "instr(title, ?) > 0", query.strip()  # signs only, which the index does not hold
    return None
