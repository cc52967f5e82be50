"""Telling the user: toasts for what an action met, and a presenter for errors that no page takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from steelyard.core.base.errors import AppError, printable
from steelyard.core.base.redaction import redact
from steelyard.ui.widgets.toast import ToastArea

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.telemetry import Alert
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.toast import Toast


class Notifier(QObject):
    """Shows toasts in one window; listens to `Bridge.error_raised`."""

    def __init__(self, theme: Theme, bridge: Bridge, window: QWidget, bottom_px: int = 0) -> None:
        super().__init__(window)
        self.area = ToastArea(theme, window, bottom_px)
        bridge.error_raised.connect(self._on_error_raised)

    def show_error(self, error: AppError) -> Toast:
        """What happened and what to do; why it happened unfolds. Stays until it is closed."""
        title, hint, detail = (printable(redact(text)) for text in (error.title, error.hint, error.detail))
        return self.area.add(title, hint, detail, "bad")

    def show_done(self, title: str, hint: str = "") -> Toast:
        """Something worked; goes away by itself."""
        return self.area.add(title, hint, "", "good")

    def show_note(self, title: str, hint: str = "") -> Toast:
        """Worth knowing; goes away by itself."""
        return self.area.add(title, hint, "", "info")

    def show_alert(self, alert: Alert) -> Toast:
        """A threshold was crossed; stays until it is closed."""
        hint = "The Monitor page has it in its events; thresholds are under Settings, Alerts and exports."
        return self.area.add(printable(alert.text), hint, "", "bad")

    @Slot(object)
    def _on_error_raised(self, error: object) -> None:
        if isinstance(error, AppError):
            self.show_error(error)
