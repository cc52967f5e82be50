"""The log of a server: its end, followed live while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.core.values.events import ServerLogged
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import Segmented, make_icon_button
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.servers_log_view import LogView

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import ServerLog
    from steelyard.ui.bridge import Bridge, Call
    from steelyard.ui.theme.theme import Theme

_LEVELS = (("all", "All"), ("warnings", "Warnings"), ("errors", "Errors"))


class LogPane(QWidget):
    """The lines; level, filter, pause and copy are `tools`, for the head of the card."""

    said = Signal(str)
    """`following`, `paused`, or why there is nothing."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._name = ""
        self._is_watched = False
        self._is_read = False
        self._call: Call | None = None
        self.view = LogView(theme)
        self.levels = Segmented(theme, "Log level", _LEVELS)
        self.needle = QLineEdit()
        self.needle.setFont(theme.font(12))
        self.needle.setPlaceholderText("Filter")
        self.needle.setClearButtonEnabled(False)
        self.needle.setMinimumWidth(70)
        self.needle.setMaximumWidth(220)
        name_widget(self.needle, "Filter the log", "Only lines with this text (Ctrl+F)")
        self.pause = make_icon_button(theme, "pause", "Pause the log", tooltip="Pause the log (Ctrl+Shift+P)")
        self.copy = make_icon_button(theme, "copy", "Copy the lines that are shown")
        self._nothing = make_label(theme, "", "muted", px=12)
        self._copied = Brief(self, self._show_copied)
        self._lay_out()
        self.levels.chosen.connect(self._on_filter)
        self.needle.textChanged.connect(self._on_filter)
        self.pause.clicked.connect(self.toggle_pause)
        self.copy.clicked.connect(self.copy_lines)
        bridge.event_arrived.connect(self._on_event)

    def show_server(self, name: str) -> None:
        """Show the log of another server."""
        if name == self._name:
            return
        self._unfollow()
        self._name = name
        self.view.clear_lines()
        self._show_counts()
        self._follow()

    def watch(self, *, is_on: bool) -> None:
        """Follow while the page is visible."""
        if is_on == self._is_watched:
            return
        self._is_watched = is_on
        if is_on:
            self._follow()
        else:
            self._unfollow()

    def restarted(self) -> None:
        """The server has another process: its log is read anew."""
        self._unfollow()
        self.view.clear_lines()
        self._follow()

    @Slot()
    def toggle_pause(self) -> None:
        """Stop following, or follow again."""
        is_on = not self.view.is_following
        self.view.follow(is_on=is_on)
        self._theme.bind_icon(self.pause, "pause" if is_on else "play", size=16)
        text = "Pause the log" if is_on else "Follow the log"
        name_widget(self.pause, text, f"{text} (Ctrl+Shift+P)")
        self.said.emit("following" if is_on else "paused")

    @Slot()
    def copy_lines(self) -> None:
        """Put what is shown on the clipboard."""
        QGuiApplication.clipboard().setText(self.view.text_of_all())
        self._copied.start("Copied")

    # ---- engine --------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        if not self._is_watched or not self._name:
            return
        self._is_read = False  # what is told before the answer stands in the answer, too
        self._call = self._bridge.run(c.FollowLog(name=self._name), None, self._on_quiet)
        self._bridge.run(
            c.ReadLog(name=self._name, after=self.view.last_number), self._on_log, self._on_no_log
        )

    def _unfollow(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self._is_read = False

    def _on_log(self, log: ServerLog) -> None:
        if log.name == self._name:
            self._is_read = True
            self.view.add_lines(log.lines)
            self._show_counts()
            self.said.emit("following" if self.view.is_following else "paused")

    def _on_no_log(self, error: AppError) -> None:
        self._nothing.setText(error.one_line())
        self._nothing.setVisible(self.view.last_number is None)

    def _on_quiet(self, _error: AppError) -> None:
        """The server has ended; what it wrote last is read all the same."""

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, ServerLogged) and event.name == self._name and self._is_read:
            self.view.add_lines(event.lines)
            self._show_counts()

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_counts(self) -> None:
        for key, text, levels in (("warnings", "Warnings", "WE"), ("errors", "Errors", "E")):
            count = self.view.count(levels)
            button = self.levels.button(key)
            shown = f"{text} {count}" if count else text
            if button.property("text") != shown:
                button.setProperty("text", shown)
        self._nothing.setText("" if self.view.last_number is not None else "Nothing has been written yet.")
        self._nothing.setVisible(self.view.last_number is None)

    @Slot()
    def _on_filter(self) -> None:
        self.view.set_filter(self.levels.value, self.needle.text())

    def _show_copied(self, what: str) -> None:
        self._theme.bind_icon(self.copy, "check" if what else "copy", "good" if what else "text2", 16)

    def _lay_out(self) -> None:
        self.tools = QWidget()
        tools = QHBoxLayout(self.tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(8)
        tools.addStretch(1)
        tools.addWidget(self.needle, 1)
        tools.addWidget(self.levels)
        tools.addWidget(self.pause)
        tools.addWidget(self.copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._nothing)
        column.addWidget(self.view, 1)
