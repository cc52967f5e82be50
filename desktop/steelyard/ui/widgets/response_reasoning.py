"""The reasoning of one answer: a line that folds, and the text under it while it is unfolded."""

from __future__ import annotations

from PySide6.QtGui import QTextCharFormat, QTextCursor

from steelyard.ui.widgets.markdown_style import REASONING_INDENT_PX, BlockKind, MarkdownStyle, kind_format

SHOWN_MAX_CHARS = 64 * 1024


class ReasoningFold:
    """Folded at first; unfolding inserts the text, folding takes it out again."""

    def __init__(self, line: QTextCursor, style: MarkdownStyle, href: str) -> None:
        self.href = href
        self._line = line
        self._style = style
        self._text = ""
        self._shown_chars = 0
        self._is_unfolded = False
        self._is_streaming = True
        self._end = QTextCursor(line)
        self._write_line()

    @property
    def is_streaming(self) -> bool:
        """Whether more may come."""
        return self._is_streaming

    def feed(self, text: str) -> None:
        """More reasoning."""
        self._text += text
        if self._is_unfolded:
            self._show_more()

    def finish(self) -> None:
        """The reasoning is over: the line tells how long it was."""
        if self._is_streaming:
            self._is_streaming = False
            self._write_line()

    def toggle(self) -> None:
        """Unfold or fold."""
        self._is_unfolded = not self._is_unfolded
        self._write_line()
        if self._is_unfolded:
            self._open_region()
            self._show_more()
        else:
            self._remove_region()

    def _write_line(self) -> None:
        arrow = "▾" if self._is_unfolded else "▸"
        words = len(self._text.split())
        about = "thinking…" if self._is_streaming else f"{words:,} {'word' if words == 1 else 'words'}"
        look = QTextCharFormat(self._style.reasoning_header)
        look.setAnchor(True)
        look.setAnchorHref(self.href)
        at = QTextCursor(self._line.block())
        at.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        at.insertText(f"{arrow} Reasoning · {about}", look)
        self._line.setPosition(at.block().position())

    def _open_region(self) -> None:
        self._end = QTextCursor(self._line.block())
        self._end.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        self._end.insertBlock(kind_format(BlockKind.REASONING, 2, REASONING_INDENT_PX), self._style.muted)
        self._end.setKeepPositionOnInsert(True)
        self._shown_chars = 0

    def _show_more(self) -> None:
        piece = self._text[self._shown_chars : SHOWN_MAX_CHARS]
        self._shown_chars += len(piece)
        self._end.setKeepPositionOnInsert(False)
        self._end.insertText(piece, self._style.muted)
        if piece and self._shown_chars == SHOWN_MAX_CHARS:
            self._end.insertText("\n… only the first 64 KiB are shown here.", self._style.note)
        self._end.setKeepPositionOnInsert(True)

    def _remove_region(self) -> None:
        region = QTextCursor(self._line.block())
        region.movePosition(QTextCursor.MoveOperation.EndOfBlock)
        region.setPosition(self._end.position(), QTextCursor.MoveMode.KeepAnchor)
        region.removeSelectedText()
