"""The answers of a case: every key, "unknown" as a real choice, and where each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from steelyard.ui.pages.decide_fields import AnswerField, NumberField, PickField, make_field
from steelyard.ui.pages.decide_keys import SECTIONS, SectionSpec, value_of
from steelyard.ui.widgets.check_box import CheckBox
from steelyard.ui.widgets.decide_rows import Line
from steelyard.ui.widgets.decide_words import TONES, VERDICTS
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.core.base.errors import AppError
    from steelyard.core.values.decision import Case, Question
    from steelyard.ui.pages.decide_store import DecideStore
    from steelyard.ui.theme.theme import Theme

_QUESTION_KEYS = (
    "quality.fine_tuned_domain",
    "constraints.privacy",
    "workload.tokens_month",
    "team.ml_capacity",
)
"""Where the four questions are answered, in their order."""


class AnswersForm(QWidget):
    """All sections in a column."""

    edited = Signal()
    """The user answered something."""

    def __init__(self, theme: Theme, store: DecideStore) -> None:
        super().__init__()
        self._theme = theme
        self._store = store
        self.fields: dict[str, AnswerField] = {}
        self._asked: list[Question] | None = None
        self.questions: list[Line] = []
        tip = "What was measured on this machine stands in grey"
        self.ledger = CheckBox(theme, "Fill what is unknown from the ledger", tooltip=tip)
        self._questions = QVBoxLayout()
        self._questions.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 16)
        column.setSpacing(10)
        column.addWidget(make_label(theme, "The four questions", weight=600))
        column.addLayout(self._questions)
        column.addWidget(make_line())
        column.addWidget(self.ledger)
        for section in SECTIONS:
            self._add_section(column, section)
        column.addStretch(1)
        self.ledger.clicked.connect(self._on_ledger)
        store.case_changed.connect(self.show_store)
        store.decided.connect(self.show_store)
        store.listed.connect(self._show_lists)
        self._show_lists()
        self.show_store()

    def focus_key(self, key: str) -> None:
        """Show the field of a key and put the keyboard there."""
        field = self.fields.get(key)
        if field is None:
            return
        area = _scroll_of(self)
        if area is not None:
            area.ensureWidgetVisible(field, 0, 80)
        field.focus()

    def show_problem(self, error: AppError) -> None:
        """Mark the answer that was refused."""
        for key, field in self.fields.items():
            if isinstance(field, NumberField) and key in error.title:
                field.mark(is_invalid=True)

    @Slot()
    def show_store(self) -> None:
        """Show the answers, and what the ledger put in place of missing ones."""
        case, decision = self._store.case, self._store.decision
        self.ledger.setChecked(self._store.from_ledger)
        if case is None:
            return
        filled = decision.case if decision is not None and self._store.from_ledger else None
        for key, field in self.fields.items():
            self._show_field(field, key, case, filled)
        self._show_questions(decision.questions if decision is not None else [])

    def _show_field(self, field: AnswerField, key: str, case: Case, filled: Case | None) -> None:
        own = value_of(case, key)
        known = value_of(filled, key) if own is None and filled is not None else None
        told = case if known is None else filled or case
        origin = told.origins.get(key)
        if known is not None and origin is None:
            origin = "measured"
        field.show_answer(own, origin, told.notes.get(key, ""), known)

    def _show_questions(self, questions: list[Question]) -> None:
        if questions == self._asked:
            return
        self._asked = questions
        for line in self.questions:
            self._questions.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.questions = []
        for at, question in enumerate(questions):
            key = _QUESTION_KEYS[at] if at < len(_QUESTION_KEYS) else ""
            line = Line(self._theme, question.text, question.answer or "not answered", key=key)
            if question.leads_to:
                line.add_pill(VERDICTS[question.leads_to], TONES.get(question.leads_to, ""))
            if key:
                line.add_chevron(f"Answer: {question.text}")
            line.pressed.connect(self.focus_key)
            self._questions.addWidget(line)
            self.questions.append(line)

    def _add_section(self, column: QVBoxLayout, section: SectionSpec) -> None:
        column.addWidget(make_line())
        column.addWidget(make_label(self._theme, section.title, weight=600))
        column.addWidget(make_label(self._theme, section.hint, "muted", px=12, wrap=True))
        for spec in section.keys:
            field = self.fields[spec.key] = make_field(self._theme, spec)
            field.answered.connect(self._on_answered)
            column.addWidget(field)
            if isinstance(field, NumberField):
                field.edit.editingFinished.connect(self.show_store)

    @Slot(str, object)
    def _on_answered(self, key: str, value: Any) -> None:
        self._store.set_value(key, value)
        self.edited.emit()

    @Slot(bool)
    def _on_ledger(self, is_on: bool) -> None:
        self._store.set_from_ledger(is_on)
        self.edited.emit()

    @Slot()
    def _show_lists(self) -> None:
        book = self._store.book
        regime, profile = self.fields["constraints.regime"], self.fields["self.profile"]
        if book is not None and isinstance(regime, PickField):
            regime.show_regimes(book.regimes)
        if isinstance(profile, PickField):
            profile.show_profiles(self._store.profiles)
        self.show_store()


def _scroll_of(widget: QWidget) -> QScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent
