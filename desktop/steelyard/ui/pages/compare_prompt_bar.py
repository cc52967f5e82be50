"""The question on the screen: who, when, what; to be edited or read in full; and how far its answers are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QProgressBar, QVBoxLayout

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget, plain_tooltip

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.events import ComparisonProgressed
    from steelyard.ui.pages.compare_turn import Sent
    from steelyard.ui.theme.theme import Theme

_FULL_HEIGHT_PX = 116
_NAME_CHARS = 32
_BAR_PX, _BAR_SIDE_PX = 3, 8
_DOING_CHARS = 48


class PromptBar(QFrame):
    """One line that unfolds; hidden before the first prompt."""

    edit_wanted = Signal()
    """Edit the question and ask it anew."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._sent: Sent | None = None
        self.setProperty("role", "card")
        self._time = make_label(theme, "", "muted", px=12, tabular=True)
        self._text = ElidedLabel(theme, "")
        self._files = make_label(theme, "", "code-chip", px=11, mono=True)
        self._files.hide()
        self._progress = make_label(theme, "", "muted", px=12, tabular=True)
        self._bar = QProgressBar(self)  # lies over the lower edge, so that nothing below moves
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Answers that are ready")
        self._bar.hide()
        self.edit_button = make_icon_button(
            theme, "pencil", "Edit and ask anew", tooltip="Edit this question and ask it anew (Ctrl+E)"
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
        names = [attachment.name for attachment in sent.attachments]
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        self._files.setText(f"{names[0][:_NAME_CHARS]}{more}" if names else "")
        self._files.setToolTip(plain_tooltip("\n".join(names)))
        self._files.setVisible(bool(names))
        self._time.setText(local_time(sent.sent_at))
        self._text.setText(" ".join(sent.prompt.split()))
        system = f"System prompt:\n{sent.system}\n\nPrompt:\n" if sent.system else ""
        self._full.setPlainText(system + sent.prompt)
        self.setAccessibleName(f"You, {self._time.text()}: {self._text.text()}")

    def show_progress(self, progress: ComparisonProgressed | None) -> None:
        """Say how far the answers are; None says nothing."""
        self._progress.setText(progress_text(progress) if progress is not None else "")
        self._bar.setVisible(progress is not None and progress.total > 1)
        if progress is not None:
            self._bar.setRange(0, max(1, progress.total))
            self._bar.setValue(progress.done)
            self._progress.setToolTip(plain_tooltip(f"{self._progress.text()} (Esc stops)"))

    @property
    def text(self) -> str:
        """The line that is shown."""
        return self._text.text()

    @property
    def progress(self) -> str:
        """What is said about how far it is."""
        return self._progress.text()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(16, 5, 8, 5)
        line.setSpacing(10)
        bar = make_line("vline")
        bar.setFixedHeight(16)
        for widget in (make_label(self._theme, "You", px=13, weight=600), self._time, bar):
            line.addWidget(widget)
        line.addWidget(self._text, 1)
        line.addWidget(self._files)
        line.addWidget(self._progress)
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

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The bar keeps to the edge."""
        super().resizeEvent(event)
        self._bar.setGeometry(_BAR_SIDE_PX, self.height() - _BAR_PX, self.width() - 2 * _BAR_SIDE_PX, _BAR_PX)

    @Slot()
    def _on_fold(self) -> None:
        is_full = not self._full.isVisibleTo(self)
        self._full.setVisible(is_full)
        name = "Hide the whole prompt" if is_full else "Show the whole prompt"
        name_widget(self.fold_button, name)
        self._theme.bind_icon(self.fold_button, "chevron-up" if is_full else "chevron-down")
        if is_full:
            self._full.setFocus(Qt.FocusReason.OtherFocusReason)


def progress_text(progress: ComparisonProgressed) -> str:
    """`3 of 12, about 40 s left, loading Llama-3.1-8B`."""
    parts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.eta_s is not None:
        parts.append(f"about {_span(progress.eta_s)} left")
    doing = (
        progress.doing if len(progress.doing) <= _DOING_CHARS else f"{progress.doing[: _DOING_CHARS - 1]}…"
    )
    return " · ".join([*parts, *([doing] if doing else [])])


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"


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
