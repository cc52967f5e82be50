"""What stands in the middle of the blind view while there is no pair: a question, a wait, a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from steelyard.ui.widgets import blind_texts
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_TEXT_PX = 560
SHARES = ((0.75, 29), (0.7, 47), (0.65, 85), (0.6, 194), (0.55, 783))
"""Splits that a series can be planned for, and the votes that each needs."""


class CentredPanel(QFrame):
    """A card with an icon, a title, a text and a row of buttons, in the middle of the room."""

    def __init__(self, theme: Theme, icon: str, title: str, text: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self._icon = QLabel()
        self._title = make_label(theme, title, px=20, weight=600)
        self._text = make_label(theme, text, "prose", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.say(title, text)

    @property
    def shown_text(self) -> str:
        """Title and text."""
        return f"{self._title.text()} {self._text.text()}".strip()

    def say(self, title: str, text: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        # A wrapped label in a centred place does not get the height of its width by itself.
        self._text.setFixedSize(_TEXT_PX, max(1, self._text.heightForWidth(_TEXT_PX)))

    def _lay_out(self) -> None:
        centre = Qt.AlignmentFlag.AlignHCenter
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addStretch(4)
        column.addWidget(self._icon, 0, centre)
        column.addWidget(self._title, 0, centre)
        column.addWidget(self._text, 0, centre)
        column.addSpacing(4)
        column.addLayout(self.body)
        column.addSpacing(4)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addLayout(self.buttons)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(5)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._icon.setPixmap(self._theme.pixmap(self._icon_name, "text3", 32))


class WritingPanel(CentredPanel):
    """Answers are on their way: how many, and nothing about whose."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "eye-off", "The answers are being written")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(360, 6)
        self._bar.setAccessibleName("Answers that are ready")
        self._eta = make_label(theme, "", "muted", px=12, tabular=True)
        self.body.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignHCenter)
        self.body.addWidget(self._eta, 0, Qt.AlignmentFlag.AlignHCenter)
        self.vote_button = make_button(theme, "Vote on what is ready")
        self.cancel_button = make_button(theme, "Stop")
        self.buttons.addWidget(self.vote_button)
        self.buttons.addWidget(self.cancel_button)

    def show_progress(self, done: int, total: int, eta_s: float | None, *, can_vote: bool) -> None:
        """So many of the answers are over."""
        hidden = "You see them when all of a prompt's answers are there, side by side and without a name."
        self.say(blind_texts.writing_text(done, total), hidden)
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(done)
        self._eta.setText(blind_texts.eta_text(eta_s) or " ")
        self.vote_button.setVisible(can_vote)


class NewSeriesPanel(CentredPanel):
    """How fine a difference the new series should be able to show."""

    begun = Signal(float)
    """Begin one that can show a split of this share."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "flask-conical",
            "Begin a new series",
            "The present one is kept as it is. Choose beforehand how clear a preference the new one should "
            "be able to show: the closer the two are, the more votes it takes to tell them apart.",
        )
        options = [(f"{share:.2f}", blind_texts.split_text(share)) for share, _ in SHARES]
        self.choice = Segmented(theme, "Split", options)
        self.choice.set_value("0.65")
        self._needed = make_label(theme, "", "prose", px=12)
        self.body.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignHCenter)
        self.body.addWidget(self._needed, 0, Qt.AlignmentFlag.AlignHCenter)
        self.begin_button = make_button(theme, "Begin", "primary")
        self.keep_button = make_button(theme, "Go on with this one")
        self.buttons.addWidget(self.keep_button)
        self.buttons.addWidget(self.begin_button)
        self.choice.chosen.connect(self._show_needed)
        self.begin_button.clicked.connect(self._on_begin)
        self._show_needed()

    @Slot()
    def _show_needed(self) -> None:
        share = float(self.choice.value)
        votes = next(votes for known, votes in SHARES if abs(known - share) < 1e-9)
        self._needed.setText(f"{votes:,} votes of each pair ({blind_texts.POWER_WORDS})")

    @Slot()
    def _on_begin(self) -> None:
        self.begun.emit(float(self.choice.value))


def make_panel(theme: Theme, icon: str, title: str, text: str, *buttons: QWidget) -> CentredPanel:
    """A panel that only says something and offers buttons."""
    panel = CentredPanel(theme, icon, title, text)
    for button in buttons:
        panel.buttons.addWidget(button)
    return panel
