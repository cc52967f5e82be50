"""Which candidates a screening leaves for the rounds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.bench.candidates import combined
from steelyard.core.bench.trials import Trial, log_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.weights import WeightsRow

MOST_FINALISTS = 3
_WORTH_A_ROUND = 0.02
"""Log of the time ratio up to which something slower in the screening still gets its rounds."""
_BETTER = -0.005


def finalists_of(row: WeightsRow, trials: Sequence[Trial], baseline: Trial) -> list[Trial]:
    """The fastest settings, the best of several together as a new trial, and the fastest quant."""
    ratios = [
        (ratio, trial)
        for trial in trials
        if trial.screened and not trial.failed and (ratio := log_ratio(trial, baseline)) is not None
    ]
    ratios.sort(key=lambda pair: pair[0])
    settings = [(ratio, trial) for ratio, trial in ratios if trial.candidate.can_be_kept]
    finalists = [trial for ratio, trial in settings if ratio <= _WORTH_A_ROUND][:MOST_FINALISTS]
    together = combined(row, (trial.candidate for ratio, trial in settings if ratio < _BETTER))
    if together is not None:
        finalists = [*finalists[: MOST_FINALISTS - 1], Trial(together)]
    quants = [trial for _, trial in ratios if trial.candidate.axis == "quant"]
    return [*finalists, *quants[:1]]
