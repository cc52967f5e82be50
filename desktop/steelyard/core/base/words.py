"""Names in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def listed(names: Iterable[str], most: int | None = None) -> str:
    """`a, b and c`, each once; with `most` 4 and six of them `a, b, c and 3 more`. Empty of none."""
    each = list(dict.fromkeys(names))
    if most is not None and len(each) > most:
        each = [*each[: most - 1], f"{len(each) - most + 1} more"]
    return " and ".join([", ".join(each[:-1]), each[-1]] if len(each) > 1 else each)
