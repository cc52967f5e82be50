"""The checklist of what own machines take (S63)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from steelyard.core.values.decision import Case, DecisionBook, ReadinessItem


def readiness(case: Case, book: DecisionBook) -> list[ReadinessItem]:
    """The book's list; an answer of the case stands before the one in the settings, unanswered is None."""
    return [
        msgspec.structs.replace(item, state=case.readiness.get(item.id, item.state))
        for item in book.readiness
    ]
