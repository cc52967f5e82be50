"""The conversation of one column inside its view: earlier prompts, reasoning, answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from steelyard.ui.widgets.code_highlight import CodeHighlighter
from steelyard.ui.widgets.markdown_style import MarkdownStyle
from steelyard.ui.widgets.markdown_write import EndWriter
from steelyard.ui.widgets.response_reasoning import ReasoningFold
from steelyard.ui.widgets.response_stream import AnswerStream

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

PROMPT_MAX_CHARS = 280


class Conversation(QObject):
    """Writes turns into a `ResponseView`, the last of them while it arrives."""

    link_clicked = Signal(str)
    """The user asked for a link of an answer."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._highlighter = CodeHighlighter(view.document(), self)
        self._folds: dict[str, ReasoningFold] = {}
        self._stream: AnswerStream | None = None
        self._fold: ReasoningFold | None = None
        view.link_clicked.connect(self._on_link_clicked)
        self.clear()

    def clear(self) -> None:
        """An empty column."""
        if self._stream is not None:
            self._stream.drop()
        self._stream = self._fold = None
        self._folds.clear()
        self._highlighter.clear()
        self._view.set_caret(is_shown=False)
        self._view.reset()
        style = MarkdownStyle(self._theme)
        self._highlighter.set_formats(style.token_formats)
        self._writer = EndWriter(self._view.document(), style)

    def add_prompt(self, text: str) -> None:
        """A question of this conversation, compactly."""
        shown = " ".join(text.split())
        if len(shown) > PROMPT_MAX_CHARS:
            shown = shown[: PROMPT_MAX_CHARS - 1] + "…"
        self._writer.write_prompt(shown)
        self._writer.commit()
        self._view.text_grew()

    def begin_answer(self) -> None:
        """The next text belongs to a new answer."""
        self._fold = None
        self._stream = AnswerStream(self._theme, self._view, self._writer, self._highlighter)
        self._stream.ended.connect(self._on_stream_ended)

    def feed(self, text: str, *, is_reasoning: bool) -> None:
        """More of the answer or of its reasoning."""
        if not text or self._stream is None:
            return
        if is_reasoning:
            self._feed_reasoning(text)
            return
        if self._fold is not None:
            self._fold.finish()
        self._stream.feed(text)

    def end_answer(self) -> None:
        """Nothing more will come for this answer."""
        self._view.set_caret(is_shown=False)
        if self._fold is not None:
            self._fold.finish()
        if self._stream is not None:
            self._stream.end()

    def set_caret(self, *, is_shown: bool) -> None:
        """The brass bar at the end, while text arrives."""
        self._view.set_caret(is_shown=is_shown)

    def _feed_reasoning(self, text: str) -> None:
        if self._fold is None:
            if self._stream is not None and self._stream.has_text:
                return  # reasoning between parts of an answer stays in the run's document
            href = f"steelyard:fold:{len(self._folds) + 1}"
            self._fold = ReasoningFold(self._writer.write_fold_line(), self._writer.style, href)
            self._folds[href] = self._fold
        self._fold.feed(text)
        self._view.text_grew()

    @Slot()
    def _on_stream_ended(self) -> None:
        self._view.text_grew()

    @Slot(str)
    def _on_link_clicked(self, href: str) -> None:
        fold = self._folds.get(href)
        if fold is None:
            self.link_clicked.emit(href)
        else:
            fold.toggle()
            self._view.viewport().update()
            self._view.badges.place_soon()
