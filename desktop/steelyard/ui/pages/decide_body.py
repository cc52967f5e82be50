"""All that is said of a verdict: its card, evidence, flips, unknowns, the four ways, published rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_keys import KEYS, in_words
from steelyard.ui.pages.decide_lines import (
    flip_line,
    flip_title,
    option_rows,
    reason_tag,
    unknown_title,
)
from steelyard.ui.pages.decide_published import PublishedCard
from steelyard.ui.pages.decide_verdict import VerdictCard
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.decide_rows import Line, LinesCard
from steelyard.ui.widgets.decide_table import DecideTable, TableColumn
from steelyard.ui.widgets.decide_words import ORIGIN_TONES, PAGES, TONES, VERDICTS
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.decision import Decision
    from steelyard.ui.theme.theme import Theme

_WIDE_PX, _MIDDLE_PX = 1000, 640
_GAP_PX = 10
_LEAST_PX = 320
_WAYS = (
    TableColumn("Way", 0.19, 150),
    TableColumn("USD a month", 0.10, 84, is_number=True),
    TableColumn("P10 to P90", 0.24, 80, hidden_below_px=560),
    TableColumn("Machines", 0.08, 64, is_number=True, hidden_below_px=760),
    TableColumn("State", 0.11, 92),
    TableColumn("What speaks against it", 0.28, 90),
)


class DecideBody(QWidget):
    """Cards of one decision."""

    page_wanted = Signal(str)
    """Another page of the app has the measurement."""
    key_wanted = Signal(str)
    """The answer to this key is to be typed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns = 0
        self.verdict = VerdictCard(theme)
        self.evidence = LinesCard(theme, "Evidence", "Nothing is known that speaks for a way.")
        self.flips = LinesCard(theme, "What would flip it", "No single change flips it.")
        self.unknowns = LinesCard(theme, "Unknowns", "Nothing is open.")
        self.ways = DecideTable(theme, "The four ways", _WAYS, row_px=32)
        self._ways_card = Card(theme, "The four ways")
        self._ways_card.column.setContentsMargins(16, 10, 16, 10)
        self._ways_card.column.setSpacing(4)
        about = make_label(theme, "cost a month, and its range over 5,000 draws", "muted", px=12)
        about.setMinimumWidth(1)
        self._ways_card.head.insertWidget(1, about)
        self._ways_card.column.addWidget(self.ways)
        self.published = PublishedCard(theme)
        self._cards = QGridLayout()
        self._cards.setSpacing(_GAP_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(_GAP_PX)
        column.addWidget(self.verdict)
        column.addLayout(self._cards)
        column.addWidget(self._ways_card)
        column.addWidget(self.published)
        column.addStretch(1)
        for card in (self.evidence, self.unknowns):
            card.pressed.connect(self._on_pressed)
        self.flips.pressed.connect(self.key_wanted)

    def show_decision(self, decision: Decision, example: str) -> None:
        """Show a verdict and all that belongs to it."""
        self.verdict.show_decision(decision, example)
        self._show_evidence(decision)
        self._show_flips(decision)
        self._show_unknowns(decision)
        self.ways.show_rows(option_rows(decision))
        self.published.show_decision(decision)

    def minimumSizeHint(self) -> QSize:
        """As narrow as one column: how many there are follows the width, not the other way round."""
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer columns where there is less room."""
        super().resizeEvent(event)
        width = self.width()
        self.verdict.arrange(width)
        self.published.arrange(width)
        columns = 3 if width >= _WIDE_PX else 2 if width >= _MIDDLE_PX else 1
        if columns != self._columns:
            self._arrange(columns)

    def _arrange(self, columns: int) -> None:
        self._columns = columns
        for card in (self.evidence, self.flips, self.unknowns):
            self._cards.removeWidget(card)
        for at, stretch in enumerate(
            (39, 35, 31) if columns == 3 else (1, 1, 0) if columns == 2 else (1, 0, 0)
        ):
            self._cards.setColumnStretch(at, stretch)
        places = {
            3: ((0, 0, 1), (0, 1, 1), (0, 2, 1)),
            2: ((0, 0, 2), (1, 0, 1), (1, 1, 1)),
            1: ((0, 0, 1), (1, 0, 1), (2, 0, 1)),
        }[columns]
        cards = (self.evidence, self.flips, self.unknowns)
        for card, (row, column, span) in zip(cards, places, strict=True):
            self._cards.addWidget(card, row, column, 1, span)

    # ---- lines ---------------------------------------------------------------------------------------------

    def _show_evidence(self, decision: Decision) -> None:
        lines: list[Line] = []
        for reason in decision.reasons:
            below, told = reason.source or "", in_words(reason.text)
            line = Line(self._theme, told, below, key=reason.opens, tip=f"{told}\n{below}".strip())
            line.add_pill(reason_tag(reason), ORIGIN_TONES[reason.origin], f"Origin: {reason.origin}")
            if reason.opens in PAGES:
                line.add_chevron(f"Open {PAGES[reason.opens]}: {told}")
            lines.append(line)
        count = len(lines)
        word, whose = ("line", "its") if count == 1 else ("lines", "their")
        self.evidence.show_lines(lines, f"{count} {word}, with {whose} origin" if count else "")

    def _show_flips(self, decision: Decision) -> None:
        lines: list[Line] = []
        for flip in decision.flips:
            line = Line(self._theme, flip_title(flip), flip_line(flip), key=flip.what, tip=flip.text)
            line.add_pill(f"→ {VERDICTS[flip.verdict]}", TONES.get(flip.verdict, ""), flip.text)
            if flip.what in KEYS:
                line.add_chevron(f"Answer: {flip_title(flip)}")
            lines.append(line)
        self.flips.show_lines(lines, "smallest single changes" if lines else "")

    def _show_unknowns(self, decision: Decision) -> None:
        lines: list[Line] = []
        for unknown in decision.unknowns:
            is_page = unknown.opens in PAGES and unknown.opens != "decide"
            key = f"page:{unknown.opens}" if is_page else unknown.what
            line = Line(self._theme, unknown_title(unknown), in_words(unknown.how_to_settle), key=key)
            if is_page:
                name = PAGES[unknown.opens]
                line.add_button(f"Open {name}", f"Open {name}: {unknown_title(unknown)}")
            elif unknown.what in KEYS:
                line.add_button("Answer", f"Answer: {unknown_title(unknown)}")
            lines.append(line)
        self.unknowns.show_lines(lines, "what would settle each" if lines else "")

    @Slot(str)
    def _on_pressed(self, key: str) -> None:
        if key.startswith("page:"):
            self.page_wanted.emit(key.removeprefix("page:"))
        elif key in PAGES:
            self.page_wanted.emit(key)
        else:
            self.key_wanted.emit(key)
