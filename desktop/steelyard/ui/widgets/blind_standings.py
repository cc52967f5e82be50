"""What the votes of a series say. "Cannot be told apart" is a result and looks like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets import blind_texts
from steelyard.ui.widgets.blind_interval import IntervalBar
from steelyard.ui.widgets.blind_reveal import square_pixmap
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.ballots import Ballot, Interval, PairResult, Rating, Standings
    from steelyard.ui.theme.theme import Theme

_TITLE_MAX_CHARS = 120
_PEEKED = "These standings were looked at before the planned number of votes: the 5 % level no longer holds."


class StandingsCard(QFrame):
    """Verdict, win rates, strengths, pairs, sides, and what failed on the way."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.setAccessibleName("Standings")
        self._badge = QLabel()
        self._verdict = make_label(theme, "", px=20, weight=600, wrap=True)
        self._reason = make_label(theme, "", "prose", wrap=True)
        self.back_button = make_button(theme, "Back to the votes")
        self._note = Note(theme, "warn")
        self._position = make_label(theme, "", "prose", px=12, wrap=True)
        self._failures = make_label(theme, "", "muted", px=12, wrap=True)
        self._tables = QVBoxLayout()
        self._tables.setSpacing(14)
        self._shown: QWidget | None = None
        self._ballot: Ballot | None = None
        self._colors: dict[str, str] = {}
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)

    @property
    def shown_text(self) -> str:
        """All words of the card."""
        labels = self.findChildren(QLabel)
        return " | ".join(label.text() for label in labels if label.text() and not label.isHidden())

    def show_ballot(self, ballot: Ballot, colors: dict[str, str], failures: Sequence[str]) -> None:
        """Show the standings of a series that has them; `colors` are tokens by target."""
        standings = ballot.standings
        self._ballot, self._colors = ballot, colors
        if standings is None:
            return
        title, reason = verdict_parts(standings)
        self._verdict.setText(title)
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        self._note.show_text(_PEEKED if ballot.is_peeked else "")
        left = blind_texts.left_text(ballot)
        self._position.setText(f"{blind_texts.position_text(standings.position)} {left}".strip())
        self._failures.setText("\n".join(["What failed in this session:", *failures]) if failures else "")
        self._failures.setVisible(bool(failures))
        self._show_tables(standings)
        self._on_theme_changed()

    # ---- parts ---------------------------------------------------------------------------------------------

    def _show_tables(self, standings: Standings) -> None:
        if self._shown is not None:
            self._tables.removeWidget(self._shown)
            self._shown.deleteLater()
        self._shown = QWidget()
        column = QVBoxLayout(self._shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addLayout(self._ratings(standings.ratings))
        if len(standings.ratings) > 2:
            column.addWidget(make_line())
            column.addLayout(self._pairs(standings.pairs))
        self._tables.addWidget(self._shown)

    def _ratings(self, ratings: list[Rating]) -> QGridLayout:
        grid = _grid()
        is_many = len(ratings) > 2
        heads = ["Target", "Win rate, ties half", ""]
        heads += ["Bradley-Terry strength, Elo points", ""] if is_many else []
        self._heads(grid, heads)
        grid.setColumnStretch(3, 1 if is_many else 0)
        elo_low, elo_high = _range([rating.elo for rating in ratings])
        for line, rating in enumerate(ratings, start=1):
            color = self._colors.get(rating.target, "s5")
            self._name(grid, line, rating, color)
            rate = IntervalBar(self._theme, color, low=0, high=1, even=0.5)
            self._interval(grid, line, 1, rate, rating.win_rate, blind_texts.interval_text(rating.win_rate))
            if is_many:
                elo = IntervalBar(self._theme, color, low=elo_low, high=elo_high, even=0)
                self._interval(grid, line, 3, elo, rating.elo, blind_texts.elo_text(rating.elo))
        return grid

    def _pairs(self, pairs: list[PairResult]) -> QGridLayout:
        grid = _grid()
        self._heads(grid, ["Pair", "Win rate of the first", "", "Sign test", ""])
        for line, pair in enumerate(pairs, start=1):
            name = ElidedLabel(self._theme, f"{pair.first} against {pair.second}", px=12)
            name.setMinimumWidth(220)
            grid.addWidget(name, line, 0)
            bar = IntervalBar(self._theme, self._colors.get(pair.first, "s5"), low=0, high=1, even=0.5)
            rate = pair.win_rate
            words = blind_texts.interval_text(rate) if rate is not None else "no vote yet"
            self._interval(grid, line, 1, bar, rate, words)
            grid.addWidget(make_label(self._theme, blind_texts.p_text(pair.p), "muted", px=12), line, 3)
            told = "told apart" if pair.is_distinguishable else "cannot be told apart"
            role = "pill-good" if pair.is_distinguishable else "pill-info"
            grid.addWidget(make_label(self._theme, told, role, px=11), line, 4)
        return grid

    def _heads(self, grid: QGridLayout, words: list[str]) -> None:
        for at, word in enumerate(words):
            if word:
                grid.addWidget(make_label(self._theme, word, "label", px=11), 0, at)
        grid.setColumnStretch(1, 1)

    def _name(self, grid: QGridLayout, line: int, rating: Rating, color: str) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        words = QVBoxLayout()
        words.setSpacing(1)
        tally = blind_texts.tally_text(rating.wins, rating.losses, rating.ties, rating.both_bad)
        square = QLabel()
        square.setPixmap(square_pixmap(self._theme.color(color), self.devicePixelRatioF()))
        name = ElidedLabel(self._theme, rating.target, px=13, weight=500)
        name.setMinimumWidth(140)
        words.addWidget(name)
        words.addWidget(make_label(self._theme, tally, "muted", px=11, tabular=True))
        row.addWidget(square)
        row.addLayout(words, 1)
        grid.addLayout(row, line, 0)

    def _interval(
        self, grid: QGridLayout, line: int, at: int, bar: IntervalBar, interval: Interval | None, words: str
    ) -> None:
        bar.show_interval(interval, words)
        grid.addWidget(bar, line, at)
        grid.addWidget(make_label(self._theme, words, px=12, weight=500, tabular=True), line, at + 1)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._badge, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._verdict)
        words.addWidget(self._reason)
        head.addLayout(words, 1)
        head.addWidget(self.back_button, 0, Qt.AlignmentFlag.AlignTop)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(20, 18, 20, 18)
        inner.setSpacing(14)
        inner.addLayout(head)
        inner.addWidget(self._note)
        inner.addLayout(self._tables)
        inner.addWidget(make_line())
        inner.addWidget(self._position)
        inner.addWidget(self._failures)
        inner.addStretch(1)
        content.setObjectName("standings")
        scroll = make_scroll(content, "Standings")
        scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.addWidget(scroll)

    @Slot()
    def _on_theme_changed(self) -> None:
        standings = self._ballot.standings if self._ballot is not None else None
        if standings is None:
            return
        name, color = ("circle-check", "good") if standings.is_distinguishable else ("equal", "info")
        self._badge.setPixmap(self._theme.pixmap(name, color, 28))
        set_role(self._verdict, color)
        self._show_tables(standings)


def verdict_parts(standings: Standings) -> tuple[str, str]:
    """The verdict's first sentence as a title, and the rest."""
    words = standings.verdict.strip()
    names = tuple(rating.target for rating in standings.ratings)
    for stop in (": ", ". "):
        title, found, reason = words.partition(stop)
        if found and len(title) <= _TITLE_MAX_CHARS:
            return title, reason if reason.startswith(names) else reason[:1].upper() + reason[1:]
    return words, ""


def _range(intervals: list[Interval]) -> tuple[float, float]:
    low = min((interval.low for interval in intervals), default=-1)
    high = max((interval.high for interval in intervals), default=1)
    reach = max(abs(low), abs(high), 1)
    return -reach * 1.05, reach * 1.05


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(8)
    return grid
