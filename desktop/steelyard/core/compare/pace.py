"""How long a comparison will still take: from its own runs so far, and from earlier ones of the same
targets.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.compare.plan import Plan


class Pace:
    """Counts runs. `typical_ms`: by column, what earlier runs of that target took; missing where it never
    ran.
    """

    def __init__(self, plan: Plan, taking_turns: list[int], typical_ms: dict[int, float]) -> None:
        self._left = {column.at: len(column.steps) for column in plan.columns}
        self._taking_turns = set(taking_turns)
        self._typical = typical_ms
        self._seen: dict[int, list[float]] = {}
        self.total = plan.total

    @property
    def done(self) -> int:
        """Runs that are over."""
        return self.total - sum(self._left.values())

    def ran(self, column: int, took_ms: float) -> None:
        """A run of this column is over; `took_ms` with everything that it waited for, but without loading."""
        self._left[column] -= 1
        self._seen.setdefault(column, []).append(took_ms)

    def eta_s(self) -> float | None:
        """Until the last run is over; None while the speed of a target is not known.

        Columns that take turns add up, the others run beside them.
        """
        lanes: list[float] = []
        in_turn = 0.0
        for column, left in self._left.items():
            if not left:
                continue
            took = self._took_ms(column)
            if took is None:
                return None
            if column in self._taking_turns:
                in_turn += left * took
            else:
                lanes.append(left * took)
        return max([in_turn, *lanes]) / 1000

    def _took_ms(self, column: int) -> float | None:
        seen = self._seen.get(column)
        return median(seen) if seen else self._typical.get(column)
