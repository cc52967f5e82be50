"""How the prompt library is laid out; the sheet itself adds what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.cards import Note, make_scroll
from steelyard.ui.widgets.fields import TextField
from steelyard.ui.widgets.form_list import EntryList
from steelyard.ui.widgets.form_sheet import Sheet
from steelyard.ui.widgets.form_text_edit import FormTextEdit
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_LIST_PX = 320
_FIELDS_MAX_PX = 112


class LibraryLayout(Sheet):
    """The list at the left; name, text, fields and buttons at the right."""

    def __init__(self, theme: Theme, host: QWidget, floor: QWidget) -> None:
        super().__init__(
            theme,
            host,
            floor,
            "Prompt library",
            "Prompts with {variables} show fields to fill in",
            wanted_px=520,
        )
        self.kinds = Segmented(theme, "Kind", [("prompt", "Prompts"), ("system", "System prompts")])
        self.entries = EntryList(theme, "Kept prompts", "Search names and texts…")
        self.new_button = make_button(theme, "New", "ghost", icon="plus", tooltip="Write a new one")
        self.name = TextField(theme, "Name", placeholder="What it is for")
        self.editor = FormTextEdit(theme, "Text of the prompt")
        self.editor.edit.setLineWrapMode(self.editor.edit.LineWrapMode.WidgetWidth)
        self.fields = VariableFields(theme)
        self.problem = Note(theme, "bad")
        self.use_button = make_button(theme, "Put into the prompt", icon="arrow-right")
        self.save_button = make_button(theme, "Save", icon="save")
        self.copy_button = make_button(theme, "Save as new", "ghost")
        self.delete_button = make_button(theme, "Delete", "ghost", icon="trash-2")
        self._lay_out()

    @property
    def text(self) -> str:
        """What stands in the editor."""
        return self.editor.text

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.kinds)
        head.addStretch(1)
        head.addWidget(self.new_button)
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        left.addLayout(head)
        left.addWidget(self.entries, 1)
        holder = QWidget()
        holder.setLayout(left)
        holder.setFixedWidth(_LIST_PX)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.name)
        right.addWidget(self.editor, 1)
        right.addWidget(self.fields)
        right.addWidget(self.problem)
        right.addLayout(self._buttons())
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(holder)
        body.addWidget(make_line("vline"))
        body.addLayout(right, 1)
        self.column.addLayout(body, 1)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.delete_button)
        row.addStretch(1)
        for button in (self.copy_button, self.save_button, self.use_button):
            row.addWidget(button)
        return row


class VariableFields(QWidget):
    """One field for each variable of a prompt; hidden where there is none."""

    accepted = Signal()
    """Enter in the last field."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names: list[str] = []
        self.edits: dict[str, QLineEdit] = {}
        self._holder = QWidget()
        self._grid = QGridLayout(self._holder)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        scroll = make_scroll(self._holder, "Variables")
        scroll.setMaximumHeight(_FIELDS_MAX_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        self._scroll = scroll
        self.hide()

    @property
    def values(self) -> dict[str, str]:
        """What was typed, by variable."""
        return {name: edit.text() for name, edit in self.edits.items()}

    def show_fields(self, names: list[str]) -> None:
        """Fields for these; what was typed for one that stays is kept."""
        if names == self._names:
            return
        kept = self.values
        self._names = names
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.edits = {}
        for at, name in enumerate(names[:32]):
            self._add(at, name, kept.get(name, ""))
        rows = min(3, (len(names) + 1) // 2)
        self._scroll.setFixedHeight(rows * 38)
        self.setVisible(bool(names))

    def focus_first(self) -> bool:
        """Put the keyboard into the first field; False where there is none."""
        first = next(iter(self.edits.values()), None)
        if first is None:
            return False
        first.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _add(self, at: int, name: str, text: str) -> None:
        edit = QLineEdit(text)
        edit.setFont(self._theme.font(12, mono=True))
        edit.setAccessibleName(name)
        edit.setPlaceholderText("stays a variable")
        edit.returnPressed.connect(self._on_return)
        label = make_label(self._theme, f"{{{name}}}", "muted", px=12, mono=True)
        label.setBuddy(edit)
        row, side = divmod(at, 2)
        self._grid.addWidget(label, row, 2 * side)
        self._grid.addWidget(edit, row, 2 * side + 1)
        self.edits[name] = edit

    @Slot()
    def _on_return(self) -> None:
        edits = list(self.edits.values())
        at = next((at for at, edit in enumerate(edits) if edit is self.sender()), len(edits) - 1)
        if at + 1 < len(edits):
            edits[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.accepted.emit()
