"""Code that can be read, selected and copied: snippets, the exact command, a diff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QSizePolicy, QTextEdit

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

_FRAME_PX = 5
"""Border and padding of the style sheet."""
_BAR_PX = 10
_WORD = re.compile(r"""'(?:[^']|'"'"')*'|"[^"]*"|\S+""")
_CODE = re.compile(r"""("[^"]*"|'[^']*')|\b(from|import|export|curl|as)\b|(\$\w+)""")


@dataclass(frozen=True)
class Span:
    """Some characters in the colour of a token; `mark` puts its soft colour behind them."""

    text: str
    color: str = "text"
    mark: str = ""


Line = tuple[Span, ...]


class CodeView(QTextEdit):
    """Read-only lines as high as they are many, at most `most_lines`."""

    def __init__(self, theme: Theme, name: str, *, most_lines: int = 12, px: int = 12) -> None:
        super().__init__()
        self._theme = theme
        self._lines: tuple[Line, ...] = ()
        self._most = most_lines
        self._is_writing = False
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setProperty("role", "code")
        self.setFont(theme.font(px, mono=True))
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        self.document().setDocumentMargin(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        name_widget(self, name, f"{name}: select, or Tab to it, Ctrl+A, Ctrl+C")
        theme.changed.connect(self._write)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show_lines(self, lines: tuple[Line, ...]) -> None:
        """Show other lines."""
        if lines != self._lines:
            self._lines = lines
            is_long = len(lines) > self._most
            bar = Qt.ScrollBarPolicy.ScrollBarAsNeeded if is_long else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            self.setVerticalScrollBarPolicy(bar)
            self._write()

    def columns(self) -> int:
        """How many characters stand in one line without scrolling."""
        width = self.width() - 2 * _FRAME_PX - 2 * self.document().documentMargin() - 2
        return max(24, int(width / QFontMetricsF(self.font()).horizontalAdvance("0" * 100) * 100))

    def sizeHint(self) -> QSize:
        """As high as the lines."""
        return QSize(200, self._wanted_px())

    def minimumSizeHint(self) -> QSize:
        """It can be narrow."""
        return QSize(80, self._wanted_px())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """What shows all of itself lets the page scroll."""
        if self.verticalScrollBar().maximum() > 0:
            super().wheelEvent(event)
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """The style may bring another frame."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _wanted_px(self) -> int:
        lines = min(self._most, max(1, len(self._lines)))
        text_px = self.document().size().height() if len(self._lines) <= self._most else 0.0
        least_px = lines * QFontMetricsF(self.font()).lineSpacing() + 2 * self.document().documentMargin()
        return round(max(text_px, least_px)) + 2 * _FRAME_PX + (_BAR_PX if self._is_too_wide() else 0)

    def _is_too_wide(self) -> bool:
        longest = max((sum(len(span.text) for span in line) for line in self._lines), default=0)
        return longest > self.columns()

    def _fit(self) -> None:
        if not self._is_writing and self.height() != self._wanted_px():
            self.setFixedHeight(self._wanted_px())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A line may need its scroll bar now."""
        super().resizeEvent(event)
        self._fit()

    def _write(self) -> None:
        self._is_writing = True
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for at, line in enumerate(self._lines):
            if at:
                cursor.insertBlock()
            for span in line:
                look = QTextCharFormat()
                look.setForeground(self._theme.color(span.color))
                if span.mark:
                    look.setBackground(self._theme.color(span.mark))
                cursor.insertText(span.text, look)
        cursor.endEditBlock()
        self.setTextCursor(QTextCursor(self.document()))  # the view goes where the cursor is
        self.verticalScrollBar().setValue(0)
        self.horizontalScrollBar().setValue(0)
        self._is_writing = False
        self._fit()


class WrappedCommand(CodeView):
    """A command line broken between flags, never inside one; each break can be pasted into a shell."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, most_lines=14)
        self._command = ""
        self._marked: frozenset[str] = frozenset()
        self._columns = 0

    def show_command(self, command: str, marked: frozenset[str]) -> None:
        """Show a command with these flags highlighted."""
        if (command, marked) != (self._command, self._marked):
            self._command, self._marked = command, marked
            self._break()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other width, other breaks."""
        super().resizeEvent(event)
        if self.columns() != self._columns and not self._is_writing:
            self._break()

    def _break(self) -> None:
        self._columns = self.columns()
        self.show_lines(command_lines(self._command, self._marked, self._columns))


def command_lines(command: str, marked: frozenset[str], columns: int) -> tuple[Line, ...]:
    """The command in lines of at most `columns` where a single flag is not longer itself."""
    lines: list[list[Span]] = [[]]
    used = 0
    for group in _groups(command):
        length = len(" ".join(group))
        if used and used + 1 + length > columns - 2:
            lines[-1].append(Span(" \\", "text3"))
            lines.append([Span("  ")])
            used = 2
        elif used:
            lines[-1].append(Span(" "))
            used += 1
        lines[-1] += _spans(group, is_marked=group[0].partition("=")[0] in marked)
        used += length
    return tuple(tuple(line) for line in lines)


def _groups(command: str) -> list[list[str]]:
    """Words in groups: a flag with its values."""
    groups: list[list[str]] = []
    for word in _WORD.findall(command):
        is_flag = word.startswith("-") and not re.match(r"^-\d", word)
        if is_flag or not groups or (len(groups) == 1 and not groups[0][0].startswith("-")):
            groups.append([word])
        else:
            groups[-1].append(word)
    return groups


def _spans(group: list[str], *, is_marked: bool) -> list[Span]:
    if is_marked:
        return [Span(" ".join(group), "accent", "accent_soft")]
    spans: list[Span] = []
    for at, word in enumerate(group):
        is_file = word.strip("'\"").lower().endswith((".gguf", ".jinja", ".sock"))
        spans.append(Span(f" {word}" if at else word, "code_string" if is_file else "text"))
    return spans


def code_lines(text: str) -> tuple[Line, ...]:
    """Python and shell with their strings and words coloured."""
    return tuple(_code_line(line) for line in text.split("\n"))


def _code_line(line: str) -> Line:
    spans: list[Span] = []
    at = 0
    for found in _CODE.finditer(line):
        if found.start() > at:
            spans.append(Span(line[at : found.start()]))
        color = "code_string" if found.group(1) else "code_keyword" if found.group(2) else "code_number"
        spans.append(Span(found.group(0), color))
        at = found.end()
    return (*spans, Span(line[at:]))


def diff_lines(diff: str) -> tuple[Line, ...]:
    """A unified diff with what came in green and what went in red."""
    looks = {"+": ("good", "good_soft"), "-": ("bad", "bad_soft"), "@": ("info", "")}
    return tuple(
        (Span(line, *looks.get(line[:1], ("text2", ""))),) if line else (Span(""),)
        for line in diff.rstrip("\n").split("\n")
    )
