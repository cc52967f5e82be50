"""One text of a diff: read-only, written a few milliseconds at a time, changes marked and reachable."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QBrush, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QTextEdit

from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.markdown_parse import QuietDocument
from steelyard.ui.widgets.response_stream import storable

if TYPE_CHECKING:
    from typing import Literal

    from steelyard.ui.theme.theme import Theme

    Mark = Literal["equal", "left", "right"]

SLICE_S = 0.006
PART_CHARS = 4 * 1024
"""Pieces are written in such parts; a line that is longer is broken on the screen."""


class DiffPane(QTextEdit):
    """Takes pieces in order; a piece's number stays its place in both panes."""

    user_scrolled = Signal()
    """The user moved the text; not sent for `align`."""
    written = Signal()
    """All that was to be shown stands there."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._is_aligning = False
        self._waiting: deque[tuple[int, Mark, str]] = deque()
        self._starts: list[int] = []
        self._ends: dict[int, int] = {}
        self._line_chars = 0
        self._document = QuietDocument(self)
        self._document.setUndoRedoEnabled(False)
        self.setDocument(self._document)
        self.setReadOnly(True)
        self.setAcceptDrops(False)
        self.setFont(theme.font(12, mono=True))
        self.setProperty("role", "code")
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        name_widget(self, name)
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._on_slice)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    @property
    def is_written(self) -> bool:
        """Whether nothing is on its way any more."""
        return not self._waiting

    def show_pieces(self, pieces: list[tuple[Mark, str]]) -> None:
        """Show other text."""
        self._document.clear()
        self.setExtraSelections([])
        self._starts, self._ends, self._line_chars = [], {}, 0
        self._waiting = deque((number, mark, text) for number, (mark, text) in enumerate(pieces))
        self._looks = {mark: self._look(mark) for mark in ("equal", "left", "right")}
        self._timer.start()

    def show_current(self, number: int) -> None:
        """Mark one change above the others and bring it into view."""
        selection = QTextEdit.ExtraSelection()
        cursor = self._cursor(self._start(number), self._ends.get(number, self._start(number)))
        look = QTextCharFormat()
        look.setBackground(QBrush(self._theme.color("accent_fill")))
        look.setForeground(QBrush(self._theme.color("on_accent")))
        selection.cursor = cursor  # type: ignore[misc]
        selection.format = look  # type: ignore[misc]
        self.setExtraSelections([selection])
        self.align(number, 0, self.viewport().height() // 3)

    def place(self) -> tuple[int, int, int]:
        """What stands at the top: number of the piece, characters into it, top of its line in px."""
        cursor = self.cursorForPosition(QPoint(8, 4))
        number = max(0, bisect_right(self._starts, cursor.position()) - 1)
        return number, cursor.position() - self._start(number), self.cursorRect(cursor).top()

    def align(self, number: int, chars: int, top_px: int) -> None:
        """Scroll so that this place stands at this height."""
        start = self._start(number)
        position = min(start + chars, self._ends.get(number, start))
        bar = self.verticalScrollBar()
        self._is_aligning = True
        bar.setValue(bar.value() + self.cursorRect(self._cursor(position, position)).top() - top_px)
        self._is_aligning = False

    def loadResource(self, type_: int, name: object) -> object:
        """Nothing, from anywhere."""
        return None

    # ---- writing -------------------------------------------------------------------------------------------

    @Slot()
    def _on_slice(self) -> None:
        until_s = time.perf_counter() + SLICE_S
        end = QTextCursor(self._document)
        end.movePosition(QTextCursor.MoveOperation.End)
        end.beginEditBlock()
        while self._waiting and time.perf_counter() < until_s:
            number, mark, text = self._waiting.popleft()
            if number == len(self._starts):
                self._starts.append(end.position())
            if len(text) > PART_CHARS:
                self._waiting.appendleft((number, mark, text[PART_CHARS:]))
                text = text[:PART_CHARS]
            self._write(end, text, self._looks[mark])
            self._ends[number] = end.position()
        end.endEditBlock()
        if self._waiting:
            self._timer.start()
        else:
            self.written.emit()

    def _write(self, end: QTextCursor, text: str, look: QTextCharFormat) -> None:
        for at, line in enumerate(text.split("\n")):
            if at:
                end.insertText("\n", look)
                self._line_chars = 0
            if self._line_chars + len(line) > PART_CHARS:
                end.insertText("\n", look)
                self._line_chars = 0
            end.insertText(storable(line), look)
            self._line_chars += len(line)

    def _look(self, mark: Mark) -> QTextCharFormat:
        look = QTextCharFormat()
        look.setFont(self._theme.font(12, mono=True))
        look.setForeground(QBrush(self._theme.color("text2" if mark == "equal" else "text")))
        if mark != "equal":
            look.setBackground(QBrush(self._theme.color("bad_soft" if mark == "left" else "good_soft")))
            look.setFontUnderline(mark == "right")
            look.setFontStrikeOut(mark == "left")
        return look

    def _start(self, number: int) -> int:
        return self._starts[number] if number < len(self._starts) else 0

    def _cursor(self, start: int, end: int) -> QTextCursor:
        cursor = QTextCursor(self._document)
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    @Slot()
    def _on_scrolled(self) -> None:
        if not self._is_aligning:
            self.user_scrolled.emit()
