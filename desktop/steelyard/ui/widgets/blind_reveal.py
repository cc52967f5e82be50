"""Who had answered: told after a vote is stored."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.facts_format import DASH, duration, usd
from steelyard.ui.widgets.labels import ElidedLabel, make_label
from steelyard.ui.widgets.models_text import plain

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Choice, Reveal
    from steelyard.core.values.run import Run
    from steelyard.ui.theme.theme import Theme

_WORDS: dict[Choice, str] = {"a": "", "b": "", "tie": "you voted: tie", "both_bad": "you voted: both bad"}
_NOTHING = "After each vote this tells who answered, how fast and at what cost. The vote is stored first."
_SQUARE_PX = 9
_LEAST_PX = 300


class RevealRow:
    """One side: letter, whose it was, and its figures."""

    def __init__(self, theme: Theme, letter: str) -> None:
        self._theme = theme
        self.letter = make_label(theme, letter, weight=600)
        self.square = QLabel()
        self.name = ElidedLabel(theme, px=13, weight=500)
        self.quant = make_label(theme, "", "code-chip", px=11)
        self.ttft = make_label(theme, "", "prose", px=12, tabular=True)
        self.total = make_label(theme, "", "prose", px=12, tabular=True)
        self.usd = make_label(theme, "", "prose", px=12, tabular=True)
        self.chars = make_label(theme, "", "muted", px=12, tabular=True)
        self._total = DASH
        self._name = self._quant = ""
        self._is_narrow = False
        self.vote = make_label(theme, "your vote", "pill-accent", px=11, weight=500)

    @property
    def widgets(self) -> list[QWidget]:
        """Everything, from left to right."""
        figures = (self.ttft, self.total, self.usd, self.chars, self.vote)
        return [self.letter, self.square, self.name, self.quant, *figures]

    @property
    def shown_text(self) -> str:
        """What a reader sees."""
        labels = (self.letter, self.name, self.quant, self.ttft, self.total, self.usd, self.chars)
        words = [label.text() for label in labels if label.text() and not label.isHidden()]
        return " ".join(words if self.vote.isHidden() else [*words, self.vote.text()])

    def set_narrow(self, *, is_narrow: bool) -> None:
        """Fewer figures and shorter words."""
        self._is_narrow = is_narrow
        self.chars.setHidden(is_narrow)
        self.quant.setHidden(is_narrow or not self._quant)
        self.name.setText(f"{self._name} {self._quant}".strip() if is_narrow else self._name)
        self.total.setText(self._total if is_narrow else f"total {self._total}")
        self.vote.setText("yours" if is_narrow else "your vote")

    def show_run(self, run: Run, color: str, *, is_chosen: bool) -> None:
        """Show whose answer it was."""
        self.square.setPixmap(square_pixmap(self._theme.color(color), self.square.devicePixelRatioF()))
        self._name = plain(run.target.name, 80)
        self.name.setAccessibleDescription(plain(run.target.model, 80))
        quant = plain(run.target.weights.quant, 16) if run.target.weights is not None else ""
        self._quant = "" if quant in self._name else quant
        self.quant.setText(self._quant)
        self.ttft.setText(f"TTFT {duration(run.timing.ttft_ms).text}")
        self._total = duration(run.timing.e2e_ms).text
        self.total.setToolTip("From the request to the last word")
        self.set_narrow(is_narrow=self._is_narrow)
        self.usd.setText(usd(run.cost.usd).text)
        self.usd.setToolTip("The price is not known." if run.cost.usd is None else "What this answer cost")
        self.chars.setText(f"{len(run.text):,} chars" if run.text else f"{DASH} chars")
        self.vote.setVisible(is_chosen)


class RevealCard(QFrame):
    """The last vote: both sides, and the way to take it back."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._reveal: Reveal | None = None
        self._colors: dict[str, str] = {}
        self.setProperty("role", "card")
        self.setMinimumWidth(_LEAST_PX)
        self.setAccessibleName("Last reveal")
        self._title = make_label(theme, "Last reveal", px=15, weight=600)
        self._when = make_label(theme, "", "muted", px=12, tabular=True)
        self._words = make_label(theme, "", "pill-accent", px=11, weight=500)
        self.open_button = make_button(theme, "Open", "link", tooltip="Open these answers with all figures")
        self.undo_button = make_button(theme, "Undo", "link", icon="undo-2")
        self.rows = {side: RevealRow(theme, side.upper()) for side in ("a", "b")}
        self._nothing = make_label(theme, _NOTHING, "muted", px=12, wrap=True)
        self._sides = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self._is_low = False
        self._lay_out()
        theme.changed.connect(self._on_theme_changed)
        self.show_reveal(None, 0, {})

    @property
    def shown_text(self) -> str:
        """Everything that the card says."""
        if self._grid.isHidden():
            return f"{self._title.text()} {self._nothing.text()}"
        rows = " | ".join(row.shown_text for row in self.rows.values())
        return f"{self._title.text()} {self._when.text()} {self._words.text()} | {rows}"

    def show_reveal(self, reveal: Reveal | None, number: int, colors: dict[str, str]) -> None:
        """Show the last vote; `number` counts it, 0 where that is unknown. `colors` are tokens by target."""
        self._reveal, self._colors = reveal, colors
        for widget in (self._grid, self._when, self.undo_button, self.open_button):
            widget.setVisible(reveal is not None)
        self._nothing.setVisible(reveal is None)
        self._nothing.setText(_NOTHING)
        self._show_sides()
        self._words.setVisible(reveal is not None and bool(_WORDS[reveal.choice]))
        if reveal is None:
            return
        at = _clock(reveal.voted_at)
        self._when.setText(f"vote {number:,}, stored {at}" if number else f"stored {at}")
        self._words.setText(_WORDS[reveal.choice])
        for side, run in (("a", reveal.left), ("b", reveal.right)):
            color = colors.get(run.target.name, "s5")
            self.rows[side].show_run(run, color, is_chosen=reveal.choice == side)

    def show_sides(self, text: str) -> None:
        """Whether a side was preferred so far."""
        self._sides.setText(text)
        self._show_sides()

    def _show_sides(self) -> None:
        self._sides.setVisible(bool(self._sides.text()) and not self._is_low and not self._grid.isHidden())

    def show_undone(self) -> None:
        """The last vote was taken back."""
        self.show_reveal(None, 0, {})
        self._nothing.setText(
            "The vote was taken back and counts no longer. Its pair is not asked again: you have seen whose "
            "answers they are."
        )

    def set_compact(self, *, is_low: bool, is_narrow: bool) -> None:
        """A low window keeps its height for the answers; a narrow card shows fewer figures."""
        self._is_low = is_low
        self._show_sides()
        for row in self.rows.values():
            row.set_narrow(is_narrow=is_narrow)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        for widget in (self._title, self._when, self._words):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.open_button)
        head.addWidget(self.undo_button)
        self._grid = QWidget()
        grid = QGridLayout(self._grid)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for line, row in enumerate(self.rows.values()):
            for at, widget in enumerate(row.widgets):
                is_figure = 4 <= at <= 7
                side = Qt.AlignmentFlag.AlignRight if is_figure else Qt.AlignmentFlag.AlignLeft
                if at == 2:
                    grid.addWidget(widget, line, at)
                else:
                    grid.addWidget(widget, line, at, side | Qt.AlignmentFlag.AlignVCenter)
            grid.setRowMinimumHeight(line, 22)
        grid.setColumnStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._grid)
        column.addWidget(self._nothing)
        column.addWidget(self._sides)
        column.addStretch(1)

    @Slot()
    def _on_theme_changed(self) -> None:
        if self._reveal is not None:
            for side, run in (("a", self._reveal.left), ("b", self._reveal.right)):
                color = self._colors.get(run.target.name, "s5")
                self.rows[side].show_run(run, color, is_chosen=self._reveal.choice == side)


def square_pixmap(color: QColor, scale: float) -> QPixmap:
    """The mark of a target in its colour."""
    pixmap = QPixmap(round(_SQUARE_PX * scale), round(_SQUARE_PX * scale))
    pixmap.setDevicePixelRatio(scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(0, 0, _SQUARE_PX, _SQUARE_PX, 2, 2)
    painter.end()
    return pixmap


def _clock(stamp: str) -> str:
    try:
        return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M")
    except ValueError:
        return DASH
