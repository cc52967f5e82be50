"""Writes pieces at the end of a document, and can take back what was written since the last commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor

from steelyard.ui.widgets.markdown_parse import Paragraph, Table
from steelyard.ui.widgets.markdown_style import (
    BLOCK_GAP_PX,
    CODE_PAD_PX,
    ITEM_GAP_PX,
    QUOTE_INDENT_PX,
    THIN_SPACE,
    BlockKind,
    MarkdownStyle,
    code_line_format,
    hidden_line_format,
    kind_format,
    list_format,
    paragraph_format,
    quote_format,
    rule_format,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument, QTextList

    from steelyard.ui.widgets.markdown_parse import Piece, Span

CODE_LINE_MAX_CHARS = 2 * 1024
"""Longer lines are broken on the screen: laying out one endless line costs more with each character."""


PLAIN_BLOCK_LINES = 40
"""Lines of plain text in one block of the document."""
LINE_BREAK = "\u2028"
"""A new line in the same block; read back as a newline."""


class EndWriter:
    """Everything goes to the end; `commit` makes it final, `rollback` removes what is not."""

    def __init__(self, document: QTextDocument, style: MarkdownStyle) -> None:
        self.style = style
        self._cursor = QTextCursor(document)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self._is_fresh = document.isEmpty()
        self._last_kind: BlockKind | None = None
        self._mark = QTextCursor(self._cursor)
        self._mark.setKeepPositionOnInsert(True)
        self._mark_state = (self._is_fresh, self._last_kind)
        self._has_written = False
        self._lists: dict[int, QTextList] = {}
        self._line_chars = 0
        self._block_lines = 0
        self._code_id = 0

    @property
    def last_block_number(self) -> int:
        """Number of the document's last block."""
        return self._cursor.document().blockCount() - 1

    def commit(self) -> None:
        """What stands here now never changes again."""
        self._mark.setPosition(self._end().position())
        self._mark_state = (self._is_fresh, self._last_kind)
        self._has_written = False
        self._lists.clear()

    def rollback(self) -> None:
        """Remove everything since the last commit."""
        was_fresh, self._last_kind = self._mark_state
        start = self._mark.position() + (0 if was_fresh else 1)
        end = self._end()
        if end.position() >= start:
            end.setPosition(start, QTextCursor.MoveMode.KeepAnchor)
            end.removeSelectedText()
            end.setBlockFormat(QTextBlockFormat())
            end.setBlockCharFormat(QTextCharFormat())
            self._mark.setPosition(start)
            self._is_fresh = True
            self._mark_state = (True, self._last_kind)
        self._has_written = False
        self._lists.clear()

    def begin(self) -> None:
        """Lay out once for all that follows until `end`."""
        self._cursor.beginEditBlock()

    def end(self) -> None:
        """See `begin`."""
        self._cursor.endEditBlock()

    # ---- prose ---------------------------------------------------------------------------------------------

    def write_pieces(self, pieces: list[Piece]) -> None:
        """Rendered prose."""
        for piece in pieces:
            if isinstance(piece, Table):
                self._write_table(piece)
            else:
                self._write_paragraph(piece)

    def write_plain(self, text: str) -> None:
        """Go on with the last line as plain text, or begin one; newlines start new lines.

        Many lines share one block of the document: it is blocks that cost, and a huge answer has many lines.
        """
        lines = text.split("\n")
        if not self._has_written or (self._is_fresh and any(lines)):
            self._new_block(paragraph_format(self._gap()), self.style.body)
            self._last_kind = BlockKind.PROSE
            self._block_lines = 0
        end = self._end()
        pending = ""
        for at, line in enumerate(lines):
            if at:
                self._block_lines += 1
                if self._block_lines >= PLAIN_BLOCK_LINES or self._line_chars > CODE_LINE_MAX_CHARS:
                    self._insert_plain(end, pending)
                    end.insertBlock(paragraph_format(0), self.style.body)
                    self._line_chars, self._block_lines, pending = 0, 0, ""
                else:
                    pending += LINE_BREAK
            pending += line
            self._line_chars += len(line)
        self._insert_plain(end, pending)

    def _insert_plain(self, end: QTextCursor, text: str) -> None:
        """A line without end is broken."""
        self._line_chars -= len(text)
        self._insert_chunked(end, text, paragraph_format(0), self.style.body)

    def write_prompt(self, text: str) -> None:
        """An earlier question, compactly."""
        top = self._gap() + 8 if self._last_kind is not None else 6
        self._new_block(kind_format(BlockKind.PROMPT, top, 10), self.style.prompt)
        self._cursor.insertText(text, self.style.prompt)
        self._last_kind = BlockKind.PROMPT

    def write_note(self, text: str) -> None:
        """A remark of ours inside the answer."""
        self._new_block(kind_format(BlockKind.NOTE, self._gap(), 0), self.style.note)
        self._cursor.insertText(text, self.style.note)
        self._last_kind = BlockKind.NOTE

    def write_fold_line(self) -> QTextCursor:
        """A line whose text may change later, and a fresh one below it; returns a cursor in the first."""
        self._new_block(paragraph_format(self._gap()), self.style.reasoning_header)
        line = QTextCursor(self._cursor)
        line.setKeepPositionOnInsert(True)
        self._end().insertBlock(hidden_line_format())
        self._is_fresh = True
        self._last_kind = BlockKind.PROSE
        self.commit()
        return line

    # ---- code ----------------------------------------------------------------------------------------------

    def open_code(self, code_id: int, badge_px: float) -> None:
        """Start a code block; the first line leaves room for its badge."""
        self._code_id = code_id
        look = code_line_format(self._gap() + CODE_PAD_PX, code_id)
        look.setRightMargin(max(look.rightMargin(), badge_px))
        self._new_block(look, self.style.code)
        self._last_kind = BlockKind.CODE
        self._line_chars = 0

    def write_code(self, text: str) -> None:
        """Go on with the open code block."""
        end = self._end()
        look = code_line_format(0, self._code_id)
        for at, line in enumerate(text.split("\n")):
            if at:
                end.insertBlock(look, self.style.code)
                self._line_chars = 0
            self._insert_chunked(end, line, look, self.style.code)

    def _insert_chunked(
        self, end: QTextCursor, line: str, look: QTextBlockFormat, chars: QTextCharFormat
    ) -> None:
        while line:
            room = CODE_LINE_MAX_CHARS - self._line_chars
            if room <= 0:
                end.insertBlock(look, chars)
                self._line_chars, room = 0, CODE_LINE_MAX_CHARS
            end.insertText(line[:room], chars)
            self._line_chars += min(len(line), room)
            line = line[room:]

    # ---- pieces --------------------------------------------------------------------------------------------

    def _write_paragraph(self, piece: Paragraph) -> None:
        if piece.is_rule:
            self._new_block(rule_format(self._gap() + 4), self.style.muted)
            self._last_kind = BlockKind.RULE
            return
        base = self.style.heading(piece.heading) if piece.heading else self.style.body
        if piece.is_code:
            base = self.style.code
        self._open_paragraph(piece, base)
        if piece.check:
            self._cursor.insertText("☑ " if piece.check == "done" else "☐ ", self.style.marker)
        self._insert_spans(piece.spans, base)

    def _open_paragraph(self, piece: Paragraph, base: QTextCharFormat) -> None:
        if piece.quote_depth:
            gap = ITEM_GAP_PX if self._last_kind is BlockKind.QUOTE else self._gap()
            self._new_block(quote_format(gap, piece.quote_depth), base)
            self._last_kind = BlockKind.QUOTE
            return
        is_next_item = piece.list_id in self._lists or piece.list_depth > 1
        look = paragraph_format(ITEM_GAP_PX if piece.list_depth and is_next_item else self._gap())
        if piece.heading and self._last_kind is not None:
            look.setTopMargin(look.topMargin() + 4)
        if piece.list_depth and not piece.list_id:
            look.setIndent(piece.list_depth)
        self._new_block(look, self.style.marker if piece.list_id else base)
        self._last_kind = BlockKind.PROSE
        if piece.list_id:
            self._join_list(piece)

    def _join_list(self, piece: Paragraph) -> None:
        known = self._lists.get(piece.list_id)
        if known is not None:
            known.add(self._cursor.block())
        else:
            self._lists[piece.list_id] = self._cursor.createList(
                list_format(piece.list_depth, piece.list_number)
            )

    def _insert_spans(self, spans: list[Span], base: QTextCharFormat) -> None:
        for span in spans:
            look = self.style.span(span, base)
            if span.is_code:
                self._cursor.insertText(THIN_SPACE, self.style.inline_pad)
            self._cursor.insertText(span.text, look)
            if span.is_code:
                self._cursor.insertText(THIN_SPACE, self.style.inline_pad)

    def _write_table(self, piece: Table) -> None:
        self._new_block(hidden_line_format(), self.style.muted)
        columns = len(piece.rows[0])
        table = self._cursor.insertTable(len(piece.rows), columns, self.style.table_format(columns))
        for row, cells in enumerate(piece.rows):
            for column, spans in enumerate(cells):
                self._cursor = table.cellAt(row, column).firstCursorPosition()
                self._cursor.setBlockFormat(paragraph_format(0, line_percent=120))
                self._insert_spans(spans, self.style.bold if row == 0 else self.style.body)
        self._end().setBlockFormat(hidden_line_format())
        self._is_fresh = True
        self._last_kind = BlockKind.PROSE

    # ---- the end -------------------------------------------------------------------------------------------

    def _end(self) -> QTextCursor:
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        return self._cursor

    def _gap(self) -> float:
        match self._last_kind:
            case None:
                return 0
            case BlockKind.CODE:
                return BLOCK_GAP_PX + CODE_PAD_PX
            case BlockKind.PROMPT:
                return BLOCK_GAP_PX + QUOTE_INDENT_PX / 2
            case _:
                return BLOCK_GAP_PX

    def _new_block(self, look: QTextBlockFormat, chars: QTextCharFormat) -> None:
        end = self._end()
        self._has_written = True
        if self._is_fresh:
            end.setBlockFormat(look)
            end.setBlockCharFormat(chars)
            self._is_fresh = False
        else:
            end.insertBlock(look, chars)
        self._line_chars = 0
