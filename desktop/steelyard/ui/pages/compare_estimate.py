"""Asks what sending would cost, a moment after the last change."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QTimer, Slot

from steelyard.core.values.commands import PreviewCost

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_composer import Composer
    from steelyard.ui.pages.compare_state import CompareState

SETTLE_MS = 250


class PreviewedCost(QObject):
    """Asks for the cost of what is about to be sent; an older answer never overtakes a newer one."""

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._call: Call | None = None
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._timer.timeout.connect(self._on_due)

    def command(self) -> PreviewCost | None:
        """What to ask now; None: there is nothing to send."""
        raise NotImplementedError

    def show_cost(self, preview: CostPreview | None) -> None:
        """Show the answer; None: there is none."""
        raise NotImplementedError

    @Slot()
    def refresh(self) -> None:
        """Something changed."""
        self._timer.start()

    @Slot()
    def _on_due(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        command = self.command()
        if command is None:
            self.show_cost(None)
        else:
            self._call = self._bridge.run(command, on_done=self._on_preview, on_error=self._on_error)

    def _on_preview(self, preview: CostPreview) -> None:
        self._call = None
        self.show_cost(preview)

    def _on_error(self, _error: AppError) -> None:
        self._call = None
        self.show_cost(None)


class Estimate(PreviewedCost):
    """Keeps the composer's estimate up to date."""

    def __init__(self, bridge: Bridge, composer: Composer, state: CompareState, parent: QObject) -> None:
        super().__init__(bridge, parent)
        self._composer = composer
        self._state = state

    def command(self) -> PreviewCost | None:
        """The prompt with what it goes on from."""
        if not self._state.columns:
            return None
        return PreviewCost(
            targets=self._state.targets,
            prompt_chars=len(self._composer.prompt_text)
            + len(self._composer.system_text)
            + self._history_chars(),
            max_tokens=self._composer.sampling.max_tokens,
        )

    def show_cost(self, preview: CostPreview | None) -> None:
        """For all repetitions and rows."""
        times = math.prod(times() for times in self._composer.times)
        self._composer.show_estimate(None if preview is None else _scaled(preview, times))

    def _history_chars(self) -> int:
        """Of the longest branch that the prompt would go on from."""
        if not self._state.can_continue:
            return 0
        return max(
            (
                sum(len(turn.prompt) + len(turn.text) for turn in column.turns)
                for column in self._state.columns
            ),
            default=0,
        )


def _scaled(preview: CostPreview, times: int) -> CostPreview:
    """What so many of these prompts cost."""
    if preview.api_usd_max is None or times == 1:
        return preview
    return msgspec.structs.replace(preview, api_usd_max=str(Decimal(preview.api_usd_max) * times))
