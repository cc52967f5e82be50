"""How the drawer of stored comparisons is laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_history_foot import HistoryFoot
from steelyard.ui.pages.compare_history_list import HistoryList
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import make_label, make_line, name_widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.ui.theme.theme import Theme

WIDTH_PX = 460
_INSET_PX = 12


class HistoryLayout(QFrame):
    """Search, filters, list or message, what can be done."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self._tags: list[str] = []
        self.setProperty("role", "popup")
        self.setAccessibleName("Stored comparisons")
        self.search = QLineEdit()
        self.search.setFont(theme.font(13))
        self.search.setPlaceholderText("Search titles, prompts, answers, targets…")
        name_widget(self.search, "Search stored comparisons", "Words that must all occur")
        self.tag_box = QComboBox()
        self.tag_box.setFont(theme.font(12))
        self.tag_box.addItem("All tags", "")
        name_widget(self.tag_box, "Tag", "Only those with this tag")
        self.starred_button = make_button(theme, "Starred", "ghost", icon="star", tooltip="Only starred ones")
        self.starred_button.setCheckable(True)
        self.close_button = make_icon_button(theme, "x", "Close the history", tooltip="Close (Esc)")
        self.list = HistoryList(theme)
        self.foot = HistoryFoot(theme)
        self._count = make_label(theme, "", "muted", px=12, tabular=True)
        self._message = make_label(theme, "", "prose", wrap=True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.clear_button = make_button(theme, "Clear search and filters", "link")
        self.again_button = make_button(theme, "Try again", "link")
        self._stack = QStackedWidget()
        self._lay_out(theme)
        parent.installEventFilter(self)
        self.hide()

    def place(self) -> None:
        """Over the left of the parent."""
        width = min(WIDTH_PX, self._over.width() - 2 * _INSET_PX)
        self.setGeometry(_INSET_PX, _INSET_PX, width, self._over.height() - 2 * _INSET_PX)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the parent's size."""
        if event.type() == QEvent.Type.Resize and watched is self._over:
            self.place()
        return False

    def know_tags(self, tags: Iterable[str]) -> None:
        """Offer tags that were met."""
        for tag in tags:
            if tag not in self._tags:
                self._tags.append(tag)
                self.tag_box.addItem(tag, tag)

    def show_reading(self) -> None:
        """The list is being read; the rows of before stay so long."""
        if not self.list.rows:
            self._show_message("Reading…")

    def show_rows(self, *, is_filtered: bool, has_more: bool) -> None:
        """The list, or why it is empty."""
        count = len(self.list.rows)
        self._count.setText(f"{count:,}{'+' if has_more else ''}" if count else "")
        if count:
            self._stack.setCurrentWidget(self.list)
        elif is_filtered:
            self._show_message("No stored comparison matches.", self.clear_button)
        else:
            self._show_message("No comparison is stored yet. Each prompt that you send becomes one.")

    def show_error(self, text: str) -> None:
        """The list could not be read."""
        self._count.setText("")
        self._show_message(text, self.again_button)

    @property
    def message(self) -> str:
        """What stands in place of the list; empty while that is shown."""
        return "" if self._stack.currentWidget() is self.list else self._message.text()

    def _show_message(self, text: str, button: QWidget | None = None) -> None:
        self._message.setText(text)
        for offered in (self.clear_button, self.again_button):
            offered.setVisible(offered is button)
        self._stack.setCurrentIndex(1)

    def _lay_out(self, theme: Theme) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(make_label(theme, "History", px=15, weight=600))
        head.addWidget(self._count)
        head.addStretch(1)
        head.addWidget(self.close_button)
        filters = QHBoxLayout()
        filters.setSpacing(8)
        filters.addWidget(self.search, 1)
        filters.addWidget(self.tag_box)
        filters.addWidget(self.starred_button)
        self.tag_box.setMinimumSize(QSize(96, 32))
        told = QWidget()
        column = QVBoxLayout(told)
        column.addStretch(1)
        column.addWidget(self._message)
        column.addWidget(self.clear_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self._stack.addWidget(self.list)
        self._stack.addWidget(told)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(14, 10, 14, 12)
        whole.setSpacing(8)
        whole.addLayout(head)
        whole.addLayout(filters)
        whole.addWidget(self._stack, 1)
        whole.addWidget(make_line())
        whole.addWidget(self.foot)
