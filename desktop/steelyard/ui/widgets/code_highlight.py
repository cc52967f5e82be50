"""Colours finished code blocks a few milliseconds at a time, so that no block holds up the window."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QTextCursor, QTextLayout

from steelyard.ui.widgets.markdown_write import CODE_LINE_MAX_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextDocument

MAX_CODE_CHARS = 200 * 1024
"""Longer code stays plain."""
SLICE_S = 0.002


def warm_up_pygments() -> None:
    """Import the lexers' table in a thread of its own: the first code block shall not wait for it."""
    threading.Thread(target=_import_pygments, name="pygments", daemon=True).start()


def _import_pygments() -> None:
    pass


class CodeHighlighter(QObject):
    """A queue of code blocks of one document."""

    def __init__(self, document: QTextDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._formats: dict[str, QTextCharFormat] = {}
        self._jobs: deque[_Job] = deque()
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._on_slice)

    def set_formats(self, formats: dict[str, QTextCharFormat]) -> None:
        """The looks of keyword, string, number and comment."""
        self._formats = formats

    def clear(self) -> None:
        """Forget what waits: the document was emptied."""
        self._jobs.clear()
        self._timer.stop()

    def add(self, first: QTextCursor, code: str, language: str) -> None:
        """Colour `code`, whose first line is the block of the cursor `first`."""
        is_long_line = any(len(line) > CODE_LINE_MAX_CHARS for line in code.split("\n"))
        if not language or len(code) > MAX_CODE_CHARS or is_long_line:
            return
        self._jobs.append(_Job(first, code, language))
        self._timer.start()

    @Slot()
    def _on_slice(self) -> None:
        until = time.perf_counter() + SLICE_S
        while self._jobs and time.perf_counter() < until:
            if self._jobs[0].advance(self._document, self._formats, until):
                self._jobs.popleft()
        if not self._jobs:
            self._timer.stop()


class _Job:
    def __init__(self, first: QTextCursor, code: str, language: str) -> None:
        self._first = first
        self._code = code
        self._language = language
        self._tokens: Iterator[tuple[Any, str]] | None = None
        self._block: QTextBlock | None = None
        self._column = 0
        self._ranges: list[QTextLayout.FormatRange] = []

    def advance(self, document: QTextDocument, formats: dict[str, QTextCharFormat], until: float) -> bool:
        """Work until the deadline; True when all is coloured."""
        if self._tokens is None:
            self._tokens = lex(self._code, self._language)
            return False
        block = self._block or self._first.block()
        start = block.position()
        is_done = True
        for kind, text in self._tokens:
            block = self._take(block, text, formats.get(_look(kind)))
            if time.perf_counter() > until:
                is_done = False
                break
        if is_done:
            self._flush(block)
        self._block = block
        document.markContentsDirty(start, max(1, block.position() + block.length() - 1 - start))
        return is_done

    def _take(self, block: QTextBlock, text: str, look: QTextCharFormat | None) -> QTextBlock:
        for at, part in enumerate(text.split("\n")):
            if at:
                self._flush(block)
                block = block.next()
            length = utf16_length(part)
            if look is not None and length:
                found = QTextLayout.FormatRange()
                found.start, found.length, found.format = self._column, length, look  # type: ignore[misc]
                self._ranges.append(found)
            self._column += length
        return block

    def _flush(self, block: QTextBlock) -> None:
        if self._ranges and block.isValid():
            block.layout().setFormats(self._ranges)
        self._ranges = []
        self._column = 0


def utf16_length(text: str) -> int:
    """Length in the units that Qt counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def lex(code: str, language: str) -> Iterator[tuple[Any, str]]:
    """Tokens of the code, lazily; nothing for a language that is not known."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return iter(())
    return iter(lexer.get_tokens(code))


def _look(kind: Any) -> str:
    from pygments.token import Comment, Keyword, Number, Operator, String

    if kind in Keyword or kind in Operator.Word:
        return "keyword"
    if kind in String:
        return "string"
    if kind in Number:
        return "number"
    return "comment" if kind in Comment else ""
