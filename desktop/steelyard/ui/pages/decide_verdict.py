"""The verdict card: the word and how sure it is, the beam, and where each class of work goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_keys import key_name
from steelyard.ui.pages.decide_lines import beam_of, change_line, changed_since, class_rows, option
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.decide_beam import BalanceBeam
from steelyard.ui.widgets.decide_table import DecideTable, TableColumn
from steelyard.ui.widgets.decide_words import (
    CONFIDENCES,
    PATTERNS,
    UNKNOWN,
    VERDICTS,
    confidence_text,
    day,
    decimal_of,
    money,
    tokens,
)
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line

if TYPE_CHECKING:
    from PySide6.QtWidgets import QLabel

    from steelyard.core.values.decision import Decision
    from steelyard.ui.theme.theme import Theme

_WIDE_PX, _MIDDLE_PX = 1000, 600
_FIRM_KEYS = 3
_CONFIDENCE_TIPS = {
    "clear": "Gates alone decide it, or it is the cheapest possible way in at least 90 % of the draws.",
    "likely": "It is the cheapest possible way in 70 to 90 % of the draws.",
    "too_close": "Within the tie band, or the cheapest way in less than 70 % of the draws.",
    "provisional": "Something that it rests on is not measured or not known.",
}
_CLASS_COLUMNS = (
    TableColumn("Class", 0.22, 92),
    TableColumn("Tokens", 0.15, 66, is_number=True, tip="Share of the tokens of the last 30 days"),
    TableColumn("Route", 0.19, 76),
    TableColumn("Why", 0.48, 80),
)


class KeyFigure(QWidget):
    """A small label with a figure below it."""

    def __init__(self, theme: Theme, label: str) -> None:
        super().__init__()
        self._label = make_label(theme, label, "label", px=11)
        self._value = make_label(theme, UNKNOWN, px=15, weight=600, tabular=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._label)
        column.addWidget(self._value)

    @property
    def text(self) -> str:
        """What is shown."""
        return self._value.text()

    def show_figure(self, label: str, value: str, tip: str) -> None:
        """Show another figure; an unknown one says why."""
        self._label.setText(label)
        self._value.setText(value)
        self.setAccessibleName(f"{label}: {value}")
        self.setToolTip(plain_tooltip(tip))


class VerdictCard(QFrame):
    """Three parts, side by side where there is room."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.setAccessibleName("Verdict")
        self.dated = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.keep_button = make_button(theme, "Keep this verdict", "link")
        self.word = make_label(theme, "", px=28, weight=600)
        self.confidence = make_label(theme, "", "pill", px=12, weight=500)
        self.pattern = make_label(theme, "", "muted", px=12, wrap=True)
        self.summary = make_label(theme, "", "prose", px=15, wrap=True)
        self.figures = [KeyFigure(theme, "") for _ in range(3)]
        self.premium = make_label(theme, "", "muted", px=12, wrap=True)
        self.firm = Note(theme, "info")
        self.stale = Note(theme, "bad")
        self.beam = BalanceBeam(theme)
        self.classes = DecideTable(theme, "Classes of work", _CLASS_COLUMNS, row_px=30)
        self.no_classes = make_label(theme, "No class of work is set up.", "muted", px=12, wrap=True)
        self._parts = [self._make_left(), self._make_beam(), self._make_classes()]
        self._lines = [make_line("vline"), make_line("vline")]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(18, 14, 16, 14)
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(12)
        self.arrange(_WIDE_PX)

    # ---- what is shown -------------------------------------------------------------------------------------

    def show_decision(self, decision: Decision, example: str) -> None:
        """Show a verdict; `example` names the shipped case that it belongs to."""
        self.stale.show_text("")
        self._show_date(decision, example)
        word = VERDICTS[decision.verdict]
        self.word.setText(word)
        sure, tone = confidence_text(decision), CONFIDENCES[decision.confidence][1]
        self.confidence.setText(sure)
        set_role(self.confidence, f"pill-{tone}")
        self.confidence.setToolTip(_CONFIDENCE_TIPS[decision.confidence])
        self.confidence.adjustSize()
        self.pattern.setText(f"Split {PATTERNS[decision.pattern]}." if decision.pattern else "")
        self.pattern.setVisible(decision.pattern is not None)
        self.summary.setText(decision.summary)
        self.setAccessibleDescription(f"{word}, {sure}. {decision.summary}")
        self._show_figures(decision)
        premium = decimal_of(decision.premium_usd_month)
        has_premium = premium is not None and premium > 0
        text = f"What it must hold costs {money(premium)} a month against the cheapest way that it rules out."
        self.premium.setText(text if has_premium else "")
        self.premium.setVisible(has_premium)
        self.firm.show_text(_firm_text(decision))
        self.beam.show_state(beam_of(decision))
        rows = class_rows(decision.classes)
        self.classes.show_rows(rows)
        self.classes.setVisible(bool(rows))
        self.no_classes.setVisible(not rows)

    def show_error(self, text: str) -> None:
        """The figures are of the case before the last answer."""
        self.stale.show_text(f"Still the verdict before your last answer. {text}".strip())

    def arrange(self, width: int) -> None:
        """Three columns, two rows, or one column."""
        columns = 3 if width >= _WIDE_PX else 2 if width >= _MIDDLE_PX else 1
        if columns == self._columns:
            return
        self._columns = columns
        for widget in (*self._parts, *self._lines):
            self._grid.removeWidget(widget)
        for column in range(5):
            self._grid.setColumnStretch(column, 0)
        for line in self._lines:
            line.hide()
        left, beam, classes = self._parts
        if columns == 3:
            for at, widget in enumerate((left, self._lines[0], beam, self._lines[1], classes)):
                self._grid.addWidget(widget, 0, at)
                widget.show()
            for at, stretch in ((0, 31), (2, 29), (4, 30)):
                self._grid.setColumnStretch(at, stretch)
            return
        self._grid.addWidget(left, 0, 0, 1, columns)
        self._grid.addWidget(beam, 1, 0)
        self._grid.addWidget(classes, 1 if columns == 2 else 2, columns - 1)
        for at in range(columns):
            self._grid.setColumnStretch(at, 1)

    def _show_date(self, decision: Decision, example: str) -> None:
        if decision.number:
            parts = [f"Verdict {decision.number}   {day(decision.at)}", changed_since(decision)]
            text = ", ".join(part for part in parts if part)
        else:
            text = f"Example: {example}" if example else "Not kept yet"
        self.dated.setText(text)
        changes = "\n".join(change_line(one) for one in decision.changed)
        if changes:
            self.dated.setToolTip(plain_tooltip(changes))

    def _show_figures(self, decision: Decision) -> None:
        cost, even, again = self.figures
        chosen = option(decision, decision.verdict)
        usd = chosen.usd_month if chosen is not None else None
        tip = "With the figures as they are" if usd else "Volume, price or the cost of machines is not known."
        cost.show_figure("Cost a month", money(usd), tip)
        tip = (
            "Tokens a month from which own machines are the cheaper way"
            if decision.break_even_tokens_month is not None
            else "There is none within what the machines can do, or a price is not known."
        )
        even.show_figure("Break-even", _volume(decision.break_even_tokens_month), tip)
        tip = (
            "Tokens a month at which the verdict should be looked at again"
            if decision.review_at_tokens_month is not None
            else "No volume is known at which the verdict would change."
        )
        again.show_figure("Look again at", _volume(decision.review_at_tokens_month), tip)

    # ---- layout --------------------------------------------------------------------------------------------

    def _make_left(self) -> QWidget:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.dated, 1)
        head.addWidget(self.keep_button)
        word = QHBoxLayout()
        word.setSpacing(12)
        word.addWidget(self.word)
        word.addWidget(self.confidence, 0, Qt.AlignmentFlag.AlignVCenter)
        word.addStretch(1)
        figures = QHBoxLayout()
        figures.setSpacing(24)
        for figure in self.figures:
            figures.addWidget(figure)
        figures.addStretch(1)
        return _column(
            head, word, self.summary, self.pattern, figures, self.premium, self.firm, self.stale, spacing=8
        )

    def _make_beam(self) -> QWidget:
        title: QLabel = make_label(self._theme, "Share of tokens kept local", "prose", px=12)
        return _column(title, self.beam, spacing=8)

    def _make_classes(self) -> QWidget:
        return _column(self.classes, self.no_classes, spacing=0)


def _column(*items: QWidget | QHBoxLayout, spacing: int) -> QWidget:
    widget = QWidget()
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing)
    for item in items:
        if isinstance(item, QWidget):
            column.addWidget(item)
        else:
            column.addLayout(item)
    column.addStretch(1)
    return widget


def _volume(count: float | None) -> str:
    return UNKNOWN if count is None else f"{tokens(count)} tokens"


def _firm_text(decision: Decision) -> str:
    """A provisional verdict says what would make it firm."""
    if decision.confidence != "provisional":
        return ""
    names = list(dict.fromkeys(key_name(one.what) for one in decision.unknowns))
    if not names:
        return "Provisional: it rests on figures that are not measured."
    rest = len(names) - _FIRM_KEYS
    more = f" and {rest} more" if rest > 0 else ""
    return f"Provisional. It becomes firm with: {', '.join(names[:_FIRM_KEYS])}{more}."
