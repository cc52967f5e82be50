"""The prompt that was sent last: who, when, what; to be copied back or read in full."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_state import Sent
    from steelyard.ui.theme.theme import Theme

_FULL_HEIGHT_PX = 116


class PromptBar(QFrame):
    """One line that unfolds; hidden before the first prompt."""

    edit_wanted = Signal()
    """Copy the prompt into the composer."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sent: Sent | None = None
        self.setProperty("role", "card")
        self._time = make_label(theme, "", "muted", px=12, tabular=True)
        self._text = ElidedLabel(theme, "")
        self.edit_button = make_icon_button(
            theme, "pencil", "Edit prompt", tooltip="Copy into the prompt field"
        )
        self.fold_button = make_icon_button(theme, "chevron-down", "Show the whole prompt")
        self._full = QPlainTextEdit()
        self._full.setReadOnly(True)
        self._full.setProperty("role", "bare")
        self._full.setFont(theme.font(13))
        self._full.setTabChangesFocus(True)
        self._full.setFixedHeight(_FULL_HEIGHT_PX)
        name_widget(self._full, "The whole prompt")
        self._full.hide()
        self._lay_out()
        self.edit_button.clicked.connect(self.edit_wanted)
        self.fold_button.clicked.connect(self._on_fold)
        self.hide()

    def show_sent(self, sent: Sent | None) -> None:
        """Show a prompt; None hides the bar."""
        self.setVisible(sent is not None)
        if sent is None or sent == self._sent:
            self._sent = sent
            return
        self._sent = sent
        self._time.setText(local_time(sent.sent_at))
        self._text.setText(" ".join(sent.prompt.split()))
        system = f"System prompt:\n{sent.system}\n\nPrompt:\n" if sent.system else ""
        self._full.setPlainText(system + sent.prompt)
        self.setAccessibleName(f"You, {self._time.text()}: {self._text.text()}")

    @property
    def text(self) -> str:
        """The line that is shown."""
        return self._text.text()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(16, 5, 8, 5)
        line.setSpacing(10)
        bar = make_line("vline")
        bar.setFixedHeight(16)
        for widget in (make_label(self._theme, "You", px=13, weight=600), self._time, bar):
            line.addWidget(widget)
        line.addWidget(self._text, 1)
        line.addWidget(self.edit_button)
        line.addWidget(self.fold_button)
        full = QHBoxLayout()
        full.setContentsMargins(10, 0, 10, 0)
        full.addWidget(self._full)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addLayout(full)

    @Slot()
    def _on_fold(self) -> None:
        is_full = not self._full.isVisibleTo(self)
        self._full.setVisible(is_full)
        name = "Hide the whole prompt" if is_full else "Show the whole prompt"
        name_widget(self.fold_button, name)
        self._theme.bind_icon(self.fold_button, "chevron-up" if is_full else "chevron-down")
        if is_full:
            self._full.setFocus(Qt.FocusReason.OtherFocusReason)


def local_time(stamp: str, *, with_day: bool = False) -> str:
    """`14:24` in the user's time zone; with the day where it is not today."""
    try:
        moment = datetime.fromisoformat(stamp).astimezone()
    except ValueError:
        return ""
    today = datetime.now().astimezone().date()
    if with_day and moment.date() != today:
        return f"{moment:%d %b} {moment:%H:%M}" if moment.year == today.year else f"{moment:%d %b %Y}"
    return f"{moment:%H:%M}"
