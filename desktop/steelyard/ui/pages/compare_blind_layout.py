"""How the blind view is laid out: head, remark, the middle, and below it progress and the last reveal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.widgets.blind_ask import AskCard
from steelyard.ui.widgets.blind_panels import NewSeriesPanel, WritingPanel, make_panel
from steelyard.ui.widgets.blind_progress import ProgressCard
from steelyard.ui.widgets.blind_prompt import PromptCard
from steelyard.ui.widgets.blind_reader import AnswerCard
from steelyard.ui.widgets.blind_reveal import RevealCard
from steelyard.ui.widgets.blind_standings import StandingsCard
from steelyard.ui.widgets.blind_votes import VoteBar
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from steelyard.ui.theme.theme import Theme

_COMPACT_BELOW_PX = 744
_NARROW_BELOW_PX = 1152
_PEEK = (
    "The number of votes was fixed before the first one so that nobody stops when the score looks good. "
    "Looking now and going on is allowed, and noted: from then on the series says that the 5 % level no "
    "longer holds. The votes themselves stay as they are."
)


class PairView(QWidget):
    """A question, two answers, four buttons. Keys that nothing else takes scroll both answers."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Pair to vote on: 1 A is better, 2 tie, 3 both bad, 4 B is better, S skip")
        self.prompt = PromptCard(theme)
        self.answers = {"a": AnswerCard(theme, "A"), "b": AnswerCard(theme, "B")}
        self.votes = VoteBar(theme)
        row = QHBoxLayout()
        row.setSpacing(16)
        for card in self.answers.values():
            row.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.prompt)
        column.addLayout(row, 1)
        column.addWidget(self.votes)

    def set_compact(self, *, is_compact: bool) -> None:
        """A low window keeps its height for the answers."""
        for card in self.answers.values():
            card.set_compact(is_compact=is_compact)
        self.votes.set_compact(is_compact=is_compact)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and pages move both answers, so that none is read further than the other."""
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        pages = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}.get(Qt.Key(event.key()))
        if steps is None and pages is None:
            super().keyPressEvent(event)
            return
        for card in self.answers.values():
            if steps is not None:
                card.scroll(steps)
            if pages is not None:
                card.page(pages)


class BlindLayout(QWidget):
    """All widgets of the view; `BlindView` adds what happens."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Blind vote")
        self.pair = PairView(theme)
        self.ask = AskCard(theme)
        self.writing = WritingPanel(theme)
        self.standings = StandingsCard(theme)
        self.new_series = NewSeriesPanel(theme)
        self.peek_button = make_button(theme, "Look anyway")
        self.keep_button = make_button(theme, "Keep them hidden", "primary")
        self.peek = make_panel(
            theme, "eye", "Look before the test is over?", _PEEK, self.peek_button, self.keep_button
        )
        self.retry_button = make_button(theme, "Try again", "primary", icon="refresh-cw")
        self.failed = make_panel(
            theme, "circle-alert", "The series could not be opened", "", self.retry_button
        )
        self.opening = self._make_opening(theme)
        self.stack = QStackedWidget()
        for widget in (
            self.opening,
            self.failed,
            self.ask,
            self.writing,
            self.pair,
            self.standings,
            self.new_series,
            self.peek,
        ):
            self.stack.addWidget(widget)
        self.note = Note(theme, "warn")
        self.why_button = make_button(theme, "Show which one, and why", "link")
        self.why_button.hide()
        self.progress = ProgressCard(theme)
        self.reveal = RevealCard(theme)
        self._make_head(theme)
        self._lay_out()

    @property
    def how_text(self) -> str:
        """The sentence in the head."""
        return self._how.text()

    def focus_first(self) -> None:
        """Where the keyboard goes: what is to be done next."""
        shown = self.stack.currentWidget()
        first = {
            self.ask: self.ask.prompt,
            self.writing: self.writing.cancel_button,
            self.failed: self.retry_button,
            self.standings: self.standings.back_button,
            self.peek: self.keep_button,
            self.new_series: self.new_series.begin_button,
        }
        (first.get(shown) or self.pair).setFocus()

    def say_how(self, text: str) -> None:
        """How pairs come about."""
        self._how.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A small window keeps its room for the answers."""
        super().resizeEvent(event)
        is_low, is_narrow = self.height() < _COMPACT_BELOW_PX, self.width() < _NARROW_BELOW_PX
        self.pair.set_compact(is_compact=is_low)
        self.ask.set_compact(is_compact=is_low)
        self.progress.set_compact(is_low=is_low, is_narrow=is_narrow)
        self.reveal.set_compact(is_low=is_low, is_narrow=is_narrow)

    @staticmethod
    def _make_opening(theme: Theme) -> QWidget:
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedSize(200, 4)
        panel = make_panel(theme, "scale", "Opening the series", "")
        panel.body.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
        return panel

    def _make_head(self, theme: Theme) -> None:
        self._badge = PartsButton(theme, "chip-accent")
        self._badge.show_parts([Part("Blind vote on", "accent", 600)], icon="eye-off", icon_color="accent")
        self._badge.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._badge.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._badge.setAccessibleName("Blind vote on")
        self._how = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.new_button = make_button(theme, "New series…", "ghost", icon="plus")
        self.skip_button = PartsButton(theme, "secondary")
        self.skip_button.show_parts([Part("Skip", px=13), Part("S", "text3", 400, 11)], icon="chevrons-right")
        self.leave_button = PartsButton(theme, "secondary")
        self.leave_button.show_parts(
            [Part("Leave blind mode", px=13), Part("Esc", "text3", 400, 11)], icon="eye"
        )

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._badge)
        head.addWidget(self._how, 1)
        head.addWidget(self.new_button)
        head.addWidget(self.skip_button)
        head.addWidget(self.leave_button)
        said = QHBoxLayout()
        said.setSpacing(8)
        said.addWidget(self.note, 1)
        said.addWidget(self.why_button)
        below = QHBoxLayout()
        below.setSpacing(16)
        below.addWidget(self.progress, 1)
        below.addWidget(self.reveal, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(said)
        column.addWidget(self.stack, 1)
        column.addLayout(below)
