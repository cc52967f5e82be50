"""How far a series is, and what its number of votes can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets import blind_texts
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

    from steelyard.core.values.ballots import Ballot, VoteStep
    from steelyard.ui.theme.theme import Theme

_TRACK_PX = 8
_DOT_PX = 5.5
_LABEL_GAP_PX = 10
_LEAST_PX = 300
"""The card follows the window: what does not fit is shortened, never the window kept wide."""


class VoteTrack(QWidget):
    """A bar from 0 to the needed votes, with a mark where each split would show."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._votes, self._needed = 0, 1
        self._steps: list[VoteStep] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_ballot(self, ballot: Ballot) -> None:
        """Show another state."""
        self._votes, self._needed = ballot.votes, max(1, ballot.needed)
        self._steps = blind_texts.shown_steps(ballot)
        self.setAccessibleName(f"Progress: {blind_texts.count_text(ballot)}")
        steps = ", ".join(f"{step.votes} for {blind_texts.split_text(step.share)}" for step in self._steps)
        self.setToolTip(f"Votes that show a split with {blind_texts.POWER_WORDS}: {steps}" if steps else "")
        self.update()

    def sizeHint(self) -> QSize:
        """A label, the bar, a label."""
        return QSize(240, 52)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bar, marks, labels; a label that would run into its neighbour is left out."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self._theme.color
        middle = self.height() / 2
        bar = QRectF(0, middle - _TRACK_PX / 2, self.width(), _TRACK_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("line"))
        painter.drawRoundedRect(bar, _TRACK_PX / 2, _TRACK_PX / 2)
        done = self.width() * min(1.0, self._votes / self._needed)
        if done > 0:
            painter.setBrush(color("accent_fill"))
            painter.drawRoundedRect(
                QRectF(0, bar.top(), max(done, _TRACK_PX), _TRACK_PX), _TRACK_PX / 2, _TRACK_PX / 2
            )
        free_from = self.width() + _LABEL_GAP_PX
        for step in reversed(self._steps):
            free_from = self._paint_step(painter, step, middle, free_from)

    def _paint_step(self, painter: QPainter, step: VoteStep, middle: float, free_from: float) -> float:
        is_reached = step.votes <= self._votes
        x = min(self.width() - _DOT_PX, max(_DOT_PX, self.width() * step.votes / self._needed))
        self._paint_dot(painter, x, middle, is_reached=is_reached)
        above, below = blind_texts.split_text(step.share), f"{step.votes:,}"
        metrics = QFontMetricsF(self._theme.font(11, tabular=True))
        half = max(metrics.horizontalAdvance(above), metrics.horizontalAdvance(below)) / 2 + 1
        centre = min(self.width() - half, max(half, x))
        if centre + half + _LABEL_GAP_PX > free_from:
            return free_from
        painter.setFont(self._theme.font(11, tabular=True))
        painter.setPen(self._theme.color("text3"))
        width, height = 2 * half, metrics.height()
        centred = Qt.AlignmentFlag.AlignCenter
        painter.drawText(QRectF(centre - half, middle - 10 - height, width, height), centred, above)
        painter.setPen(self._theme.color("text" if is_reached else "text3"))
        painter.drawText(QRectF(centre - half, middle + 9, width, height), centred, below)
        return centre - half

    def _paint_dot(self, painter: QPainter, x: float, y: float, *, is_reached: bool) -> None:
        fill: QColor = self._theme.color("accent_fill" if is_reached else "surface")
        painter.setBrush(fill)
        painter.setPen(QPen(self._theme.color("surface" if is_reached else "ctl"), 1.75))
        size = _DOT_PX + 0.5 if is_reached else _DOT_PX - 1
        painter.drawEllipse(QPointF(x, y), size, size)


class ProgressCard(QFrame):
    """Counts, the track, what they mean, and the way to the standings."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._is_narrow = False
        self._ballot: Ballot | None = None
        self.setMinimumWidth(_LEAST_PX)
        self.setProperty("role", "card")
        self.setAccessibleName("Progress of the series")
        self._count = make_label(theme, "", px=15, weight=600, tabular=True)
        self._purpose = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self._reached = make_label(theme, "", "pill-good", px=11)
        self.standings_button = make_button(theme, "Look anyway", "link")
        self.track = VoteTrack(theme)
        self._meaning = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self._lay_out()
        self.show_ballot(None)

    @property
    def shown_text(self) -> str:
        """Everything that the card says."""
        labels = (self._count, self._purpose, self._reached, self._meaning)
        return " | ".join(label.text() for label in labels if label.text())

    def show_ballot(self, ballot: Ballot | None) -> None:
        """Show another state; None while it is not known."""
        for widget in (self.track, self.standings_button):
            widget.setVisible(ballot is not None)
        self._ballot = ballot
        self._show_reached()
        if ballot is None:
            self._count.setText("Series")
            self._purpose.setText("")
            self._meaning.setText("")
            return
        self._count.setText(blind_texts.count_text(ballot))
        aside = blind_texts.aside_text(ballot)
        self._purpose.setText("; ".join(filter(None, (aside, blind_texts.purpose_text(ballot)))))
        self._meaning.setText(blind_texts.meaning_text(ballot))
        is_weak = ballot.is_peeked and not blind_texts.is_reached(ballot)
        set_role(self._meaning, "warn" if is_weak else "muted")
        self.track.show_ballot(ballot)

    def set_compact(self, *, is_low: bool, is_narrow: bool) -> None:
        """A low window keeps its height for the answers; a narrow one shows no more than fits."""
        self._meaning.setVisible(not is_low)
        self.track.setFixedHeight(44 if is_low else 52)
        self._is_narrow = is_narrow
        self._purpose.setVisible(not is_narrow)
        self._show_reached()

    def _show_reached(self) -> None:
        text = blind_texts.reached_text(self._ballot, is_short=self._is_narrow) if self._ballot else ""
        self._reached.setText(text)
        self._reached.setVisible(bool(text))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._count)
        head.addWidget(self._purpose, 100)
        head.addStretch(1)
        head.addWidget(self._reached)
        head.addWidget(self.standings_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.track)
        column.addWidget(self._meaning)
        column.addStretch(1)
