"""What can be done with the chosen comparison: buttons, a line to edit, or the question before deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_history_text import title_of, what_stays
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.ui.theme.theme import Theme

Editing = Literal["rename", "tags"]
_LABELS: dict[Editing, tuple[str, str]] = {
    "rename": ("Title", "What it is called in this list"),
    "tags": ("Tags", "Words with blanks between them; none takes all off"),
}


class HistoryFoot(QFrame):
    """One of three parts is shown."""

    wanted = Signal(str)
    """`open`, `star`, `rename`, `tags`, `resume` or `delete`."""
    edited = Signal(str, str)
    """`rename` or `tags`, and what was typed."""
    confirmed = Signal()
    """Delete it."""
    left = Signal()
    """The line or the question was given up: the keyboard goes back to the list."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._what: Editing = "rename"
        self.open_button = make_button(theme, "Open", tooltip="Open (Enter)")
        self.resume_button = make_button(theme, "Resume", icon="play", tooltip="Run what is missing (R)")
        self.star_button = make_icon_button(theme, "star", "Star", tooltip="Star or take the star off (S)")
        self.rename_button = make_icon_button(theme, "pencil", "Rename", tooltip="Rename (F2)")
        self.tags_button = make_icon_button(theme, "list-filter", "Tags", tooltip="Edit its tags (T)")
        self.delete_button = make_icon_button(theme, "trash-2", "Delete", tooltip="Delete… (Del)")
        self.edit = _Line()
        self.edit.setMaxLength(300)
        self._edit_label = make_label(theme, "", "prose", px=12, weight=500)
        self.save_button = make_button(theme, "Save")
        self.question = make_label(theme, "", "prose", px=12, wrap=True)
        self.keep_button = make_button(theme, "Keep it", "ghost")
        self.confirm_button = make_button(theme, "Delete", "danger")
        self._parts = [self._actions(), self._editing(), self._asking()]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in self._parts:
            column.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._connect()
        self._show(0)

    def show_row(self, row: ComparisonRow | None) -> None:
        """Offer what can be done with it; None: nothing."""
        self._show(0)
        for button in (self.open_button, self.star_button, self.rename_button, self.tags_button):
            button.setEnabled(row is not None)
        self.delete_button.setEnabled(row is not None)
        self.resume_button.setVisible(row is not None and row.missing_runs + row.failed_runs > 0)

    def edit_row(self, row: ComparisonRow, what: Editing) -> None:
        """A line for its title or its tags."""
        self._what = what
        label, hint = _LABELS[what]
        self._edit_label.setText(label)
        name_widget(self.edit, label, hint)
        self.edit.setPlaceholderText(hint)
        self.edit.setText(title_of(row) if what == "rename" else " ".join(row.tags))
        self.edit.selectAll()
        self._show(1)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_delete(self, row: ComparisonRow) -> None:
        """Say what deleting means; the keyboard is on the harmless answer."""
        self.question.setText(f"Delete “{title_of(row)[:80]}”? {what_stays(row)}")
        self._show(2)
        self.keep_button.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_busy(self) -> bool:
        """Whether a line or a question waits for an answer."""
        return self._parts[0].isHidden()

    def give_up(self) -> None:
        """Back to the buttons."""
        self._show(0)
        self.left.emit()

    def _show(self, which: int) -> None:
        for at, part in enumerate(self._parts):
            part.setVisible(at == which)

    def _actions(self) -> QWidget:
        part, row = _part()
        row.addWidget(self.open_button)
        row.addWidget(self.resume_button)
        row.addStretch(1)
        for button in (self.star_button, self.rename_button, self.tags_button, self.delete_button):
            row.addWidget(button)
        return part

    def _editing(self) -> QWidget:
        part, row = _part()
        row.addWidget(self._edit_label)
        row.addWidget(self.edit, 1)
        row.addWidget(self.save_button)
        return part

    def _asking(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.question)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.keep_button)
        row.addWidget(self.confirm_button)
        column.addLayout(row)
        return part

    def _connect(self) -> None:
        for button, word in (
            (self.open_button, "open"),
            (self.resume_button, "resume"),
            (self.star_button, "star"),
            (self.rename_button, "rename"),
            (self.tags_button, "tags"),
            (self.delete_button, "delete"),
        ):
            button.setProperty("word", word)
            button.clicked.connect(self._on_button)
        self.edit.accepted.connect(self._on_save)
        self.save_button.clicked.connect(self._on_save)
        self.keep_button.clicked.connect(self.give_up)
        self.confirm_button.clicked.connect(self._on_confirmed)

    @Slot()
    def _on_button(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.wanted.emit(sender.property("word"))

    @Slot()
    def _on_save(self) -> None:
        self.edited.emit(self._what, self.edit.text())
        self.give_up()

    @Slot()
    def _on_confirmed(self) -> None:
        self.confirmed.emit()
        self.give_up()


class _Line(QLineEdit):
    accepted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter saves and is nobody else's."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accepted.emit()
        else:
            super().keyPressEvent(event)


def _part() -> tuple[QWidget, QHBoxLayout]:
    part = QWidget()
    row = QHBoxLayout(part)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    return part, row
