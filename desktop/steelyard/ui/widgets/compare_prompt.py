"""The field that a prompt is typed into: grows to six lines, sends on Ctrl+Enter, asks for targets on @."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.theme.theme import Theme

_PAD_PX = 18


class PromptEdit(QPlainTextEdit):
    """Plain text only; Tab leaves the field, so that the keyboard reaches everything."""

    send_wanted = Signal()
    """Ctrl+Enter on the number pad, which no shortcut covers."""
    target_wanted = Signal()
    """An @ was typed where a word starts."""

    def __init__(self, theme: Theme, *, most_lines: int, role: str = "bare") -> None:
        super().__init__()
        self._most_lines = most_lines
        self._fewest_lines = 2
        self.setProperty("role", role)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.font(13))
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(6)
        self.textChanged.connect(self.fit)
        self.fit()

    @property
    def text(self) -> str:
        """What stands there."""
        return self.toPlainText()

    def set_fewest_lines(self, lines: int) -> None:
        """How high the empty field is."""
        self._fewest_lines = lines
        self.fit()

    def take_at_sign(self) -> None:
        """Remove the @ before the cursor: it has done its work."""
        cursor = self.textCursor()
        if not cursor.hasSelection() and cursor.position() > 0:
            cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor)
            if cursor.selectedText() == "@":
                cursor.removeSelectedText()

    def cursor_point(self) -> QPoint:
        """Where the cursor is on the screen, below its line."""
        return self.viewport().mapToGlobal(self.cursorRect().bottomLeft())

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Text only, whatever else the clipboard has."""
        self.insertPlainText(source.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Watch for @ and for the number pad's Enter."""
        is_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Enter and is_control:
            self.send_wanted.emit()
            return
        is_word_start = self._is_word_start()
        super().keyPressEvent(event)
        if event.text() == "@" and is_word_start:
            self.target_wanted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks other lines."""
        super().resizeEvent(event)
        self.fit()

    @Slot()
    def fit(self) -> None:
        """Be as high as the text, within the limits."""
        line_px = self.fontMetrics().lineSpacing()
        lines = 0
        block = self.document().begin()
        while block.isValid() and lines < self._most_lines:
            lines += max(1, block.layout().lineCount())
            block = block.next()
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded
        if lines < self._most_lines:
            policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)
        lines = max(self._fewest_lines, min(lines, self._most_lines))
        height = lines * line_px + _PAD_PX
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def _is_word_start(self) -> bool:
        cursor = self.textCursor()
        at = min(cursor.position(), cursor.anchor())
        if at == 0:
            return True
        before = self.document().characterAt(at - 1)
        return before.isspace() or before in "\u2029\u2028"
