"""What others would say: published rules, the sixteen "choose … if" rules, the four questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout

from steelyard.ui.pages.decide_lines import (
    opinion_count,
    opinion_rows,
    question_rows,
    rule_count,
    rule_rows,
)
from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Card, Switcher
from steelyard.ui.widgets.decide_table import DecideTable, TableColumn
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from steelyard.core.values.decision import Decision
    from steelyard.ui.theme.theme import Theme

_FEW = 3
TABS = ("published", "rules", "questions")
_ABOUT = {
    "published": "presets are shown, never decisive; edit or switch off each one",
    "rules": "six for an API, six for own machines, four for both; unknown is never false",
    "questions": "answered from your case",
}
_NARROW_PX, _WIDE_PX = 760, 1000
_OPINIONS = (
    TableColumn("Preset rule", 0.27, 150),
    TableColumn("Source", 0.14, 60, hidden_below_px=_NARROW_PX),
    TableColumn("Says", 0.13, 84),
    TableColumn("With your numbers", 0.33, 110),
    TableColumn("Against this verdict", 0.13, 122),
)
_RULES = (
    TableColumn("Choose", 0.10, 84),
    TableColumn("Rule", 0.33, 130),
    TableColumn("State", 0.10, 84),
    TableColumn("Evidence", 0.37, 110),
    TableColumn("From", 0.10, 70, hidden_below_px=_NARROW_PX),
)
_QUESTIONS = (
    TableColumn("Question", 0.5, 160),
    TableColumn("Your answer", 0.3, 100),
    TableColumn("Leads to", 0.2, 92),
)


class PublishedCard(Card):
    """One of three tables."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "What published rules would say")
        self.column.setContentsMargins(16, 10, 16, 10)
        self.column.setSpacing(6)
        self.setAccessibleName("What published rules would say")
        self._decision: Decision | None = None
        self._about = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.count = make_label(theme, "", "pill", px=12, weight=500)
        self.tabs = Segmented(
            theme,
            "Show",
            (("published", "Published rules"), ("rules", "Sixteen rules"), ("questions", "Four questions")),
        )
        self.edit_button = make_button(theme, "Edit", "link", tooltip="Edit thresholds, switch rules off")
        self.head.takeAt(1)  # the stretch: the remark takes its place
        self.head.addWidget(self._about, 1)
        self.head.addWidget(self.count)
        self.head.addWidget(self.edit_button)
        self._second = QHBoxLayout()
        self.column.addLayout(self._second)
        self._is_narrow = True
        self.arrange(_NARROW_PX)
        self.published = DecideTable(theme, "Published rules", _OPINIONS)
        self.rules = DecideTable(theme, "The sixteen rules", _RULES)
        self.questions = DecideTable(theme, "The four questions", _QUESTIONS)
        self._switcher = Switcher(self.published, self.rules, self.questions)
        self.more_button = make_button(theme, "", "link")
        self.more_button.clicked.connect(self._on_more)
        self._shows_all = False
        self.column.addWidget(self._switcher)
        self.column.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.tabs.chosen.connect(self._on_chosen)
        self._show()

    def show_decision(self, decision: Decision) -> None:
        """Show what is said of another verdict."""
        self._decision = decision
        self.rules.show_rows(rule_rows(decision.rules))
        self.questions.show_rows(question_rows(decision.questions))
        self._show()

    def show_tab(self, key: str) -> None:
        """Show one of the tables."""
        self.tabs.set_value(key)
        self._show()

    def arrange(self, width: int) -> None:
        """The remark gives way first; the choice of the table goes into a line of its own."""
        is_narrow = width < _NARROW_PX
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            row = self._second if is_narrow else self.head
            row.addWidget(self.tabs)
            if is_narrow:
                self._second.setAlignment(self.tabs, Qt.AlignmentFlag.AlignLeft)
        self._about.setVisible(width >= _WIDE_PX)
        self.count.setVisible(width >= _NARROW_PX and bool(self.count.text()))

    @Slot(str)
    def _on_chosen(self, _key: str) -> None:
        self._show()

    @Slot()
    def _on_more(self) -> None:
        self._shows_all = not self._shows_all
        self._show()

    def _show_opinions(self) -> None:
        """Rules that decide nothing wait behind a button."""
        opinions = self._decision.presets if self._decision is not None else []
        telling = [one for one in opinions if one.agrees is not None]
        silent = [one for one in opinions if one.agrees is None]
        is_folded = bool(telling) and len(silent) > _FEW and not self._shows_all
        self.published.show_rows(opinion_rows(telling if is_folded else [*telling, *silent]))
        can_fold = bool(telling) and len(silent) > _FEW
        self.more_button.setVisible(can_fold and self.tabs.value == "published")
        self.more_button.setText(f"Show {len(silent)} undecided" if is_folded else "Hide the undecided")
        self.more_button.setAccessibleName(self.more_button.text())
        self.more_button.setToolTip(self.more_button.text())

    def _show(self) -> None:
        self._show_opinions()
        key = self.tabs.value
        self._switcher.show_at(TABS.index(key))
        self._about.setText(_ABOUT[key])
        self.edit_button.setVisible(key == "published")
        text = ""
        if self._decision is not None and key != "questions":
            decision = self._decision
            text = opinion_count(decision.presets) if key == "published" else rule_count(decision.rules)
        self.count.setText(text)
        self.count.setVisible(bool(text))
        self.count.adjustSize()
