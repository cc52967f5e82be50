"""How long the answers were allowed to be, and which were cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.compare.fairness.words import ANSWER_LENGTH
from steelyard.core.values.comparison import NotComparable, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from steelyard.core.values.run import Run

_SLACK_TOKENS, _SLACK_SHARE = 8, 1.05
"""Some count the end mark, or a token or two of the frame."""
_ROUND_TO = 128


def context_full(runs: list[Run]) -> Iterator[NotComparable]:
    """Answers that ended where the context did, not where they were told to."""
    cut = [run for run in runs if _is_context_full(run)]
    if len(cut) == len(runs) and len({run.usage.completion_tokens for run in runs}) == 1:
        return
    for run in cut:
        yield NotComparable(
            run_id=run.id,
            metrics=ANSWER_LENGTH,
            code="different_context",
            detail=f"the answer was cut after {run.usage.completion_tokens:,} of {_allowed(run):,} tokens: "
            f"the context of {run.state.context_tokens:,} was full",
            remedy=Remedy.MORE_CONTEXT,
        )


def different_max_tokens(runs: list[Run]) -> Iterator[NotComparable]:
    """Answers that were allowed less than others, and those of targets that did not keep to it."""
    allowed = [tokens for run in runs if (tokens := _allowed(run)) is not None]
    most = max(allowed, default=0)
    for run in runs:
        tokens, written = _allowed(run), run.usage.completion_tokens
        if tokens is None:
            continue
        if tokens < most:
            yield _other_limit(
                run, f"at most {tokens:,} tokens were asked for, of others {most:,}", Remedy.with_tokens(most)
            )
        elif (
            written is not None
            and run.usage.source == "server"
            and written > tokens * _SLACK_SHARE + _SLACK_TOKENS
        ):
            enough = -(-written // _ROUND_TO) * _ROUND_TO
            detail = f"{written:,} tokens were written although only {tokens:,} were allowed"
            yield _other_limit(run, detail, Remedy.with_tokens(enough))


def finish_length(runs: list[Run]) -> Iterator[NotComparable]:
    """Answers that were cut at their limit while others came to an end."""
    cut = [run for run in runs if run.finish_reason == "length" and not _is_context_full(run)]
    if len(cut) == len(runs):
        return
    for run in cut:
        yield NotComparable(
            run_id=run.id,
            metrics=ANSWER_LENGTH,
            code="finish_length",
            detail=f"the answer was cut at {_cut_at(run)}, others ended by themselves",
            remedy=None if _has_own_limit(run) else Remedy.MORE_TOKENS,
        )


def _is_context_full(run: Run) -> bool:
    """Only of a context whose size is known: an API may have a limit of its own for answers."""
    allowed, usage, context = _allowed(run), run.usage, run.state.context_tokens
    if run.finish_reason != "length" or allowed is None or context is None:
        return False
    written, asked = usage.completion_tokens, usage.prompt_tokens
    if written is None or asked is None or written >= allowed:
        return False
    return asked + written >= context - _SLACK_TOKENS


def _other_limit(run: Run, detail: str, remedy: str) -> NotComparable:
    return NotComparable(
        run_id=run.id, metrics=ANSWER_LENGTH, code="different_max_tokens", detail=detail, remedy=remedy
    )


def _allowed(run: Run) -> int | None:
    tokens = run.params.get("max_tokens")
    return tokens if isinstance(tokens, int) else None


def _cut_at(run: Run) -> str:
    if _has_own_limit(run):
        return f"{run.usage.completion_tokens:,} tokens, the API's own limit"
    allowed = _allowed(run)
    return "its limit" if allowed is None else f"{allowed:,} tokens"


def _has_own_limit(run: Run) -> bool:
    """An API that cut its answer clearly below what it was allowed."""
    allowed, written = _allowed(run), run.usage.completion_tokens
    if run.target.kind != "api" or run.usage.source != "server" or allowed is None or written is None:
        return False
    return written * _SLACK_SHARE + _SLACK_TOKENS < allowed
