"""What a column says in the place of an answer: that its run failed and why, or what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.values.run import ErrorInfo
    from steelyard.ui.theme.theme import Theme

_DETAIL_CHARS = 320


class FailureCard(QFrame):
    """A failed run as a red result: what, why, what to do, and Retry."""

    retry_chosen = Signal()
    """The user wants to try again."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        set_role(self, "note-bad")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._icon = QLabel()
        self._title = make_label(theme, "", "bad", weight=600, wrap=True)
        self._detail = make_label(theme, "", "prose", px=12, wrap=True)
        self._hint = make_label(theme, "", px=12, wrap=True)
        for label in (self._title, self._detail, self._hint):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = make_button(theme, "Retry", icon="rotate-cw", tooltip="Send the same prompt here again")
        self._lay_out()
        self.button.clicked.connect(self.retry_chosen)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    def show_error(self, error: ErrorInfo | None) -> None:
        """Show an error; None hides the card."""
        if error is not None:
            self._title.setText(error.title)
            short = error.detail
            if len(short) > _DETAIL_CHARS:
                short = short[: _DETAIL_CHARS - 1] + "…"
            self._detail.setText(short)
            self._detail.setVisible(bool(short))
            self._detail.setToolTip(plain_tooltip(error.detail) if short != error.detail else "")
            self._hint.setText(error.hint)
            self._hint.setVisible(bool(error.hint))
            self.setAccessibleName(" ".join(p for p in (error.title, error.detail, error.hint) if p))
        self.setVisible(error is not None)

    @property
    def text(self) -> str:
        """All that is said."""
        labels = (self._title, self._detail, self._hint)
        return " ".join(label.text() for label in labels if label.text())

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(4)
        for label in (self._title, self._detail, self._hint):
            words.addWidget(label)
        words.addSpacing(4)
        words.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 12)
        row.setSpacing(10)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def _on_theme_changed(self) -> None:
        self._icon.setPixmap(self._theme.pixmap("circle-alert", "bad", 16))


class ColumnNotice(QWidget):
    """The middle of a column that has no text yet: what it waits for, and how far that is."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._text = make_label(theme, "", "muted", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._bar = QProgressBar()
        self._bar.setRange(0, 100)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._bar.setAccessibleName("Progress")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addStretch(1)
        column.addWidget(self._text)
        column.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.hide()

    def show_text(self, text: str, progress: float | None) -> None:
        """Show what is waited for; an empty text hides all of it."""
        self._text.setText(text)
        self._bar.setVisible(progress is not None)
        if progress is not None:
            self._bar.setValue(round(progress * 100))
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """What is shown."""
        return self._text.text()
