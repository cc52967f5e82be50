"""The download list at the foot of the Models page; hidden while it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from steelyard.core.values.commands import CancelDownload, MoveDownload, PauseDownload, ResumeDownload
from steelyard.ui.pages.models_dialogs import LossDialog, cancel_dialog
from steelyard.ui.pages.models_download_card import HEIGHT_PX, DownloadCard
from steelyard.ui.pages.models_download_texts import CAN_PAUSE, count_text, summary_text, total_text
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget

if TYPE_CHECKING:
    from steelyard.core.values.hub import DownloadRow
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.models_stores import Downloads
    from steelyard.ui.theme.theme import Theme

_BAR_PX = 12
_GAP_PX = 24
_OPEN_MARGINS = (16, 8, 16, 0)
_FOLDED_MARGINS = (16, 2, 16, 2)


class DownloadsDock(QFrame):
    """Entries side by side in their order, more than fit scroll; or folded into one line of words."""

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
        self._is_low = False
        self._is_wanted_folded: bool | None = None
        self.summary = ElidedLabel(theme, "", "prose", px=12, cut=Qt.TextElideMode.ElideRight)
        self.total = make_label(theme, "", "muted", px=12, tabular=True)
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.all_button = make_button(theme, "Pause all", "ghost", icon="pause")
        self.clear_button = make_button(theme, "Clear finished", "ghost")
        name_widget(self.clear_button, "Clear finished", "Take what is done off the list; the files stay")
        self.fold_button = make_icon_button(theme, "chevron-down", "Fold the downloads")
        self._lay_out()
        self._fold()
        self.all_button.clicked.connect(self.toggle_all)
        self.clear_button.clicked.connect(self._on_clear)
        self.fold_button.clicked.connect(self.toggle_fold)
        downloads.changed.connect(self._on_changed)
        downloads.listed.connect(self._rebuild)
        self.hide()

    @property
    def is_pausing(self) -> bool:
        """Whether the button for all pauses (else it resumes)."""
        return any(row.state in CAN_PAUSE for row in self._downloads.rows)

    @property
    def is_folded(self) -> bool:
        """Whether it is one line: as the user wants it, else where the window is low."""
        return self._is_low if self._is_wanted_folded is None else self._is_wanted_folded

    def set_low(self, *, is_low: bool) -> None:
        """In a low window the files need the room more."""
        if is_low != self._is_low:
            self._is_low = is_low
            self._fold()

    @Slot()
    def toggle_fold(self) -> None:
        """Fold or unfold, and stay so."""
        self._is_wanted_folded = not self.is_folded
        self._fold()

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
        head.addSpacing(8)
        head.addWidget(self.summary, 1)
        head.addStretch(0)
        head.addWidget(self.count)
        head.addWidget(self.clear_button)
        head.addWidget(self.all_button)
        head.addWidget(self.fold_button)
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
        self._order_focus()
        self.setVisible(bool(rows))
        self._show_head()

    def _order_focus(self) -> None:
        """Tab goes through the entries as they stand; Qt would go by the time at which they were made."""
        last: QWidget = self.fold_button
        for card in self.cards.values():
            for button in card.buttons:
                QWidget.setTabOrder(last, button)
                last = button

    def _fold(self) -> None:
        is_folded = self.is_folded
        self._scroll.setVisible(not is_folded)
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(*(_FOLDED_MARGINS if is_folded else _OPEN_MARGINS))
        self._theme.bind_icon(self.fold_button, "chevron-up" if is_folded else "chevron-down")
        name_widget(self.fold_button, "Unfold the downloads" if is_folded else "Fold the downloads")
        self._show_head()

    def _show_head(self) -> None:
        rows = self._downloads.rows
        self.total.setText(total_text(rows))
        self.total.setVisible(bool(self.total.text()))
        self.summary.setText(summary_text(rows) if self.is_folded else "")
        set_role(self.summary, "bad" if any(row.state == "failed" for row in rows) else "prose")
        self.clear_button.setVisible(not self.is_folded and any(row.state == "done" for row in rows))
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

    @Slot()
    def _on_clear(self) -> None:
        for row in self._downloads.rows:
            if row.state == "done":
                self._bridge.run(CancelDownload(id=row.id))

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
