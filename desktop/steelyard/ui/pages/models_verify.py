"""Hashing weights, with progress and a way to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar

from steelyard.core.values.commands import VerifyWeights
from steelyard.core.values.events import WorkProgressed
from steelyard.ui.pages.latest import Latest
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, name_widget
from steelyard.ui.widgets.models_text import counted, percent, plain, time_left, transfer_rate

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.weights import VerifyReport
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_BAR_PX = 160


class VerifyBar(QFrame):
    """One line: what is hashed, how far it is, Cancel; then the result until it is closed."""

    finished = Signal()
    """Files were hashed; the shelf may say something else now."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self.setProperty("role", "raised")
        self._work = Latest(bridge, self)
        self.text = ElidedLabel(theme, "", px=12)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(_BAR_PX)
        self.bar.setAccessibleName("Hashed so far")
        self.cancel_button = make_button(theme, "Cancel", "link")
        name_widget(self.cancel_button, "Cancel verifying", "Stop hashing; nothing is lost")
        self.close_button = make_icon_button(theme, "x", "Close this message")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(10)
        row.addWidget(self.text, 1)
        row.addWidget(self.bar)
        row.addWidget(self.cancel_button)
        row.addWidget(self.close_button)
        self.cancel_button.clicked.connect(self._on_cancel)
        self.close_button.clicked.connect(self.hide)
        self._work.answered.connect(self._on_done)
        self._work.failed.connect(self._on_failed)
        bridge.event_arrived.connect(self._on_event)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether files are being hashed."""
        return self._work.is_busy

    def start(self, names: list[str]) -> None:
        """Hash these weights; none means all."""
        what = plain(names[0], 60) if len(names) == 1 else "all weights"
        self.bar.setRange(0, 0)
        self._show(f"Verifying {what}…", "prose", is_busy=True)
        self._work.ask(VerifyWeights(names=names))

    def show_text(self, text: str, role: str = "prose") -> None:
        """Say the result of something else in the same place."""
        self._show(text, role, is_busy=False)

    def _show(self, text: str, role: str, *, is_busy: bool) -> None:
        self.text.setText(text)
        set_role(self.text, role)
        self.bar.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.close_button.setVisible(not is_busy)
        self.show()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if not isinstance(event, WorkProgressed) or not self.is_busy:
            return
        if event.request != self._work.request:
            return
        total = event.total_bytes or 0
        self.bar.setRange(0, 100 if total else 0)
        share = percent(event.done_bytes, total)
        self.bar.setValue(share)
        facts = [f"{share} %" if total else "", transfer_rate(event.rate_bps), time_left(event.eta_s)]
        detail = "  ·  ".join(fact for fact in facts if fact)
        self.text.setText(f"Hashing {plain(event.what, 60)}  ·  {detail}")

    @Slot(object)
    def _on_done(self, report: VerifyReport) -> None:
        if report.bad:
            names = ", ".join(plain(bad.name, 60) for bad in report.bad[:3])
            self._show(
                f"The hash of {names} is not the published one; it is not loaded", "error", is_busy=False
            )
        else:
            files = counted(report.checked, "file")
            self._show(f"{files} hashed, no difference found", "good", is_busy=False)
        self.finished.emit()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show(error.one_line(), "error", is_busy=False)
        self.finished.emit()

    @Slot()
    def _on_cancel(self) -> None:
        self._work.drop()
        self._show("Verifying was stopped", "prose", is_busy=False)
