"""What the history says of a stored comparison. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steelyard.core.values.comparison import ComparisonRow

MAX_TAGS = 12
MAX_TAG_CHARS = 40


def title_of(row: ComparisonRow) -> str:
    """One line."""
    return " ".join(row.title.split()) or "(empty prompt)"


def about(row: ComparisonRow) -> str:
    """Targets, and how much there is."""
    parts = [", ".join(row.targets)]
    if row.cases > 1:
        parts.append(f"{row.cases:,} rows")
    if row.turns > 1:
        parts.append(f"{row.turns} turns")
    if row.votes:
        parts.append(counted(row.votes, "vote"))
    return " · ".join(parts)


def interrupted(row: ComparisonRow) -> str:
    """How far it got, or what failed for a moment; empty when there is nothing to make up for."""
    if not row.missing_runs:
        return f"{row.failed_runs:,} of {row.planned_runs:,} failed" if row.failed_runs else ""
    return f"interrupted, {row.planned_runs - row.missing_runs:,} of {row.planned_runs:,} done"


def what_stays(row: ComparisonRow) -> str:
    """What deleting takes and what it leaves."""
    stays = f"Figures and costs of its {counted(row.runs, 'run')} stay in the ledger, without what was said"
    votes = f"; so {'does' if row.votes == 1 else 'do'} {counted(row.votes, 'vote')}" if row.votes else ""
    return f"Its prompts and answers are deleted for good. {stays}{votes}."


def tags_of(text: str) -> list[str]:
    """Tags as typed, with commas or blanks between them; each once, in order."""
    words = [word.strip()[:MAX_TAG_CHARS] for word in text.replace(",", " ").split()]
    return list(dict.fromkeys(word for word in words if word))[:MAX_TAGS]


def counted(n: int, word: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"
