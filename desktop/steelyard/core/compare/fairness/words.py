"""What the rules share: groups of metrics, and names in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SPEED = ["ttft_ms", "tpot_ms", "gen_tps", "e2e_ms"]
BEGIN_AND_END = ["ttft_ms", "e2e_ms"]
WORK = ["ttft_ms", "e2e_ms", "usd"]
"""What depends on how much there was to read."""
ANSWER_LENGTH = ["e2e_ms", "usd"]
PER_TOKEN = ["tpot_ms", "gen_tps"]

_MOST_NAMES = 4


def listed(names: Iterable[str]) -> str:
    """`a, b and c`; beyond four `a, b, c and 2 more`."""
    each = list(dict.fromkeys(names))
    if len(each) > _MOST_NAMES:
        each = [*each[: _MOST_NAMES - 1], f"{len(each) - _MOST_NAMES + 1} more"]
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}" if each else ""
