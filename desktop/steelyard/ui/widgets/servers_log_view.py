"""The tail of a log: bounded, coloured by level, following until the user scrolls."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit

from steelyard.core.base.errors import printable
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from steelyard.core.values.servers import LogLine
    from steelyard.ui.theme.theme import Theme

MOST_LINES = 2000
_MOST_CHARS = 2000
_COLORS = {"E": "bad", "W": "warn", "D": "text3"}
_LEVELS = {"all": "", "warnings": "WE", "errors": "E"}


class LogView(QPlainTextEdit):
    """Keeps at most 2,000 lines, shows those that pass the filter."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._kept: deque[LogLine] = deque(maxlen=MOST_LINES)
        self._level = "all"
        self._needle = ""
        self.is_following = True
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setProperty("role", "code")
        self.setFont(theme.font(12, mono=True))
        self.setMaximumBlockCount(MOST_LINES)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setTabChangesFocus(True)
        name_widget(self, "Log", "Log of the server: select, Ctrl+C")
        theme.changed.connect(self.rewrite)

    @property
    def last_number(self) -> int | None:
        """The number of the newest line that is kept."""
        return self._kept[-1].number if self._kept else None

    def count(self, levels: str) -> int:
        """How many kept lines have one of these levels."""
        return sum(1 for line in self._kept if line.level and line.level in levels)

    def text_of_all(self) -> str:
        """What is shown, for the clipboard."""
        return "\n".join(_text(line) for line in self._kept if self._passes(line))

    def clear_lines(self) -> None:
        """Another server."""
        self._kept.clear()
        self.clear()

    def add_lines(self, lines: Iterable[LogLine]) -> None:
        """More lines; those that are there already are left out."""
        last = self.last_number
        fresh = [line for line in lines if last is None or line.number > last]
        self._kept.extend(fresh)
        self._write([line for line in fresh if self._passes(line)])

    def set_filter(self, level: str, needle: str) -> None:
        """Show only lines of a level (all, warnings, errors) with this text in them."""
        needle = needle.casefold()
        if (level, needle) != (self._level, self._needle):
            self._level, self._needle = level, needle
            self.rewrite()

    def rewrite(self) -> None:
        """Show everything that passes, anew."""
        self.clear()
        self._write([line for line in self._kept if self._passes(line)])

    def follow(self, *, is_on: bool) -> None:
        """Stay at the end, or where the user is."""
        self.is_following = is_on
        if is_on:
            self._to_end()

    def _passes(self, line: LogLine) -> bool:
        levels = _LEVELS[self._level]
        if levels and (not line.level or line.level not in levels):
            return False
        return not self._needle or self._needle in line.text.casefold()

    def _write(self, lines: list[LogLine]) -> None:
        if not lines:
            return
        bar = self.verticalScrollBar()
        place = bar.value()
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        is_empty = self.document().isEmpty()
        for line in lines[-MOST_LINES:]:
            if not is_empty:
                cursor.insertBlock()
            is_empty = False
            look = QTextCharFormat()
            look.setForeground(self._theme.color(_COLORS.get(line.level, "text2")))
            cursor.insertText(_text(line), look)
        cursor.endEditBlock()
        if self.is_following:
            self._to_end()
        else:
            bar.setValue(place)

    def _to_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self.horizontalScrollBar().setValue(0)


def _text(line: LogLine) -> str:
    text = printable(line.text).rstrip()
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"
