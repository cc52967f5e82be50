"""Words that a chat template put in beside the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.comparison import NotComparable, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.run import Run

_QUOTED_WORDS = 12


def words_added(runs: list[Run]) -> Iterator[NotComparable]:
    """Templates that added words which those of other columns did not add. An API's is not known."""
    known = [run for run in runs if run.state.template_added is not None]
    for run in known:
        added = run.state.template_added
        others = {other.state.template_added for other in known if other.column != run.column}
        if added and others - {added}:
            yield NotComparable(
                run_id=run.id,
                metrics=["ttft_ms"],
                code="different_context",
                detail=f"its chat template added words of its own: “{_first_words(added)}”",
                remedy=None if run.state.has_system else Remedy.WITH_SYSTEM,
            )


def _first_words(text: str) -> str:
    words = text.split()
    return " ".join(words[:_QUOTED_WORDS]) + (" …" if len(words) > _QUOTED_WORDS else "")
