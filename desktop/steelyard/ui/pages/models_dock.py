"""The download list at the foot of the Models page; hidden while it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from steelyard.core.values.commands import CancelDownload, MoveDownload, PauseDownload, ResumeDownload
from steelyard.ui.pages.models_dialogs import LossDialog, cancel_dialog
from steelyard.ui.pages.models_download_card import HEIGHT_PX, DownloadCard
from steelyard.ui.pages.models_download_texts import CAN_PAUSE, count_text, total_text
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.core.values.hub import DownloadRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Downloads
    from steelyard.ui.theme.theme import Theme

_BAR_PX = 12
_GAP_PX = 24


class DownloadsDock(QFrame):
    """Entries side by side in their order; more than fit scroll."""

    def __init__(self, theme: Theme, bridge: Bridge, downloads: Downloads) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setAccessibleName("Downloads")
        self._theme = theme
        self._bridge = bridge
        self._downloads = downloads
        self._dialog: LossDialog | None = None
        self.cards: dict[str, DownloadCard] = {}
        self._lines: list[QWidget] = []
        self.total = make_label(theme, "", "muted", px=12, tabular=True)
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.all_button = make_button(theme, "Pause all", "ghost", icon="pause")
        self._lay_out()
        self.all_button.clicked.connect(self.toggle_all)
        downloads.changed.connect(self._on_changed)
        downloads.listed.connect(self._rebuild)
        self.hide()

    @property
    def is_pausing(self) -> bool:
        """Whether the button for all pauses (else it resumes)."""
        return any(row.state in CAN_PAUSE for row in self._downloads.rows)

    @Slot()
    def toggle_all(self) -> None:
        """Pause everything, or go on with everything."""
        self._bridge.run(PauseDownload() if self.is_pausing else ResumeDownload())

    def _lay_out(self) -> None:
        theme = self._theme
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(make_label(theme, "Downloads", weight=600))
        head.addWidget(self.total)
        head.addStretch(1)
        head.addWidget(self.count)
        head.addWidget(self.all_button)
        self._strip = QWidget()
        self._row = QHBoxLayout(self._strip)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_GAP_PX)
        self._row.addStretch(0)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._strip)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setAccessibleName("Download list")
        self._scroll.setFixedHeight(HEIGHT_PX + _BAR_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._scroll)

    @Slot(object)
    def _on_changed(self, row: DownloadRow) -> None:
        card = self.cards.get(row.id)
        order = [known.id for known in self._downloads.rows]
        if card is None or order != list(self.cards):
            self._rebuild()
        else:
            card.show_row(row)
            self._show_head()

    @Slot()
    def _rebuild(self) -> None:
        """Cards in the order of the list; those that stay keep the focus that they have."""
        rows = self._downloads.rows
        old, self.cards = self.cards, {}
        for line in self._lines:
            self._row.removeWidget(line)
            line.deleteLater()
        self._lines = []
        for at, row in enumerate(rows):
            card = old.pop(row.id, None)
            if card is None:
                card = DownloadCard(self._theme, row)
                card.wanted.connect(self._on_wanted)
            if at:
                line = make_line("vline")
                self._lines.append(line)
                self._row.insertWidget(self._row.count() - 1, line)
            self._row.removeWidget(card)
            self._row.insertWidget(self._row.count() - 1, card, 1)
            card.show_row(row)
            self.cards[row.id] = card
        for card in old.values():
            self._row.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.setVisible(bool(rows))
        self._show_head()

    def _show_head(self) -> None:
        rows = self._downloads.rows
        self.total.setText(total_text(rows))
        self.count.setText(count_text(rows))
        is_pausing = self.is_pausing
        self.all_button.setText("Pause all" if is_pausing else "Resume all")
        self.all_button.setAccessibleName(self.all_button.text())
        self.all_button.setToolTip(f"{self.all_button.text()} (Ctrl+Shift+P)")
        self._theme.bind_icon(self.all_button, "pause" if is_pausing else "play", gap=4)
        self.all_button.setVisible(is_pausing or any(row.state == "paused" for row in rows))

    @Slot(str, str)
    def _on_wanted(self, what: str, key: str) -> None:
        order = [row.id for row in self._downloads.rows]
        if key not in order:
            return
        at = order.index(key)
        match what:
            case "pause":
                self._bridge.run(PauseDownload(id=key))
            case "resume":
                self._bridge.run(ResumeDownload(id=key))
            case "cancel":
                self._cancel(self.cards[key].row)
            case _:
                places = {"first": 0, "earlier": at - 1, "later": at + 1, "last": len(order) - 1}
                wanted = min(max(0, places[what]), len(order) - 1)
                self._bridge.run(MoveDownload(id=key, position=wanted), self._on_moved)

    def _cancel(self, row: DownloadRow) -> None:
        if row.state == "done" or not row.done_bytes:
            self._on_cancel_confirmed(row.id)
            return
        self._dialog = cancel_dialog(self._theme, self, row)
        self._dialog.confirmed.connect(self._on_cancel_confirmed)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.open()

    @Slot(str)
    def _on_cancel_confirmed(self, key: str) -> None:
        self._bridge.run(CancelDownload(id=key))

    def _on_moved(self, _answer: object) -> None:
        self._downloads.load()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None

    @property
    def dialog(self) -> LossDialog | None:
        """The question that is open."""
        return self._dialog
