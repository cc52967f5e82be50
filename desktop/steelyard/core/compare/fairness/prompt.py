"""Whether all were asked the same, and whether all of it was read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from steelyard.core.base.words import listed
from steelyard.core.compare.fairness.words import MOST_NAMES, WORK
from steelyard.core.values.comparison import NotComparable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.run import Run

_JUDGED_FROM_BYTES = 2000
_MOST_BYTES_PER_TOKEN = 12.0
"""Of any text in any vocabulary: prose has 3 to 5."""
_MANY_BYTES_PER_TOKEN = 5.5
"""More than prose and code have: suspect where another vocabulary counts twice as many tokens."""
_LATIN_BYTES_PER_CHAR = 1.5
"""Of other scripts, one vocabulary may well have half as many tokens as another."""
_NEAR_POWER = 0.97


def different_prompts(runs: list[Run]) -> Iterator[NotComparable]:
    """Columns whose messages differ: in a conversation each goes on from its own answers.

    Where several columns were asked the same, only the others are left out.
    """
    columns: dict[str, set[int]] = {}
    for run in runs:
        if run.state.prompt_digest is not None:
            columns.setdefault(run.state.prompt_digest, set()).add(run.column)
    if len(columns) < 2 or len(set[int]().union(*columns.values())) < 2:
        return
    common = max(columns, key=lambda digest: len(columns[digest]))
    if len(columns[common]) < 2:
        common = None
    detail = _sizes(runs)
    for run in runs:
        if run.state.prompt_digest not in (None, common):
            yield NotComparable(
                run_id=run.id, metrics=WORK, code="different_context", detail=detail, remedy=None
            )


def _sizes(runs: list[Run]) -> str:
    why = "each column goes on from its own answers" if runs[0].turn else "not all were asked the same"
    asked = [run for run in runs if run.usage.prompt_tokens is not None]
    sizes = listed((f"{run.target.name} {run.usage.prompt_tokens:,}" for run in asked), MOST_NAMES)
    return f"{why}, so the prompts differ" + (f" (tokens: {sizes})" if sizes else "")


def truncated(runs: list[Run]) -> Iterator[NotComparable]:
    """Prompts of which a part never reached the model."""
    for run in runs:
        detail = _left_out(run) or _counted_too_few(run, runs)
        if detail:
            yield NotComparable(
                run_id=run.id, metrics=WORK, code="truncated_prompt", detail=detail, remedy=None
            )


def _left_out(run: Run) -> str:
    roles = run.state.template_left_out
    if not roles:
        return ""
    return f"the chat template of this model did not pass on the whole {listed(roles, MOST_NAMES)} message"


def _counted_too_few(run: Run, runs: list[Run]) -> str:
    state, tokens = run.state, _counted(run)
    size = state.prompt_bytes or 0
    if run.target.kind != "api" or not tokens or size < _JUDGED_FROM_BYTES:
        return ""
    others = [
        (count, other.target.name)
        for other in runs
        if other.state.prompt_digest == state.prompt_digest and (count := _counted(other))
    ]
    most, who = max(others)
    is_latin = size <= _LATIN_BYTES_PER_CHAR * (state.prompt_chars or size)
    is_half = is_latin and 2 * tokens < most and size > _MANY_BYTES_PER_TOKEN * tokens
    if not is_half and size <= _MOST_BYTES_PER_TOKEN * tokens:
        return ""
    beside = f", {who} {most:,}" if most > tokens else ""
    return f"only {tokens:,} prompt tokens were counted for {size:,} bytes{beside}{_hint(tokens)}"


def _counted(run: Run) -> int | None:
    return run.usage.prompt_tokens if run.usage.source == "server" else None


def _hint(tokens: int) -> str:
    power = 1 << math.ceil(math.log2(tokens))
    if power < 256 or tokens < _NEAR_POWER * power:
        return ": it was probably cut"
    return f": its context is probably cut at {power:,}"
