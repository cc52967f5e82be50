"""From the first frame to the last: starts the engine behind the window, ends it before the window goes."""

from __future__ import annotations

import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Slot
from PySide6.QtWidgets import QWidget

from steelyard.core.base.errors import AppError
from steelyard.core.values.commands import ReadSettings
from steelyard.core.values.events import EngineChanged, SettingsChanged
from steelyard.ui.pages.settings_list import ADD_TARGET, SECTIONS

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from steelyard.core.values.settings import Settings
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.theme.theme import Theme

STOP_DEADLINE_S = 8.0
_UNPAINTED_MS = 1000


class Session(QObject):
    """Couples the window's life with the engine's."""

    def __init__(
        self, app: QApplication, theme: Theme, bridge: Bridge, actions: Actions, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._app = app
        self._theme = theme
        self._bridge = bridge
        self._window = window
        self.is_started = False
        self._add_actions(actions)
        app.setQuitOnLastWindowClosed(False)
        window.first_painted.connect(self._on_first_painted)
        window.close_requested.connect(self._on_close_requested)
        window.page_made.connect(self._on_page_made)
        bridge.event_arrived.connect(self._on_event)
        bridge.stopped.connect(self._on_stopped)

    def open(self) -> None:
        """Show the window; the engine follows the first frame, or comes without one if nobody looks."""
        self._window.show()
        QTimer.singleShot(_UNPAINTED_MS, self._on_first_painted)

    @Slot()
    def _on_first_painted(self) -> None:
        if self.is_started or not self._window.isVisible():
            return
        self.is_started = True
        self._bridge.start()
        self._window.show_page("compare")

    @Slot(str, QWidget)
    def _on_page_made(self, name: str, page: QWidget) -> None:
        if name in {"compare", "models", "monitor"}:
            page.settings_requested.connect(self._on_settings_requested)  # type: ignore[attr-defined]
        if name == "compare" and hasattr(page, "blind"):
            page.blind.changed.connect(self._window.strip.set_blind)  # type: ignore[attr-defined]
        if name == "models":
            page.compare_requested.connect(self.open_compare)  # type: ignore[attr-defined]

    @Slot(str)
    def _on_settings_requested(self, what: str) -> None:
        """Compare asks for `targets`, `weights` or `models` when the user wants some, Models for `hub`."""
        if what in {"weights", "models"}:
            self.open_models("places" if what == "weights" else "discover")
        else:
            self.open_settings(ADD_TARGET if what == "targets" else what)

    @Slot(str)
    def open_models(self, tab: str) -> None:
        """Show a tab of the Models page."""
        from steelyard.ui.pages.models import ModelsPage

        self._window.show_page("models")
        page = self._window.page("models")
        if isinstance(page, ModelsPage):
            page.show_tab(tab)

    @Slot(str)
    def open_compare(self, name: str) -> None:
        """Show Compare with these weights as one of its columns."""
        from steelyard.ui.pages.compare import ComparePage

        self._window.show_page("compare")
        page = self._window.page("compare")
        if isinstance(page, ComparePage):
            page.want_target(name)

    @Slot(str)
    def open_settings(self, section: str) -> None:
        """Show a section of the settings, or the form for a new API target."""
        from steelyard.ui.pages.settings import SettingsPage

        self._window.show_page("settings")
        page = self._window.page("settings")
        if not isinstance(page, SettingsPage):
            return
        if section == ADD_TARGET:
            page.show_add_target()
        else:
            page.open_section(section)

    def _add_actions(self, actions: Actions) -> None:
        add_target = partial(self.open_settings, ADD_TARGET)
        actions.add("settings.add_target", "Add an API target", add_target, icon="plus")
        add_weights = partial(self.open_models, "places")
        actions.add("weights.add", "Add weights from this machine", add_weights, icon="folder-plus")
        for name, title, icon in SECTIONS:
            actions.add(
                f"settings.{name}", f"Settings: {title}", partial(self.open_settings, name), icon=icon
            )

    @Slot()
    def _on_close_requested(self) -> None:
        if not self.is_started:
            self._on_stopped()
            return
        self._window.show_closing()
        self._bridge.stop(STOP_DEADLINE_S)

    @Slot()
    def _on_stopped(self) -> None:
        self._window.close_for_good()
        self._app.quit()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        is_ready = isinstance(event, EngineChanged) and event.state == "ready"
        if is_ready or isinstance(event, SettingsChanged):
            self._bridge.run(ReadSettings(), self._on_settings_read)
            for notice in event.notices if isinstance(event, EngineChanged) else ():
                self._window.notifier.show_error(AppError("One of your files could not be used", hint=notice))
        elif isinstance(event, EngineChanged) and event.state == "failed":
            hint = "Comparisons need the engine. Fix the cause and start Steelyard again."
            self._window.notifier.show_error(AppError("The engine did not start", event.detail, hint))

    def _on_settings_read(self, settings: Settings) -> None:
        self._theme.set_mode(settings.theme)
        self._window.remember_mode(settings.theme)


class SignalDoor(QObject):
    """Ctrl+C and TERM close the window like a click on its button does."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signalled)
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # Python runs its handlers only between byte codes, which Qt's loop does not execute: the wake-up
        # socket is what reaches us, the handlers merely replace "die at once".
        self._previous: dict[signal.Signals, Any] = {
            number: signal.signal(number, _do_nothing) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def close(self) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._notifier.setEnabled(False)
        self._reader.close()
        self._writer.close()

    @Slot()
    def _on_signalled(self) -> None:
        self._reader.recv(64)
        self._window.close()


def _do_nothing(_number: int, _frame: object) -> None:
    pass
