"""A plain-text editor in a monospaced type that marks the line in which something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCursor, QTextFormat
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import restyle, set_role
from steelyard.ui.widgets.labels import make_label, name_widget

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

    from steelyard.ui.theme.theme import Theme


class FormTextEdit(QWidget):
    """The text, and below it a line that says what is wrong or that nothing is."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._line: int | None = None
        self.edit = _PlainEdit()
        self.edit.setProperty("role", "code")
        self.edit.setFont(theme.font(12, mono=True))
        self.edit.setTabChangesFocus(True)
        self.edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        name_widget(self.edit, name)
        self.edit.setToolTip("")
        self._verdict = make_label(theme, "", "muted", px=12)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._verdict, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.edit, 1)
        column.addLayout(row)
        theme.changed.connect(self._mark)

    @property
    def text(self) -> str:
        """What stands there."""
        return self.edit.toPlainText()

    @property
    def verdict(self) -> str:
        """What the line below says."""
        return self._verdict.text()

    def set_text(self, text: str) -> None:
        """Show another text; it can be undone."""
        if text == self.text:
            return
        cursor = QTextCursor(self.edit.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.edit.moveCursor(QTextCursor.MoveOperation.Start)

    def show_verdict(self, text: str, *, is_wrong: bool, line: int | None = None) -> None:
        """Say what was found; `line` from 1 is marked."""
        self._verdict.setText(text)
        set_role(self._verdict, "error" if is_wrong else "muted")
        if bool(self.edit.property("invalid")) != is_wrong:
            self.edit.setProperty("invalid", is_wrong)
            restyle(self.edit)
        self._line = line
        self._mark()

    def _mark(self) -> None:
        block = self.edit.document().findBlockByNumber((self._line or 0) - 1)
        if self._line is None or not block.isValid():
            self.edit.setExtraSelections([])
            return
        mark = QTextEdit.ExtraSelection()
        cursor = QTextCursor(block)
        mark.cursor = cursor  # type: ignore[attr-defined]
        mark.format.setBackground(self._theme.color("bad_soft"))  # type: ignore[attr-defined]
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
        self.edit.setExtraSelections([mark])


class _PlainEdit(QPlainTextEdit):
    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text only, whatever else the clipboard has."""
        self.insertPlainText(source.text())
