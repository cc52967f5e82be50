"""Brings an answer into a document while it arrives.

Finished blocks are rendered once and never touched again. The open block is appended to as plain text and
rendered anew at most four times a second. Long texts are taken in slices, so that a frame stays a frame.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QTextCursor

from steelyard.ui.widgets.markdown_blocks import Block, BlockSplitter
from steelyard.ui.widgets.markdown_parse import parse_markdown, plain_pieces
from steelyard.ui.widgets.response_badges import badge_room

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.code_highlight import CodeHighlighter
    from steelyard.ui.widgets.markdown_write import EndWriter
    from steelyard.ui.widgets.response_view import ResponseView

MARKDOWN_MAX_CHARS = 512 * 1024
"""What comes after it stays plain text."""
RENDER_MS = 250
LIVE_RENDER_MAX_CHARS = 4 * 1024
"""A longer open block is rendered only when it is finished."""
RENDER_DUTY = 20
"""Rendering the open block may take one part in so many of the time."""
SLICE_CHARS = 2 * 1024
SLICE_S = 0.004
SLICE_WITH_LAYOUT_S = 0.008
MAX_SLICE_CHARS = 32 * 1024


class AnswerStream(QObject):
    """One answer on its way into the document."""

    ended = Signal()
    """All text, the last block included, stands in the document."""

    def __init__(
        self, theme: Theme, view: ResponseView, writer: EndWriter, highlighter: CodeHighlighter
    ) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._writer = writer
        self._highlighter = highlighter
        self._splitter = BlockSplitter()
        self._waiting: deque[str] = deque()
        self._waiting_at = 0
        self._slice_chars = SLICE_CHARS
        self._is_ending = False
        self._has_ended = False
        self._is_plain = False
        self._taken_chars = 0
        self._shown = ""
        self._shown_serial = -1
        self._next_render_s = 0.0
        self._code_first: QTextCursor | None = None
        self._code_id = 0
        self._render_timer = QTimer(self, singleShot=True)
        self._render_timer.timeout.connect(self._on_render_due)
        self._slice_timer = QTimer(self, singleShot=True, interval=0)
        self._slice_timer.timeout.connect(self._on_slice)

    @property
    def has_text(self) -> bool:
        """Whether anything has arrived."""
        return self._taken_chars > 0 or bool(self._waiting)

    def feed(self, text: str) -> None:
        """More text."""
        self._waiting.append(storable(text))
        if not self._slice_timer.isActive():
            self._on_slice()

    def end(self) -> None:
        """No more text will come."""
        self._is_ending = True
        if not self._slice_timer.isActive():
            self._on_slice()

    def drop(self) -> None:
        """Stop for good: the document is about to be emptied."""
        self._render_timer.stop()
        self._slice_timer.stop()
        self._waiting.clear()
        self._waiting_at = 0
        self._has_ended = True
        self.deleteLater()

    # ---- slices --------------------------------------------------------------------------------------------

    @Slot()
    def _on_slice(self) -> None:
        if self._has_ended:
            return
        started_s = time.perf_counter()
        taken = 0
        self._writer.begin()
        while self._waiting and taken < self._slice_chars:
            piece = self._next_slice()
            self._take(piece)
            taken += len(piece)
            if time.perf_counter() > started_s + SLICE_S:
                break
        is_over = self._is_ending and not self._waiting
        if is_over:
            self._finish()
        else:
            self._show_open()
        self._writer.end()
        self._pace(time.perf_counter() - started_s)
        self._view.text_grew()
        if self._waiting:
            self._slice_timer.start()
        elif is_over:
            self._has_ended = True
            self.ended.emit()

    def _pace(self, took_s: float) -> None:
        """Laying out is done at the end of a slice and costs most: the next one takes more or less text."""
        if took_s > SLICE_WITH_LAYOUT_S:
            self._slice_chars = max(SLICE_CHARS, self._slice_chars // 2)
        elif took_s < SLICE_WITH_LAYOUT_S / 2:
            self._slice_chars = min(MAX_SLICE_CHARS, self._slice_chars * 2)

    def _next_slice(self) -> str:
        """The place in a long text is kept: cutting its rest off again and again would copy it each time."""
        text = self._waiting[0]
        piece = text[self._waiting_at : self._waiting_at + SLICE_CHARS]
        self._waiting_at += SLICE_CHARS
        if self._waiting_at >= len(text):
            self._waiting.popleft()
            self._waiting_at = 0
        return piece

    def _take(self, text: str) -> None:
        self._taken_chars += len(text)
        if self._is_plain:
            self._writer.write_plain(text)
            return
        for block in self._splitter.feed(text):
            self._finish_block(block)
        if self._taken_chars > MARKDOWN_MAX_CHARS:
            self._turn_plain()

    def _turn_plain(self) -> None:
        for block in self._splitter.finish():
            self._finish_block(block)
        self._writer.write_note("Longer than 512 KiB: from here on the answer is shown as plain text.")
        self._writer.commit()
        # Colouring lays out from there to the end: in a document of many MB that is felt each time.
        self._highlighter.clear()
        self._is_plain = True

    def _finish(self) -> None:
        self._render_timer.stop()
        if not self._is_plain:
            for block in self._splitter.finish():
                self._finish_block(block)
        self._writer.commit()

    # ---- blocks --------------------------------------------------------------------------------------------

    def _finish_block(self, block: Block) -> None:
        is_open_shown = self._shown_serial >= 0
        if block.kind == "code":
            self._finish_code(block)
        else:
            if is_open_shown:
                self._writer.rollback()
            self._writer.write_pieces(parse_markdown(block.text))
        self._writer.commit()
        self._shown, self._shown_serial = "", -1
        self._code_first = None

    def _finish_code(self, block: Block) -> None:
        if self._code_first is None:
            if self._shown_serial >= 0:
                self._writer.rollback()
            self._start_code(block.language)
        self._writer.write_code(block.text[len(self._shown) :] if self._code_first_shown else block.text)
        assert self._code_first is not None
        self._view.codes[self._code_id] = (block.language, block.text)
        self._view.folding.finish(self._code_id)
        self._highlighter.add(self._code_first, block.text, block.language)

    @property
    def _code_first_shown(self) -> bool:
        return bool(self._shown)

    def _start_code(self, language: str) -> None:
        self._code_id = max(self._view.codes, default=0) + 1
        self._writer.open_code(self._code_id, badge_room(self._theme, language))
        first = QTextCursor(self._view.document())
        first.movePosition(QTextCursor.MoveOperation.End)
        first.setKeepPositionOnInsert(True)
        self._code_first = first
        self._view.folding.begin(self._code_id, first)

    def _show_open(self) -> None:
        if self._is_plain:
            return
        text = self._splitter.open_text
        if self._splitter.open_kind == "code":
            self._show_open_code(text)
        elif text.strip():
            self._show_open_prose(text)

    def _show_open_code(self, text: str) -> None:
        if self._code_first is None:
            self._start_code(self._splitter.open_language)
            self._shown, self._shown_serial = "", self._splitter.serial
        visible = text.removesuffix("\n")
        if len(visible) > len(self._shown):
            self._writer.write_code(visible[len(self._shown) :])
            self._shown = visible
            self._view.codes[self._code_id] = (self._splitter.open_language, visible)
            self._view.folding.grew(self._code_id)

    def _show_open_prose(self, text: str) -> None:
        is_new = self._shown_serial != self._splitter.serial
        if is_new or not text.startswith(self._shown):
            self._render_open(text)
        elif len(text) > len(self._shown):
            self._writer.write_plain(text[len(self._shown) :].replace("\n", " "))
            self._shown = text
            self._plan_render(text)

    def _plan_render(self, text: str) -> None:
        if len(text) <= LIVE_RENDER_MAX_CHARS and not self._render_timer.isActive():
            wait_s = max(0.0, self._next_render_s - time.perf_counter())
            self._render_timer.start(int(wait_s * 1000))

    @Slot()
    def _on_render_due(self) -> None:
        text = self._splitter.open_text
        is_same = self._shown_serial == self._splitter.serial
        if self._has_ended or self._splitter.open_kind == "code" or not is_same or not text.strip():
            return
        self._writer.begin()
        self._render_open(text)
        self._writer.end()
        self._view.text_grew()

    def _render_open(self, text: str) -> None:
        started_s = time.perf_counter()
        if self._shown_serial >= 0:
            self._writer.rollback()
        is_short = len(text) <= LIVE_RENDER_MAX_CHARS
        self._writer.write_pieces(parse_markdown(text) if is_short else plain_pieces(text.rstrip("\n")))
        self._shown, self._shown_serial = text, self._splitter.serial
        now_s = time.perf_counter()
        self._next_render_s = now_s + max(RENDER_MS / 1000, RENDER_DUTY * (now_s - started_s))


def storable(text: str) -> str:
    """Lone surrogates have no place in a QString."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
