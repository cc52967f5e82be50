"""Which single metrics of which runs cannot be compared, and why. What is not named here is comparable.

Every rule is a small function of the rows in a module of its own kind beside this one. A rule marks what is
known to be unfair; what is not known is not marked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.compare.fairness import alone, length, load, prompt, template, tokens

if TYPE_CHECKING:
    from steelyard.core.values.comparison import NotComparable, Schedule
    from steelyard.core.values.run import Run


def judge_all(runs: list[Run], schedule: Schedule) -> list[NotComparable]:
    """Exclusions for all runs of a comparison: those of one turn and case are compared with each other."""
    cohorts: dict[tuple[int, int], list[Run]] = {}
    for run in runs:
        cohorts.setdefault((run.turn, run.case), []).append(run)
    return [found for cohort in cohorts.values() for found in judge(cohort, schedule)]


def judge(runs: list[Run], schedule: Schedule) -> list[NotComparable]:
    """Exclusions for one cohort; runs that failed have nothing to compare and are not judged."""
    answered = [
        run for run in runs if run.error is None and run.finish_reason not in ("cancelled", "interrupted")
    ]
    found: list[NotComparable] = []
    for run in answered:
        found += alone.of_one(run)
    found += load.other_local_load(answered, schedule)
    found += prompt.different_prompts(answered)
    found += prompt.truncated(answered)
    found += template.words_added(answered)
    found += length.context_full(answered)
    found += length.different_max_tokens(answered)
    found += length.finish_length(answered)
    found += tokens.tokenizer_differs(answered)
    return found
