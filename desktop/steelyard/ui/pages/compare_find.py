"""The find bar of the Compare page: one search in all answers shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QKeyCombination, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy

from steelyard.ui.pages.compare_find_search import AnswerSearch
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.keys import takes_esc
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.response_find import pattern_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QKeyEvent

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

TYPING_MS = 120
_CASE = QKeyCombination(Qt.KeyboardModifier.AltModifier, Qt.Key.Key_A)


class FindEdit(QLineEdit):
    """Enter and Shift+Enter step through the hits; Esc is for the bar, not for the page."""

    stepped = Signal(int)
    """1 to the next hit, -1 to the one before."""
    left = Signal()
    """Esc."""
    case_toggled = Signal()
    """Alt+A."""

    def event(self, event: QEvent) -> bool:
        """Esc means something else elsewhere: take it before it becomes a shortcut."""
        return takes_esc(event, _CASE) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of the bar."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.stepped.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.keyCombination() == _CASE:
            self.case_toggled.emit()
        else:
            super().keyPressEvent(event)


class FindBar(QFrame):
    """Words, n of m, next, previous, case, close. `views` tells which answers are shown now."""

    closed = Signal()
    """Nothing is searched for any more."""

    def __init__(self, theme: Theme, views: Callable[[], list[ResponseView]]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setAccessibleName("Find in answers")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search = AnswerSearch(theme, views, self)
        self.edit = FindEdit()
        self.edit.setPlaceholderText("Find in all answers shown")
        name_widget(self.edit, "Find in answers", "Words to find in all answers shown")
        self.case_button = make_button(theme, "Aa", "ghost")
        self.case_button.setCheckable(True)
        name_widget(self.case_button, "Match case", "Tell capitals from small letters (Alt+A)")
        self.count = make_label(theme, "", "muted", px=12, tabular=True)
        self.before_button = make_icon_button(
            theme, "arrow-up", "Previous hit", tooltip="Previous hit (Shift+F3)"
        )
        self.next_button = make_icon_button(theme, "arrow-down", "Next hit", tooltip="Next hit (F3)")
        self.close_button = make_icon_button(
            theme, "x", "Close the find bar", tooltip="Close the find bar (Esc)"
        )
        self._typing_timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._lay_out()
        self._connect()
        self._show_count()
        self.hide()

    def start(self) -> None:
        """Show the bar and put the keyboard into it; what was searched for is searched again."""
        self.show()
        self.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.edit.selectAll()
        self._search()

    @Slot()
    def close_bar(self) -> None:
        """Hide the bar and every mark."""
        if not self.isHidden():
            self.hide()
            self._typing_timer.stop()
            self.search.clear()
            self.closed.emit()

    @Slot(int)
    def step(self, by: int) -> None:
        """To the next hit (1) or the one before (-1), round the ends; opens the bar when it is closed."""
        if self.isHidden():
            self.start()
            return
        if self._typing_timer.isActive():
            self._typing_timer.stop()
            self._search()
            self.search.step(0)
            return
        self.search.step(by)

    def refresh(self) -> None:
        """Other answers are shown now, or their text has grown."""
        if not self.isHidden():
            self.search.refresh_soon()

    @Slot()
    def _search(self) -> None:
        self.search.search(pattern_of(self.edit.text(), is_case_kept=self.case_button.isChecked()))

    @Slot()
    def _show_count(self) -> None:
        found, total = self.search, self.search.total
        if found.pattern is None:
            text = ""
        elif not total:
            text = "nothing found"
        else:
            text = f"{found.at + 1:,} of {total:,}" if found.at >= 0 else f"{total:,} found"
        self.count.setText(text)
        by_column = ", ".join(f"{count:,}" for count in found.counts)
        self.count.setToolTip(f"By column: {by_column}" if total else "")
        self.edit.setAccessibleDescription(text)
        for button in (self.before_button, self.next_button):
            button.setEnabled(total > 0)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 8, 5)
        row.setSpacing(8)
        row.addWidget(self.edit, 2)
        row.addWidget(self.case_button)
        row.addWidget(self.before_button)
        row.addWidget(self.next_button)
        row.addWidget(self.count)
        row.addStretch(3)
        row.addWidget(self.close_button)

    def _connect(self) -> None:
        self._typing_timer.timeout.connect(self._search)
        self.search.changed.connect(self._show_count)
        self.edit.textChanged.connect(self._on_typed)
        self.edit.stepped.connect(self.step)
        self.edit.left.connect(self.close_bar)
        self.edit.case_toggled.connect(self.case_button.toggle)
        self.case_button.toggled.connect(self._search)
        self.before_button.clicked.connect(self._on_before)
        self.next_button.clicked.connect(self._on_next)
        self.close_button.clicked.connect(self.close_bar)

    @Slot()
    def _on_typed(self) -> None:
        self._typing_timer.start()

    @Slot()
    def _on_before(self) -> None:
        self.step(-1)

    @Slot()
    def _on_next(self) -> None:
        self.step(1)
