"""The line above the charts: how far back, whether it is live, where watts come from, what can be done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.core.values.commands import ReadGateway
from steelyard.ui.pages.monitor_feed import WINDOWS
from steelyard.ui.pages.monitor_texts import idle_chip, power_reason, source_chip
from steelyard.ui.widgets.brief import Brief
from steelyard.ui.widgets.buttons import Segmented, make_button, make_icon_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.chart_ticks import clock
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.strip_segment import Piece, StripSegment

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.servers import GatewayRow
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.monitor_feed import Feed
    from steelyard.ui.theme.theme import Theme

_LOOK_MS = 1000
_SILENT_S = 3.5
_WIDE_FROM_PX = 1230
_LABELS_FROM_PX = 1040
_OFF = (
    "The /metrics address is off. Open the gateway on the Servers page and switch its metrics on "
    "under Settings, Alerts and exports."
)


class MonitorBar(QWidget):
    """Everything that is about all charts at once."""

    window_chosen = Signal(str)
    """Another stretch of time, by its key."""
    pause_toggled = Signal()
    """Stand still, or go on."""
    settings_wanted = Signal(str)
    """A section of the settings."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, feed: Feed) -> None:
        super().__init__()
        self._bridge = bridge
        self._feed = feed
        self.window_choice = Segmented(
            theme, "Window", [(key, text) for key, (text, _, _) in WINDOWS.items()]
        )
        self.window_choice.set_value(feed.window)
        self.live = StripSegment(theme, "Samples")
        self.about = make_label(theme, "Charts pause while nobody can see them.", "muted", px=12)
        self.idle = PartsButton(theme, "chip")
        self.source = PartsButton(theme, "chip")
        self.pause_button = PartsButton(theme, "secondary")
        self.copy_button = make_button(theme, "Copy /metrics URL", icon="copy")
        self.note = Note(theme)
        self.note_button = make_button(theme, "Open settings", "link")
        self.note_close = make_icon_button(theme, "x", "Close this remark")
        self._note_row = QWidget()
        self._lay_out()
        actions.describe("monitor.pause", self.pause_button)
        name_widget(self.copy_button, "Copy /metrics URL", "Copy the address for Prometheus; off by default")
        self._brief = Brief(self, self._on_brief)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.show_state)
        self._timer.start()
        self._connect()
        self.show_state()

    @Slot()
    def show_state(self) -> None:
        """Live, silent or paused; chips."""
        if not self.isVisible():
            return
        feed, is_wide = self._feed, self.width() >= _LABELS_FROM_PX
        self.live.show_pieces(*self._live_pieces())
        idle, idle_why = idle_chip(feed.history)
        self.idle.show_parts(_parts("Idle baseline" if is_wide else "Idle", idle), icon="plug")
        name_widget(self.idle, f"Idle baseline {idle}", idle_why)
        kind = feed.sample.power_source if feed.sample is not None else "none"
        source, source_why = source_chip(feed.history, kind, power_reason(feed))
        self.source.show_parts(_parts("Source" if is_wide else "", source), icon="gauge")
        name_widget(self.source, f"Source of watts: {source}", source_why)
        word, icon = ("Resume", "play") if feed.is_paused else ("Pause", "pause")
        self.pause_button.show_parts([Part(word, px=13), Part("Space", "text3", 400)], icon=icon)

    @Slot()
    def copy_address(self) -> None:
        """Put the address of /metrics on the clipboard, or say how to switch it on."""
        self._bridge.run(ReadGateway(), self._on_gateway, self._on_gateway_failed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is only said goes first."""
        super().resizeEvent(event)
        self.about.setVisible(self.width() >= _WIDE_FROM_PX)
        self.show_state()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.window_choice)
        row.addWidget(self.live)
        row.addWidget(self.about)
        row.addStretch(1)
        for widget in (self.idle, self.source, self.pause_button, self.copy_button):
            row.addWidget(widget)
        beside = QHBoxLayout(self._note_row)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.addWidget(self.note, 1)
        beside.addWidget(self.note_button)
        beside.addWidget(self.note_close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._note_row)
        self._note_row.hide()

    def _connect(self) -> None:
        self.window_choice.chosen.connect(self.window_chosen)
        self.pause_button.clicked.connect(self.pause_toggled)
        self.live.clicked.connect(self.pause_toggled)
        self.copy_button.clicked.connect(self.copy_address)
        self.idle.clicked.connect(self._on_energy_wanted)
        self.source.clicked.connect(self._on_energy_wanted)
        self.note_button.clicked.connect(self._on_alerts_wanted)
        self.note_close.clicked.connect(self._note_row.hide)

    def _live_pieces(self) -> tuple[list[Piece], str]:
        feed = self._feed
        if feed.is_paused:
            text = f"Paused at {clock(feed.until)}"
            return [Piece(text, mark="dot", mark_color="warn", weight=500)], "What arrives meanwhile is kept."
        if feed.sample is None:
            text = "Waiting for the first sample"
            return [
                Piece(text, mark="dot", mark_color="ctl")
            ], "The engine looks at the machine once a second."
        age_s = time.time() - feed.sample.at
        if age_s > _SILENT_S:
            text = f"No sample for {age_s:,.0f} s"
            return [Piece(text, "warn", mark="dot", mark_color="warn", weight=500)], "The engine is silent."
        text = "Live, 1 s samples" if self.width() >= _LABELS_FROM_PX else "Live"
        return [Piece(text, mark="dot", mark_color="good", weight=500)], "A sample a second. A click pauses."

    def _on_gateway(self, gateway: GatewayRow) -> None:
        if gateway.metrics_url is None:
            self._say(_OFF)
        else:
            QGuiApplication.clipboard().setText(gateway.metrics_url)
            self._brief.start("Copied")

    def _on_gateway_failed(self, error: AppError) -> None:
        self._say(error.one_line())

    def _say(self, text: str) -> None:
        self.note.show_text(text)
        self._note_row.show()

    def _on_brief(self, what: str) -> None:
        self.copy_button.setText(what or "Copy /metrics URL")

    @Slot()
    def _on_energy_wanted(self) -> None:
        self.settings_wanted.emit("energy")

    @Slot()
    def _on_alerts_wanted(self) -> None:
        self._note_row.hide()
        self.settings_wanted.emit("alerts")


def _parts(label: str, value: str) -> list[Part]:
    shown = Part(value, "text", 600)
    return [Part(label, "text3", 400), shown] if label else [shown]
