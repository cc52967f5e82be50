"""What one click does about a metric that cannot be compared. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from steelyard.core.values.comparison import Remedy

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.core.values.run import Run
    from steelyard.ui.pages.compare_turn import Sent

SHARED_SYSTEM = "You are a helpful assistant."
"""What most templates would put in by themselves: said openly, it is the same for all columns."""
_MORE = 4
_MOST_TOKENS = 1 << 20
_LEAST_CONTEXT, _MOST_CONTEXT = 256, 1 << 22
_USUAL_CONTEXT = 8192


@dataclass(frozen=True)
class Cure:
    """A request that would be comparable, and who is to get it.

    `column`: the one that was left out. `all`: every column. `alone`: the columns one by one, so that nothing
    runs beside any of them.
    """

    sent: Sent
    who: Literal["column", "all", "alone"] = "column"


def cure_of(entry: NotComparable, sent: Sent, run: Run | None) -> Cure:
    """What the remedy of an entry asks for; without a known one the same question again."""
    remedy = entry.remedy or ""
    tokens = Remedy.tokens_in(remedy)
    if tokens is not None:
        return Cure(_with_tokens(sent, tokens))
    match remedy:
        case Remedy.WARM:
            return Cure(replace(sent, warm_up=1))
        case Remedy.WITHOUT_CACHE:
            return Cure(replace(sent, cache_prompt=False))
        case Remedy.LESS_CONTEXT:
            return Cure(replace(sent, context_tokens=max(_LEAST_CONTEXT, _context(run) // 2)))
        case Remedy.MORE_CONTEXT:
            return Cure(replace(sent, context_tokens=min(_MOST_CONTEXT, _context(run) * 2)))
        case Remedy.MORE_TOKENS:
            return Cure(_with_tokens(sent, sent.sampling.max_tokens * _MORE), "all")
        case Remedy.MODEL_BY_MODEL:
            return Cure(replace(sent, schedule="model-by-model"), "all")
        case Remedy.ONE_AFTER_ANOTHER:
            return Cure(replace(sent, schedule="model-by-model"), "alone")
        case Remedy.WITH_SYSTEM:
            return Cure(replace(sent, system=sent.system or SHARED_SYSTEM), "all")
        case _:
            return Cure(sent)


def _with_tokens(sent: Sent, tokens: int) -> Sent:
    sampling = msgspec.structs.replace(sent.sampling, max_tokens=min(_MOST_TOKENS, tokens))
    return replace(sent, sampling=sampling)


def _context(run: Run | None) -> int:
    known = run.state.context_tokens if run is not None else None
    return known or _USUAL_CONTEXT
