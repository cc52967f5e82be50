"""What one click does about a metric that cannot be compared. No Qt here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.pages.compare_state import Sent

_MORE = 4
_MOST_TOKENS = 1 << 20


def remedied(entry: NotComparable, sent: Sent) -> Sent | None:
    """The request for all columns that would be comparable; None when rerunning the one column is enough."""
    match entry.code:
        case "other_local_load":
            return replace(sent, schedule="model-by-model")
        case "finish_length":
            tokens = min(_MOST_TOKENS, sent.sampling.max_tokens * _MORE)
            return replace(sent, sampling=msgspec.structs.replace(sent.sampling, max_tokens=tokens))
        case _:
            return None
