"""Asks what the next answers of a blind series would cost, a moment after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.values.commands import PreviewCost
from steelyard.ui.pages.compare_estimate import PreviewedCost

if TYPE_CHECKING:
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_blind_series import BlindSeries
    from steelyard.ui.pages.compare_blind_table import BlindTable
    from steelyard.ui.widgets.blind_ask import AskCard


class BlindEstimate(PreviewedCost):
    """Keeps the estimate beside the button up to date."""

    def __init__(self, bridge: Bridge, ask: AskCard, series: BlindSeries, table: BlindTable) -> None:
        super().__init__(bridge, ask)
        self._ask = ask
        self._series = series
        self._table = table

    def command(self) -> PreviewCost | None:
        """The prompt of the card for all targets of the series."""
        setup = self._series.setup
        if self._series.phase == "closed" or not setup.targets or not self._ask.text:
            return None
        chars = len(self._ask.text) + len(setup.system)
        return PreviewCost(targets=setup.targets, prompt_chars=chars, max_tokens=setup.sampling.max_tokens)

    def show_cost(self, preview: CostPreview | None) -> None:
        """For all rows of the table."""
        self._ask.show_estimate(preview, 1 if preview is None else max(1, len(self._table.cases)))
