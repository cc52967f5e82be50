"""Asks what sending would cost, a moment after the last change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from steelyard.core.values.commands import PreviewCost

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.pages.compare_composer import Composer
    from steelyard.ui.pages.compare_state import CompareState

SETTLE_MS = 250


class Estimate(QObject):
    """Keeps the composer's estimate up to date; an older answer never overtakes a newer one."""

    def __init__(self, bridge: Bridge, composer: Composer, state: CompareState, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._composer = composer
        self._state = state
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
        if not self._state.columns:
            self._composer.show_estimate(None)
            return
        command = PreviewCost(
            targets=self._state.targets,
            prompt_chars=len(self._composer.prompt_text)
            + len(self._composer.system_text)
            + self._history_chars(),
            max_tokens=self._composer.sampling.max_tokens,
        )
        self._call = self._bridge.run(command, on_done=self._on_preview, on_error=self._on_error)

    def _history_chars(self) -> int:
        if not self._state.can_continue:
            return 0
        return max(
            (sum(len(message.content) for message in history) for history in self._state.histories()),
            default=0,
        )

    def _on_preview(self, preview: CostPreview) -> None:
        self._call = None
        self._composer.show_estimate(preview)

    def _on_error(self, _error: AppError) -> None:
        self._call = None
        self._composer.show_estimate(None)
