"""What happened in the window, newest first, with the letters of the charts; and what alerts are on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.core.values.commands import ReadSettings, SetMarker
from steelyard.core.values.events import SettingsChanged
from steelyard.ui.pages.monitor_texts import thresholds
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.chart_ticks import clock
from steelyard.ui.widgets.labels import make_label, make_line
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent, QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.settings import Settings
    from steelyard.core.values.telemetry import Marker
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.monitor_feed import Feed
    from steelyard.ui.theme.theme import Theme

_MOST = 60
_MOST_CHARS = 200
_NOTHING = "Nothing has happened in this window: no cold start, spill, throttling, restart or alert."
FLAG_COLORS = {
    "cold_start": "info",
    "spill": "warn",
    "throttle": "bad",
    "restart": "bad",
    "alert": "bad",
    "unload": "text3",
    "note": "accent",
}


class EventsCard(QFrame):
    """The list, a way to add to it, and below it the thresholds."""

    settings_wanted = Signal()
    """The alerts are to be changed."""

    def __init__(self, theme: Theme, bridge: Bridge, feed: Feed) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._feed = feed
        self._shown: list[tuple[str, Marker]] | None = None
        self.setProperty("role", "card")
        self.setAccessibleName("Events")
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.mark_button = make_button(theme, "Mark", "ghost", icon="plus")
        self.edit = _MarkEdit(theme)
        self.nothing = make_label(theme, _NOTHING, "muted", px=12, wrap=True)
        self.alerts = make_label(theme, "", "muted", px=12, wrap=True)
        self.alerts_button = make_button(theme, "Change", "link")
        self._list = QVBoxLayout()
        self._lines: list[QWidget] = []
        self._lay_out()
        self.mark_button.clicked.connect(self.begin_mark)
        self.edit.returnPressed.connect(self._on_mark_typed)
        self.edit.left.connect(self._end_mark)
        self.alerts_button.clicked.connect(self.settings_wanted)
        feed.reloaded.connect(self.show_events)
        feed.markers_changed.connect(self.show_events)
        feed.aged.connect(self.show_events)
        bridge.event_arrived.connect(self._on_event)

    @property
    def titles(self) -> list[str]:
        """What is listed, newest first."""
        return [marker.title for _, marker in self._shown or []]

    @Slot()
    def begin_mark(self) -> None:
        """Ask what to put on the time axis."""
        self.edit.show()
        self.edit.setFocus()

    @Slot()
    def show_events(self) -> None:
        """List what is in the window."""
        events = self._feed.shown_markers[::-1]
        if events == self._shown:
            return
        self._shown = events
        self.count.setText(f"{len(events):,} in window")
        self.nothing.setVisible(not events)
        for widget in self._lines:
            self._list.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._lines = []
        for at, (letter, marker) in enumerate(events[:_MOST]):
            if at:
                self._add(make_line())
            self._add(_EventLine(self._theme, letter, marker))

    def showEvent(self, event: QShowEvent) -> None:
        """Read the thresholds afresh."""
        super().showEvent(event)
        self._read_alerts()

    def _add(self, widget: QWidget) -> None:
        self._lines.append(widget)
        self._list.insertWidget(self._list.count() - 1, widget)

    def _lay_out(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.setContentsMargins(14, 8, 8, 0)
        head.setSpacing(8)
        head.addWidget(make_label(theme, "Events", weight=600))
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.mark_button)
        holder = QWidget()
        self._list = QVBoxLayout(holder)
        self._list.setContentsMargins(14, 2, 12, 4)
        self._list.setSpacing(6)
        self._list.addWidget(self.nothing)
        self._list.addStretch(1)
        scroll = make_scroll(holder, "List of events")
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        entry = QHBoxLayout()
        entry.setContentsMargins(14, 0, 14, 0)
        entry.addWidget(self.edit)
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 0, 8, 6)
        foot.setSpacing(8)
        foot.addWidget(make_label(theme, "Alerts", px=12, weight=600), 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.alerts, 1)
        foot.addWidget(self.alerts_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(entry)
        column.addWidget(scroll, 1)
        column.addWidget(make_line())
        column.addLayout(foot)
        self.edit.hide()

    @Slot()
    def _on_mark_typed(self) -> None:
        text = self.edit.text().strip()
        if text:
            self._bridge.run(SetMarker(text=text))
        self._end_mark()

    @Slot()
    def _end_mark(self) -> None:
        self.edit.clear()
        self.edit.hide()
        self.mark_button.setFocus()

    def _read_alerts(self) -> None:
        self._bridge.run(ReadSettings(), self._on_settings, self._on_settings_failed)

    def _on_settings(self, settings: Settings) -> None:
        self.alerts.setText(thresholds(settings.alerts))

    def _on_settings_failed(self, error: AppError) -> None:
        self.alerts.setText(error.one_line())

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, SettingsChanged) and self.isVisible():
            self._read_alerts()


class _MarkEdit(QLineEdit):
    left = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFont(theme.font(12))
        self.setMaxLength(_MOST_CHARS)
        self.setPlaceholderText("What happens now? Enter puts it on the time axis")
        self.setAccessibleName("Text of the mark")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives up."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class _EventLine(QWidget):
    def __init__(self, theme: Theme, letter: str, marker: Marker) -> None:
        super().__init__()
        title = make_label(theme, plain(marker.title, 120), weight=600, px=13, wrap=True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title, 1)
        when = make_label(theme, clock(marker.at), "muted", px=11, tabular=True)
        head.addWidget(when, 0, Qt.AlignmentFlag.AlignTop)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addLayout(head)
        if marker.detail:
            text.addWidget(make_label(theme, plain(marker.detail, 300), "prose", px=12, wrap=True))
        if marker.hint:
            text.addWidget(make_label(theme, plain(marker.hint, 200), "accent", px=12, weight=600, wrap=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(10)
        row.addWidget(_Letter(theme, letter, FLAG_COLORS[marker.kind]), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        self.setAccessibleName(f"{letter}: {plain(marker.title, 120)}, {clock(marker.at)}")


class _Letter(QWidget):
    """The same box as in the main chart."""

    def __init__(self, theme: Theme, letter: str, color: str) -> None:
        super().__init__()
        self._theme = theme
        self._letter = letter
        self._color = color
        self.setFixedSize(QSize(20, 20))
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Box and letter."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color(self._color), 1.2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.setFont(self._theme.font(11, 600))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._letter)
