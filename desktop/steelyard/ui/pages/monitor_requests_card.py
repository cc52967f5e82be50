"""The card of requests: which ones, how many, the table, and their way into a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout

from steelyard.core.values.commands import ReadRequests
from steelyard.core.values.events import RunFinished, RunStarted
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.monitor_requests import RequestsModel
from steelyard.ui.pages.monitor_requests_view import RequestsView
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.telemetry import RequestPage, RequestRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.monitor_feed import Feed
    from steelyard.ui.theme.theme import Theme

_API_COLOR = "s3"
_SOON_MS = 400
_MOST = 500
_EMPTY = {
    "all": "No request in this window. Each one comes here: from Compare, the command line, the gateway.",
    "slow": "No slow request in this window.",
    "failed": "No failed request in this window.",
}
Which = Literal["all", "slow", "failed"]


class RequestsCard(QFrame):
    """Read when the page is shown, and again soon after a run has ended."""

    opened = Signal(str)
    """A run is to be inspected."""
    csv_wanted = Signal()
    """The rows are to be saved."""
    counted = Signal(int)
    """How many requests are in the window."""

    def __init__(self, theme: Theme, bridge: Bridge, feed: Feed) -> None:
        super().__init__()
        self._feed = feed
        self._is_stale = True
        self.page: RequestPage | None = None
        self.setProperty("role", "card")
        self.setAccessibleName("Requests")
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.which = Segmented(theme, "Requests", [("all", "All"), ("slow", "Slow"), ("failed", "Failed 0")])
        self.csv_button = make_button(theme, "CSV", "ghost", icon="file-output")
        self.csv_button.setToolTip("Save these requests as a CSV file")
        self.csv_button.setAccessibleName("Save these requests as a CSV file")
        self.model = RequestsModel(theme.font(11))
        self.view = RequestsView(theme, self.model, self._color_of)
        self.nothing = make_label(theme, "Reading the requests…", "muted", px=12, wrap=True)
        self._stack = QStackedWidget()
        self._lay_out(theme)
        self._latest = Latest(bridge, self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self.load)
        self._latest.answered.connect(self._on_read)
        self._latest.failed.connect(self._on_failed)
        self.which.chosen.connect(self._on_chosen)
        self.view.opened.connect(self.opened)
        self.csv_button.clicked.connect(self.csv_wanted)
        feed.reloaded.connect(self.load)
        feed.aged.connect(self.load)
        bridge.event_arrived.connect(self._on_event)

    @Slot()
    def load(self) -> None:
        """Read the requests of the window, if somebody looks."""
        self._is_stale = not self.isVisible()
        if not self._is_stale:
            only = msgspec.convert(self.which.value, Which)
            self._latest.ask(ReadRequests(window_s=self._feed.window_s, limit=_MOST, only=only))

    def choose(self, which: str) -> None:
        """Show all, the slow or the failed ones."""
        self.which.set_value(which)
        self.load()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was missed."""
        super().showEvent(event)
        if self._is_stale:
            self.load()

    def _lay_out(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 4, 0)
        head.setSpacing(8)
        head.addWidget(make_label(theme, "Requests", weight=600))
        head.addWidget(self.count)
        head.addStretch(1)
        head.addWidget(self.which)
        head.addWidget(self.csv_button)
        self._stack.addWidget(self.view)
        self._stack.addWidget(_centred(self.nothing))
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 6)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        self._stack.setCurrentIndex(1)

    @Slot(object)
    def _on_read(self, page: RequestPage) -> None:
        self.page = page
        self.model.show_lines(page.rows)
        self.count.setText(_count_text(page))
        failed = self.which.button("failed")
        if isinstance(failed, QAbstractButton):
            failed.setText(f"Failed {page.failed:,}")
        self.nothing.setText(_EMPTY[self.which.value])
        self._stack.setCurrentIndex(0 if page.rows else 1)
        self.csv_button.setEnabled(bool(page.rows))
        self.counted.emit(page.total)

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.nothing.setText(error.one_line())
        if not self.model.lines:
            self._stack.setCurrentIndex(1)

    @Slot(str)
    def _on_chosen(self, _which: str) -> None:
        self.load()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, RunStarted | RunFinished) and not self._feed.is_paused:
            self._is_stale = True
            if self.isVisible() and not self._soon.isActive():
                self._soon.start()

    def _color_of(self, row: RequestRow) -> str:
        return _API_COLOR if row.kind == "api" else self._feed.colors.known(row.target, row.model)


def _centred(label: QLabel) -> QFrame:
    holder = QFrame()
    row = QHBoxLayout(holder)
    row.setContentsMargins(24, 0, 24, 0)
    row.addStretch(1)
    row.addWidget(label, 6)
    row.addStretch(1)
    return holder


def _count_text(page: RequestPage) -> str:
    if page.total > len(page.rows) > 0:
        return f"newest {len(page.rows):,} of {page.total:,}"
    return f"{page.total:,} in window"
