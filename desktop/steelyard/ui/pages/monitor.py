"""The Monitor page: everything measured on one time axis, what happened on it, and the requests behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.monitor_actions import add_monitor_actions
from steelyard.ui.pages.monitor_bar import MonitorBar
from steelyard.ui.pages.monitor_events import EventsCard
from steelyard.ui.pages.monitor_export import Exporter, history_csv, requests_csv
from steelyard.ui.pages.monitor_feed import Feed
from steelyard.ui.pages.monitor_inspector import WIDTH_PX, Inspector
from steelyard.ui.pages.monitor_requests_card import RequestsCard
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.chart_loader import ChartLoader
from steelyard.ui.widgets.chart_ticks import clock, clock_span
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.monitor_board import Board
    from steelyard.ui.theme.theme import Theme

_LOW_BELOW_PX = 760
_TABLES_PX = (250, 300)
_CHARTS_PX = 448
_TITLE_MS = 5_000


class MonitorPage(QWidget):
    """Charts above, requests and events below, the inspector over the right side."""

    settings_requested = Signal(str)
    """A section of the settings: `alerts` or `energy`."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Monitor")
        self.title_widget = make_label(theme, "", "muted", px=12, tabular=True)
        add_monitor_actions(actions, self)
        self.feed = Feed(bridge, self)
        self.bar = MonitorBar(theme, bridge, actions, self.feed)
        self.note = Note(theme, "bad")
        self.board: Board | None = None
        self.requests = RequestsCard(theme, bridge, self.feed)
        self.events = EventsCard(theme, bridge, self.feed)
        self.inspector = Inspector(theme, bridge, self)
        self.exporter = Exporter(bridge, self)
        self._charts = QVBoxLayout()
        self._tables = QWidget()
        self._loading = make_label(theme, "Reading the history…", "muted")
        self._loader = ChartLoader(self)
        self._title_timer = QTimer(self, interval=_TITLE_MS)
        self._lay_out()
        self._connect()

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot()
    def toggle_pause(self) -> None:
        """Let the charts stand still, or go on."""
        self.feed.pause(is_paused=not self.feed.is_paused)
        if not self.feed.is_paused:
            self.requests.load()
            self.events.show_events()
        self.bar.show_state()
        self._show_title()

    @Slot(str)
    def choose_window(self, window: str) -> None:
        """Show another stretch of time."""
        self.bar.window_choice.set_value(window)
        if self.feed.is_paused:
            self.toggle_pause()
        self.feed.choose(window)
        self._show_title()

    def show_requests(self, which: str) -> None:
        """Show all, the slow or the failed requests."""
        self.requests.choose(which)

    def add_mark(self) -> None:
        """Put a note on the time axis."""
        self.events.begin_mark()

    def copy_address(self) -> None:
        """Copy the address of /metrics, or say how to switch it on."""
        self.bar.copy_address()

    @Slot()
    def save_requests(self) -> None:
        """The requests that are listed, as CSV."""
        rows = self.requests.model.lines
        if rows:
            content = requests_csv(rows).encode()
            self.exporter.save("Save the requests", "requests.csv", "CSV (*.csv)", content)

    def save_history(self) -> None:
        """Every series of the window, as CSV."""
        if self.feed.columns is not None and len(self.feed.columns.times):
            content = history_csv(self.feed.columns).encode()
            self.exporter.save("Save the history", "history.csv", "CSV (*.csv)", content)

    def save_picture(self) -> None:
        """The charts as they are, as PNG."""
        if self.board is not None:
            buffer = QBuffer()
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            self.board.grab().save(buffer, "PNG")
            content = buffer.data().data()
            self.exporter.save("Save the charts", "charts.png", "PNG (*.png)", bytes(content))

    def reload(self) -> None:
        """Read everything again."""
        self.feed.load()

    def focus_first(self) -> None:
        """The choice of the window has the keyboard first."""
        self.bar.window_choice.button(self.feed.window).setFocus()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """What draws the charts is imported when somebody looks."""
        super().showEvent(event)
        self._loader.start()
        self.bar.show_state()
        self._show_title()
        if self.board is not None:
            self.board.draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The sheet keeps to the right; a low window has lower charts."""
        super().resizeEvent(event)
        width = min(WIDTH_PX, self.width() - 32)
        self.inspector.setGeometry(self.width() - width, 0, width, self.height())
        self._show_heights()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 0, 8, 12)
        column.setSpacing(8)
        self._loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._loading.setMinimumHeight(_CHARTS_PX)
        self._charts.addWidget(self._loading)
        column.addWidget(self.note)
        column.addLayout(self._charts)
        row = QHBoxLayout(self._tables)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.requests, 34)
        row.addWidget(self.events, 17)
        column.addWidget(self._tables, 1)
        top = QHBoxLayout()
        top.setContentsMargins(16, 12, 16, 0)
        top.addWidget(self.bar)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        outer.addLayout(top)
        outer.addWidget(make_scroll(body, "Charts and tables"), 1)

    def _connect(self) -> None:
        self._loader.loaded.connect(self._on_loaded)
        self._loader.failed.connect(self._on_load_failed)
        self._title_timer.timeout.connect(self._show_title)
        self._title_timer.start()
        self.feed.failed.connect(self._on_feed_failed)
        self.feed.reloaded.connect(self._on_reloaded)
        self.bar.window_chosen.connect(self.choose_window)
        self.bar.pause_toggled.connect(self.toggle_pause)
        self.bar.settings_wanted.connect(self.settings_requested)
        self.requests.opened.connect(self.inspector.open_run)
        self.requests.csv_wanted.connect(self.save_requests)
        self.events.settings_wanted.connect(self._on_alerts_wanted)
        self.inspector.closed.connect(self.requests.view.setFocus)

    @Slot()
    def _on_loaded(self) -> None:
        from steelyard.ui.pages.monitor_board import Board

        board = self.board = Board(self._theme, self.feed)
        board.made.connect(self._on_board_made)
        board.pointed.connect(self._on_pointed)
        self.requests.counted.connect(board.show_requests)
        board.hide()
        self._charts.addWidget(board)

    @Slot()
    def _on_board_made(self) -> None:
        self._loading.hide()
        if self.board is not None:
            self._show_heights()
            self.board.show()
            self._order_focus(self.board)
        self.feed.start()

    def _order_focus(self, board: Board) -> None:
        """Tab goes from the bar over the charts to the tables; the charts were made last."""
        last: QWidget = self.bar.copy_button
        for plot in (plot for card in board.cards.values() for plot in card.plots):
            QWidget.setTabOrder(last, plot)
            last = plot

    @Slot(str)
    def _on_load_failed(self, problem: str) -> None:
        self._loading.hide()
        self.note.show_text(f"Charts cannot be drawn here: {problem}. Requests and events go on.", "bad")

    @Slot(str)
    def _on_feed_failed(self, problem: str) -> None:
        self.note.show_text(f"The history could not be read: {problem}" if problem else "", "bad")

    @Slot()
    def _on_reloaded(self) -> None:
        self.bar.show_state()
        self._show_title()

    @Slot()
    def _on_alerts_wanted(self) -> None:
        self.settings_requested.emit("alerts")

    @Slot(object)
    def _on_pointed(self, at: float | None) -> None:
        if at is None:
            self._show_title()
        else:
            self.title_widget.setText(f"at {clock(at)}")

    @Slot()
    def _show_title(self) -> None:
        if self.isVisible() and (self.board is None or self.board.cursor_at is None):
            until = self.feed.until
            since = until - self.feed.window_s
            self.title_widget.setText(clock_span(since, until))

    def _show_heights(self) -> None:
        is_low = self.height() < _LOW_BELOW_PX
        self._tables.setMinimumHeight(_TABLES_PX[not is_low])
        if self.board is not None:
            self.board.set_low(is_low=is_low)
