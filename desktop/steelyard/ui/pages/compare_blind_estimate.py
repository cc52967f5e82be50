"""Asks what the next answers of a blind series would cost, a moment after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from steelyard.core.values.commands import PreviewCost
from steelyard.ui.pages.compare_estimate import SETTLE_MS

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_blind_series import BlindSeries
    from steelyard.ui.pages.compare_blind_table import BlindTable
    from steelyard.ui.widgets.blind_ask import AskCard


class BlindEstimate(QObject):
    """Keeps the estimate beside the button up to date; an older answer never overtakes a newer one."""

    def __init__(self, bridge: Bridge, ask: AskCard, series: BlindSeries, table: BlindTable) -> None:
        super().__init__(ask)
        self._bridge = bridge
        self._ask = ask
        self._series = series
        self._table = table
        self._call: Call | None = None
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._on_due)

    @Slot()
    def refresh(self) -> None:
        """Something changed."""
        self._timer.start()

    @Slot()
    def _on_due(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        setup = self._series.setup
        if self._series.phase == "closed" or not setup.targets or not self._ask.text:
            self._ask.show_estimate(None, 1)
            return
        chars = len(self._ask.text) + len(setup.system)
        command = PreviewCost(targets=setup.targets, prompt_chars=chars, max_tokens=setup.sampling.max_tokens)
        self._call = self._bridge.run(command, self._on_preview, self._on_error)

    def _on_preview(self, preview: CostPreview) -> None:
        self._call = None
        self._ask.show_estimate(preview, max(1, len(self._table.cases)))

    def _on_error(self, _error: AppError) -> None:
        self._call = None
        self._ask.show_estimate(None, 1)
