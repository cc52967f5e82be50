"""Colours finished code blocks a few milliseconds at a time, so that no block holds up the window."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QTextLayout

from steelyard.ui.widgets.markdown_write import CODE_LINE_MAX_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextCursor, QTextDocument

MAX_CODE_CHARS = 200 * 1024
"""Longer code stays plain."""
SLICE_S = 0.002
REST = 8
"""In a long document a slice is laid out for longer than it is worked on: it rests so many times as long."""
MAX_REST_MS = 200
LEXER_POLL_MS = 30


class Lexers:
    """Lexers by language, made in threads: importing one and compiling its rules takes up to 0.1 s."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}
        self._asked: set[str] = set()
        self._names: frozenset[str] = frozenset()

    def ask(self, language: str) -> None:
        """Have a lexer made, if that has not been asked before."""
        with self._lock:
            if language in self._asked or not language:
                return
            self._asked.add(language)
        threading.Thread(target=self._make, args=(language,), name="lexer", daemon=True).start()

    def is_ready(self, language: str) -> bool:
        """Whether it is known what to do with this language."""
        return language in self._made

    def lex(self, code: str, language: str) -> Iterator[tuple[Any, str]]:
        """Tokens of the code, lazily; nothing for a language that is not known."""
        lexer = self._made.get(language)
        return iter(()) if lexer is None else iter(lexer.get_tokens(code))

    def _make(self, language: str) -> None:
        lexer = None
        if language in self._known_names():
            from pygments.lexers import get_lexer_by_name

            lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
            for _ in lexer.get_tokens("x"):
                pass
        self._made[language] = lexer

    def _known_names(self) -> frozenset[str]:
        """Names that Pygments ships. For any other it would read all installed packages for a plug-in."""
        from pygments.lexers import get_all_lexers

        if not self._names:
            aliases = (alias for _, names, _, _ in get_all_lexers(plugins=False) for alias in names)
            self._names = frozenset(aliases)
        return self._names


LEXERS = Lexers()
"""Shared by all columns; a lexer has no state between texts."""


def warm_up_pygments() -> None:
    """Have the commonest lexer ready before the first code block."""
    LEXERS.ask("python")


class CodeHighlighter(QObject):
    """A queue of code blocks of one document."""

    def __init__(self, document: QTextDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._formats: dict[str, QTextCharFormat] = {}
        self._jobs: deque[_Job] = deque()
        self._timer = QTimer(self, singleShot=True)
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
        has_long_line = any(len(line) > CODE_LINE_MAX_CHARS for line in code.split("\n"))
        if not language or len(code) > MAX_CODE_CHARS or has_long_line:
            return
        LEXERS.ask(language)
        self._jobs.append(_Job(first, code, language))
        if not self._timer.isActive():
            self._timer.start(0)

    @Slot()
    def _on_slice(self) -> None:
        if not self._jobs:
            return
        if not LEXERS.is_ready(self._jobs[0].language):
            self._timer.start(LEXER_POLL_MS)
            return
        started_s = time.perf_counter()
        start, end = self._jobs[0].end, 0
        while self._jobs and LEXERS.is_ready(self._jobs[0].language):
            job = self._jobs[0]
            start = min(start, job.position)
            is_done = job.advance(self._formats, started_s + SLICE_S)
            end = max(end, job.end)
            if not is_done:
                break
            self._jobs.popleft()
        self._document.markContentsDirty(start, max(1, end - start))
        if self._jobs:
            took_ms = (time.perf_counter() - started_s) * 1000
            self._timer.start(min(MAX_REST_MS, int(took_ms * REST)))


class _Job:
    def __init__(self, first: QTextCursor, code: str, language: str) -> None:
        self.language = language
        self._first = first
        self._code = code
        self._tokens: Iterator[tuple[Any, str]] | None = None
        self._block: QTextBlock | None = None
        self._column = 0
        self._ranges: list[QTextLayout.FormatRange] = []

    @property
    def position(self) -> int:
        """Where the line begins that is worked on next."""
        return (self._block or self._first.block()).position()

    @property
    def end(self) -> int:
        """Where the last line ends that was worked on."""
        block = self._block or self._first.block()
        return block.position() + block.length() - 1

    def advance(self, formats: dict[str, QTextCharFormat], until_s: float) -> bool:
        """Work until the deadline; True when all is coloured."""
        if self._tokens is None:
            self._tokens = LEXERS.lex(self._code, self.language)
        block = self._block or self._first.block()
        is_done = True
        for kind, text in self._tokens:
            block = self._take(block, text, formats.get(_look(kind)))
            if time.perf_counter() > until_s:
                is_done = False
                break
        if is_done:
            self._flush(block)
        self._block = block
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


def _look(kind: Any) -> str:
    from pygments.token import Comment, Keyword, Number, Operator, String

    if kind in Keyword or kind in Operator.Word:
        return "keyword"
    if kind in String:
        return "string"
    if kind in Number:
        return "number"
    return "comment" if kind in Comment else ""
