"""Whether the tokens of all columns are the same units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.compare.fairness.words import PER_TOKEN
from steelyard.core.values.comparison import NotComparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.run import Run

_SAME_TOKENS, _SAME_SHARE = 2, 0.02
"""A count of the same vocabulary differs by an end mark, or where a text can be cut in two ways."""
_MOST_SIDES = 6


def tokenizer_differs(runs: list[Run]) -> Iterator[NotComparable]:
    """Figures per token of all, where it is known that a token is not the same for all of them."""
    local = {run.state.tokenizer for run in runs if run.state.tokenizer is not None}
    is_known = len(local) > 1 or any(_is_recounted_otherwise(run) for run in runs)
    if not is_known:
        return
    detail = f"a token is not the same piece of text for all: {_sides(runs)}"
    for run in runs:
        yield NotComparable(
            run_id=run.id, metrics=PER_TOKEN, code="tokenizer_differs", detail=detail, remedy=None
        )


def visible_tokens(run: Run) -> int | None:
    """Tokens of what was shown: an API's count without the reasoning that it kept to itself."""
    written = run.usage.completion_tokens
    if written is None or run.usage.source != "server":
        return None
    hidden = 0 if run.reasoning else run.usage.reasoning_tokens or 0
    return max(0, written - hidden)


def _is_recounted_otherwise(run: Run) -> bool:
    counted, visible = run.state.recount_tokens, visible_tokens(run)
    if counted is None or visible is None:
        return False
    return abs(counted - visible) > max(_SAME_TOKENS, _SAME_SHARE * visible)


def _sides(runs: list[Run]) -> str:
    """Each target's own count, for an API also the local one of the same text, and the length of the text."""
    sides: dict[str, str] = {}
    for run in runs:
        visible = visible_tokens(run)
        if visible is None or run.target.name in sides:
            continue
        counted = run.state.recount_tokens
        recount = "" if counted is None else f" ({counted:,} in the local vocabulary)"
        chars = len(run.text) + len(run.reasoning or "")
        sides[run.target.name] = f"{run.target.name} {visible:,} tokens{recount} for {chars:,} characters"
    each = list(sides.values())
    return "; ".join([*each[:_MOST_SIDES], *(["…"] if len(each) > _MOST_SIDES else [])])
