"""The panel at the right: answers, checklist, classes, rules. The verdict beside it follows each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout

from steelyard.ui.pages.decide_answers import AnswersForm
from steelyard.ui.pages.decide_checklist import ChecklistForm
from steelyard.ui.pages.decide_classes import ClassesForm
from steelyard.ui.pages.decide_keys import in_words
from steelyard.ui.pages.decide_presets import PresetsForm
from steelyard.ui.widgets.buttons import Segmented, make_icon_button
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.keys import takes_esc
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.decision import PresetEdit, Regime
    from steelyard.ui.pages.decide_settings import DecideDesk
    from steelyard.ui.pages.decide_store import DecideStore
    from steelyard.ui.theme.theme import Theme

WIDTH_PX = 424
TABS = (("answers", "Answers"), ("checklist", "Checklist"), ("classes", "Classes"), ("rules", "Rules"))


class SidePanel(QFrame):
    """A card with a title and an X; Esc closes it."""

    closed = Signal()
    """The user closed it."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        self.setFixedWidth(WIDTH_PX)
        self.title = make_label(theme, title, weight=600)
        self.close_button = make_icon_button(theme, "x", f"Close: {title}", tooltip="Close (Esc)")
        self.head = QHBoxLayout()
        self.head.setContentsMargins(16, 8, 8, 8)
        self.head.setSpacing(8)
        self.head.addWidget(self.title)
        self.head.addStretch(1)
        self.head.addWidget(self.close_button)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(1, 1, 1, 1)
        self.column.setSpacing(0)
        self.column.addLayout(self.head)
        self.column.addWidget(make_line())
        self.close_button.clicked.connect(self.closed)

    def event(self, event: QEvent) -> bool:
        """Esc belongs to the panel while the keyboard is in it."""
        return True if takes_esc(event) else super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


class AnswersPanel(SidePanel):
    """Four forms; what is wrong with an answer stands on top, in one line."""

    def __init__(self, theme: Theme, store: DecideStore, desk: DecideDesk) -> None:
        super().__init__(theme, "Answers")
        self._store = store
        self._desk = desk
        self.title.hide()
        self.tabs = Segmented(theme, "Show", TABS)
        self.head.insertWidget(0, self.tabs)
        self.error = Note(theme, "bad")
        self.form = AnswersForm(theme, store)
        self.checklist = ChecklistForm(theme)
        self.classes = ClassesForm(theme)
        self.presets = PresetsForm(theme)
        self._stack = QStackedWidget()
        for widget, (_, name) in zip(
            (self.form, self.checklist, self.classes, self.presets), TABS, strict=True
        ):
            self._stack.addWidget(make_scroll(widget, name))
        note = QHBoxLayout()
        note.setContentsMargins(12, 8, 12, 0)
        note.addWidget(self.error)
        self.column.addLayout(note)
        self.column.addWidget(self._stack, 1)
        self._connect()
        self._show_lists()

    def show_tab(self, key: str) -> None:
        """Show one of the forms."""
        self.tabs.set_value(key)
        self._on_tab(key)

    def focus_key(self, key: str) -> None:
        """Show the field of a key and put the keyboard there."""
        self.show_tab("answers")
        self.form.focus_key(key)

    def focus_first(self) -> None:
        """Where the keyboard goes."""
        self.tabs.button(self.tabs.value).setFocus(Qt.FocusReason.OtherFocusReason)

    def _connect(self) -> None:
        store, desk = self._store, self._desk
        self.tabs.chosen.connect(self._on_tab)
        store.decided.connect(self._on_decided)
        store.failed.connect(self._on_failed)
        store.case_changed.connect(self._on_case_changed)
        store.listed.connect(self._show_lists)
        desk.failed.connect(self._on_failed)
        self.checklist.answered.connect(desk.answer)
        self.classes.classes_changed.connect(desk.set_classes)
        self.classes.regime_changed.connect(self._on_regime)
        self.classes.regimes_reset.connect(desk.reset_regimes)
        self.presets.edited.connect(self._on_preset)
        self.presets.reset.connect(desk.reset_presets)

    @Slot(str)
    def _on_tab(self, key: str) -> None:
        self._stack.setCurrentIndex([name for name, _ in TABS].index(key))
        self._show_list(key)

    @Slot()
    def _show_lists(self) -> None:
        """Of the form that is seen; the others are filled when they are looked at."""
        self._show_list(self.tabs.value)

    def _show_list(self, key: str) -> None:
        book = self._store.book
        if book is None or self._desk.is_saving:
            return  # after the save it is read anew
        match key:
            case "checklist":
                self.checklist.show_items(book.readiness)
            case "classes":
                self.classes.show_book(book.classes, book.regimes)
            case "rules":
                self.presets.show_presets(book.presets)
            case _:
                pass

    @Slot(object)
    def _on_decided(self, _decision: object) -> None:
        self.error.show_text("")

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.error.show_text(in_words(error.one_line()))
        self.form.show_problem(error)

    @Slot()
    def _on_case_changed(self) -> None:
        if self._store.error is None:
            self.error.show_text("")

    @Slot(object)
    def _on_regime(self, regime: Regime) -> None:
        self._desk.set_regime(regime)

    @Slot(object)
    def _on_preset(self, edit: PresetEdit) -> None:
        self._desk.edit_preset(edit)
