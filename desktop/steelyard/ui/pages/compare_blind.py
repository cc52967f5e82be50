"""Blind votes on the Compare page: which answer is better, without knowing whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from steelyard.ui.pages.compare_blind_actions import ActionsHold, add_blind_actions
from steelyard.ui.pages.compare_blind_estimate import BlindEstimate
from steelyard.ui.pages.compare_blind_layout import BlindLayout
from steelyard.ui.pages.compare_blind_series import BlindSeries, BlindSetup
from steelyard.ui.pages.compare_blind_table import BlindTable
from steelyard.ui.widgets import blind_texts

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from steelyard.core.values.ballots import Choice, Draw
    from steelyard.core.values.comparison import ComparisonHistory
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.pages.compare_blind_series import Phase
    from steelyard.ui.theme.theme import Theme


class BlindView(BlindLayout):
    """One series of blind votes; `open` begins or goes on, `left` says that the user is done for now."""

    left = Signal()
    """The columns are wanted back."""
    comparison_wanted = Signal(str)
    """The id of a comparison whose pairs have all been voted on: show it with all figures."""
    link_clicked = Signal(str)
    """The user asked for a link of an answer; nothing has been opened."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions) -> None:
        super().__init__(theme)
        self._actions = add_blind_actions(actions, self)
        self._hold = ActionsHold(actions, self)
        self.series = BlindSeries(bridge, self)
        self.table = BlindTable(theme, self)
        self._shown_draw: Draw | None = None
        self._overlay: QWidget | None = None
        self._wants_standings = False
        self._estimate = BlindEstimate(bridge, self.ask, self.series, self.table)
        self._connect()
        buttons = {
            "skip": self.skip_button,
            "leave": self.leave_button,
            "new": self.new_button,
            "write": self.ask.write_button,
            "undo": self.reveal.undo_button,
            "open": self.reveal.open_button,
        }
        for name, button in buttons.items():
            actions.describe(f"compare.blind.{name}", button)

    # ---- what can be done ----------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether a series is open."""
        return self.series.phase != "closed"

    def open(self, setup: BlindSetup) -> None:
        """Go on with the latest series of these targets, or begin the first."""
        self._enter()
        self.series.open(setup)

    def open_ballot(self, ballot_id: str, setup: BlindSetup, wanted: ComparisonHistory) -> None:
        """Go on with a certain series: a comparison was to be opened that belongs to it."""
        self._enter()
        self.series.open_ballot(ballot_id, setup, wanted)

    def vote(self, choice: Choice | None) -> None:
        """Vote on the pair that is shown; None skips it."""
        if self.stack.currentWidget() is self.pair:
            self.series.vote(choice)

    def undo(self) -> None:
        """Take the last vote back."""
        self.series.undo()

    def write(self) -> None:
        """Have the answers written."""
        if self.table.missing:
            self.table.sheet.open()
        elif self.ask.text and self.series.phase == "asking":
            text, cases = self.ask.text, self.table.cases
            self.ask.prompt.clear()
            self.series.write(text, cases)

    def show_standings(self) -> None:
        """Show the standings, or ask whether to look before there are votes enough."""
        ballot = self.series.ballot
        if ballot is None or not ballot.total_votes:
            return
        if ballot.standings is None and ballot.is_peeked:
            self._wants_standings = True
            self.series.peek()
        else:
            self._show_overlay(self.peek if ballot.standings is None else self.standings)

    def open_last(self) -> None:
        """Show the answers of the last vote with all their figures."""
        reveal = self.series.reveal
        comparison_id = reveal.left.comparison_id if reveal is not None else None
        if comparison_id and self.series.is_last:
            self._on_unveiled(comparison_id)

    def ask_new(self) -> None:
        """Offer a new series."""
        if self.series.ballot is not None:
            self._show_overlay(self.new_series)

    def leave(self) -> None:
        """A step back: from what lies over the pair, from answers on their way, then from the series."""
        if self._overlay is not None:
            self._show_overlay(None)
        elif self.series.phase == "writing":
            self.series.stop()
        else:
            self.close_series()

    def close_series(self) -> None:
        """Leave; everything that is stored stays."""
        self.series.close()
        self._hold.release()
        self.left.emit()

    # ---- wiring --------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.series.changed.connect(self._show)
        self.series.unveiled.connect(self._on_unveiled)
        self.table.changed.connect(self._estimate.refresh)
        self.pair.votes.chosen.connect(self.vote)
        self.skip_button.clicked.connect(self._on_skip)
        self.leave_button.clicked.connect(self.close_series)
        self.ask.write_button.clicked.connect(self.write)
        self.ask.write_wanted.connect(self.write)
        self.ask.edited.connect(self._on_edited)
        self.writing.cancel_button.clicked.connect(self.series.stop)
        self.writing.vote_button.clicked.connect(self.series.vote_early)
        self.retry_button.clicked.connect(self.series.retry)
        self.why_button.clicked.connect(self.series.tell)
        self.reveal.undo_button.clicked.connect(self.undo)
        self.reveal.open_button.clicked.connect(self.open_last)
        self.progress.standings_button.clicked.connect(self.show_standings)
        self.new_button.clicked.connect(self.ask_new)
        self.standings.back_button.clicked.connect(self._on_back)
        self.keep_button.clicked.connect(self._on_back)
        self.peek_button.clicked.connect(self.series.peek)
        self.new_series.keep_button.clicked.connect(self._on_back)
        self.new_series.begun.connect(self._on_begun)
        for card in self.pair.answers.values():
            card.link_clicked.connect(self.link_clicked)

    def _enter(self) -> None:
        self._overlay = None
        self._hold.hold()

    @Slot()
    def _on_skip(self) -> None:
        self.vote(None)

    @Slot()
    def _on_back(self) -> None:
        self._show_overlay(None)

    @Slot(float)
    def _on_begun(self, share: float) -> None:
        self._overlay = None
        self.series.begin_new(share)

    @Slot(str)
    def _on_unveiled(self, comparison_id: str) -> None:
        self.close_series()
        self.comparison_wanted.emit(comparison_id)

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_overlay(self, widget: QWidget | None) -> None:
        self._overlay = widget
        self._show()
        self.focus_first()

    @Slot()
    def _show(self) -> None:
        series = self.series
        if series.phase == "closed":
            for action in self._actions.values():
                action.setEnabled(False)
            return
        self._show_ballot()
        self._show_note()
        self._show_middle(series.phase)
        self._show_actions()

    def _show_ballot(self) -> None:
        series, ballot = self.series, self.series.ballot
        self.progress.show_ballot(ballot)
        colors = {name: f"s{at + 1}" for at, name in enumerate(series.setup.targets[:4])}
        if series.is_undone:
            self.reveal.show_undone()
        else:
            self.reveal.show_reveal(series.reveal, ballot.total_votes if ballot is not None else 0, colors)
        self.reveal.open_button.setVisible(series.reveal is not None and series.is_last)
        if ballot is None:
            self.say_how("")
            return
        self.say_how(blind_texts.draw_text(ballot))
        self.reveal.show_sides(blind_texts.side_text(ballot.position))
        is_known = ballot.is_peeked or ballot.standings is not None
        self.progress.standings_button.setText("Standings" if is_known else "Look anyway")
        if ballot.standings is not None:
            self.standings.show_ballot(ballot, colors, series.failures)
            if self._overlay is self.peek or self._wants_standings:
                self._overlay, self._wants_standings = self.standings, False

    def _show_note(self) -> None:
        self.note.show_text(self.series.note)
        self.why_button.setVisible(bool(self.series.note) and self.series.can_tell)

    def _show_middle(self, phase: Phase) -> None:
        series = self.series
        if phase == "failed" and series.error is not None:
            error = series.error
            self.failed.say(error.title, f"{error.detail} {error.hint}".strip())
        if phase == "writing" and series.writing is not None:
            writing = series.writing
            self.writing.show_progress(
                writing.done, writing.total, writing.eta_s, can_vote=series.can_vote_early
            )
        if phase == "asking" and series.ballot is not None:
            self.ask.show_ballot(series.ballot)
            if series.lost_prompt and not self.ask.text:
                self.ask.prompt.setPlainText(series.lost_prompt)
            series.lost_prompt = ""
        if phase == "voting" and series.draw is not None and series.draw is not self._shown_draw:
            self._show_draw(series.draw)
        self.pair.votes.set_open(is_open=phase == "voting")
        places: dict[Phase, QWidget] = {
            "opening": self.opening,
            "failed": self.failed,
            "asking": self.ask,
            "writing": self.writing,
            "voting": self.pair,
        }
        # Between a vote and the next pair the old one stays, so that nothing flickers.
        widget = self._overlay or places.get(phase)
        if widget is not None and widget is not self.stack.currentWidget():
            self.stack.setCurrentWidget(widget)
            if self.isVisible():
                self.focus_first()

    def _show_draw(self, draw: Draw) -> None:
        self._shown_draw = draw
        self.pair.prompt.show_draw(draw)
        self.pair.answers["a"].reader.show_text(draw.left_text)
        self.pair.answers["b"].reader.show_text(draw.right_text)

    def _show_actions(self) -> None:
        series, shown = self.series, self.stack.currentWidget()
        is_voting = series.phase == "voting" and shown is self.pair
        has_ballot = series.ballot is not None
        has_votes = series.ballot is not None and series.ballot.total_votes > 0
        enabled = {
            "undo": series.reveal is not None and not series.is_undone,
            "write": series.phase == "asking" and shown is self.ask and bool(self.ask.text),
            "standings": has_votes and self._overlay is None,
            "new": has_ballot and self._overlay is None,
            "open": series.reveal is not None and series.is_last,
            "leave": True,
        }
        for name, action in self._actions.items():
            action.setEnabled(enabled.get(name, is_voting))
        self.skip_button.setEnabled(is_voting)
        self.new_button.setEnabled(enabled["new"])
        self.progress.standings_button.setEnabled(enabled["standings"])

    @Slot()
    def _on_edited(self) -> None:
        is_asking = self.series.phase == "asking" and self.stack.currentWidget() is self.ask
        self._actions["write"].setEnabled(is_asking and bool(self.ask.text))
        self._estimate.refresh()
