"""Where the next question of a blind series is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.widgets import blind_texts
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.compare_prompt import PromptEdit
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Ballot
    from steelyard.core.values.reports import CostPreview
    from steelyard.ui.theme.theme import Theme

_WIDEST_PX = 860
_FIRST = (
    "Ask what you would really ask. All targets answer before anything is shown; then you read two answers "
    "side by side, without names, times, cost or length, and say which is better. Your vote is stored before "
    "you are told who it was."
)
_NEXT = "The answers are written first, hidden. Different prompts say more than the same one again."


class AskCard(QFrame):
    """The prompt, its table, the estimate and the button."""

    write_wanted = Signal()
    """Ctrl+Enter on the number pad."""
    edited = Signal()
    """The prompt is another one."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setAccessibleName("Next question")
        self._title = make_label(theme, "Ask the first question", px=20, weight=600)
        self._text = make_label(theme, _FIRST, "prose", wrap=True)
        self._votes = make_label(theme, "", "muted", px=12, wrap=True)
        self.prompt = PromptEdit(theme, most_lines=12, role="code")
        self.prompt.set_fewest_lines(7)
        name_widget(self.prompt, "Prompt", "What to ask all targets (Ctrl+Enter writes the answers)")
        self.prompt.setPlaceholderText("What should they answer?")
        self.chips = QHBoxLayout()
        self.chips.setSpacing(8)
        self._estimate = make_label(theme, "", "muted", px=12, tabular=True)
        self.write_button = PartsButton(theme, "primary")
        self.write_button.show_parts(
            [Part("Write the answers", "on_accent", 600, 13), Part("Ctrl ↵", "on_accent", 500, 11)],
            icon="eye-off",
            icon_color="on_accent",
        )
        name_widget(self.write_button, "Write the answers", "Write the answers, hidden (Ctrl+Enter)")
        self._lay_out()
        self.prompt.textChanged.connect(self._on_edited)
        self.prompt.send_wanted.connect(self.write_wanted)
        self._on_edited()

    @property
    def text(self) -> str:
        """The prompt; empty when only blanks stand there."""
        text = self.prompt.text
        return text if text.strip() else ""

    @property
    def estimate(self) -> str:
        """The estimate that is shown."""
        return self._estimate.text()

    def show_ballot(self, ballot: Ballot) -> None:
        """Words for the first question, or for a further one."""
        is_first = ballot.votes == 0 and ballot.skipped == 0
        self._title.setText("Ask the first question" if is_first else "Ask the next question")
        self._text.setText(_FIRST if is_first else _NEXT)
        steps = sorted(ballot.steps, key=lambda step: step.votes)
        needs = ", ".join(f"{step.votes:,} for {blind_texts.split_text(step.share)}" for step in steps)
        each = "Votes of each pair" if len(ballot.targets) > 2 else "Votes"
        self._votes.setText(f"{each} that it takes to show a split: {needs}." if is_first and needs else "")
        self._votes.setVisible(bool(self._votes.text()))

    def show_estimate(self, preview: CostPreview | None, prompts: int) -> None:
        """What the answers would cost at most."""
        self._estimate.setText(blind_texts.estimate_text(preview, prompts))

    def set_compact(self, *, is_compact: bool) -> None:
        """A low window keeps its height for the prompt."""
        self.prompt.set_fewest_lines(4 if is_compact else 7)

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(12)
        foot.addLayout(self.chips)
        foot.addStretch(1)
        foot.addWidget(self._estimate)
        foot.addWidget(self.write_button)
        inner = QWidget()
        inner.setMaximumWidth(_WIDEST_PX)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        for widget in (self._title, self._text, self._votes, self.prompt):
            column.addWidget(widget)
        column.addLayout(foot)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(inner, 100)
        middle.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 16, 24, 16)
        outer.addStretch(2)
        outer.addLayout(middle)
        outer.addStretch(3)

    @Slot()
    def _on_edited(self) -> None:
        self.write_button.setEnabled(bool(self.text))
        self.edited.emit()
