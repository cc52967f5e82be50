"""One answer to be judged: large type, nothing around it that tells whose it is or how long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QBrush, QTextCharFormat
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from steelyard.ui.widgets.blind_texts import NO_LEAK
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.code_highlight import CodeHighlighter
from steelyard.ui.widgets.labels import make_label, make_line
from steelyard.ui.widgets.markdown_style import MarkdownStyle
from steelyard.ui.widgets.markdown_write import EndWriter
from steelyard.ui.widgets.response_stream import AnswerStream
from steelyard.ui.widgets.response_view import ResponseView

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.ui.theme.theme import Theme

READING_PX = 15
_CODE_PX = 13
_LETTER_PX = 40
_SMALL_LETTER_PX = 28
_STEP_PX = 60
_BULLET_GAP_PX = 5
_INDENT_PX = 24


class ReadingStyle(MarkdownStyle):
    """The formats of an answer in reading size."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        body, bold = theme.font(READING_PX), theme.font(READING_PX, 600)
        code = theme.font(_CODE_PX, mono=True)
        self.body = _sized(self.body, body)
        self.bold = _sized(self.bold, bold)
        self.headings = dict.fromkeys((1, 2, 3), self.bold)
        self.code = _sized(self.code, code)
        self.inline_code = _sized(self.inline_code, code)
        self.inline_pad = _sized(self.inline_pad, body)
        marker = theme.font(READING_PX)
        marker.setWordSpacing(_BULLET_GAP_PX)  # Qt puts one space between a bullet and its text
        self.marker = _sized(self.marker, marker)


class BlindReader(ResponseView):
    """Shows a finished answer from its top. There is no scroll bar: its handle would tell the length."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme)
        self._of_theme = theme
        self._text = ""
        self._stream: AnswerStream | None = None
        self._highlighter = CodeHighlighter(self.document(), self)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.setAccessibleName(name)
        theme.changed.connect(self._on_theme_changed)

    @property
    def shown_text(self) -> str:
        """The answer as it was handed in."""
        return self._text

    def show_text(self, text: str) -> None:
        """Show another answer."""
        self._text = text
        if self._stream is not None:
            self._stream.drop()
        self._highlighter.clear()
        self.reset()
        self.document().setIndentWidth(_INDENT_PX)
        style = ReadingStyle(self._of_theme)
        self._highlighter.set_formats(style.token_formats)
        writer = EndWriter(self.document(), style)
        self._stream = AnswerStream(self._of_theme, self, writer, self._highlighter)
        self.set_following(is_following=False)
        self._stream.feed(text)
        self._stream.end()
        self.verticalScrollBar().setValue(0)

    @Slot()
    def _on_theme_changed(self) -> None:
        at = self.verticalScrollBar().value()
        self.show_text(self._text)
        self.verticalScrollBar().setValue(at)


class AnswerCard(QFrame):
    """Letter, what is hidden, and the answer."""

    link_clicked = Signal(str)
    """The user asked for a link of the answer; nothing has been opened."""

    def __init__(self, theme: Theme, letter: str) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.setAccessibleName(f"Answer {letter}")
        self._letter = make_label(theme, letter, "raised", px=20, weight=600)
        self._letter.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = make_label(theme, f"Answer {letter}", px=15, weight=600)
        self._hidden = make_label(theme, NO_LEAK, "muted", px=12)
        self._eye = QLabel()
        self._eye.setToolTip(NO_LEAK)
        self.reader = BlindReader(theme, f"Answer {letter}")
        self.more = make_button(theme, "More below", "quiet", icon="chevron-down")
        self.more.setAccessibleName(f"More of answer {letter} below")
        self.more.setFont(theme.font(12))
        self.more.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        bar = self.reader.verticalScrollBar()
        bar.valueChanged.connect(self._show_more)
        bar.rangeChanged.connect(self._show_more)
        self.more.clicked.connect(self.page_down)
        self.reader.link_clicked.connect(self.link_clicked)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.set_compact(is_compact=False)
        self._show_more()

    def set_compact(self, *, is_compact: bool) -> None:
        """A low window keeps its height for the answer."""
        size = _SMALL_LETTER_PX if is_compact else _LETTER_PX
        self._letter.setFixedSize(size, size)
        self._letter.setFont(self._theme.font(15 if is_compact else 20, 600))
        self._title.setVisible(not is_compact)
        self._head.setContentsMargins(16, 6 if is_compact else 12, 16, 6 if is_compact else 12)

    def scroll(self, steps: int) -> None:  # type: ignore[override]  # QWidget.scroll moves pixels
        """Move by lines; negative is up."""
        bar = self.reader.verticalScrollBar()
        bar.setValue(bar.value() + steps * _STEP_PX)

    @Slot()
    def page_down(self) -> None:
        """On by a page, with a line of the last one kept."""
        self.page(1)

    def page(self, steps: int) -> None:
        """Move by pages; negative is up."""
        bar = self.reader.verticalScrollBar()
        bar.setValue(bar.value() + steps * (self.reader.viewport().height() - _STEP_PX))

    @Slot()
    def _show_more(self) -> None:
        bar = self.reader.verticalScrollBar()
        self.more.setVisible(bar.value() < bar.maximum() - 2)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self._title)
        words.addWidget(self._hidden)
        self._head = QHBoxLayout()
        self._head.setSpacing(12)
        self._head.addWidget(self._letter)
        self._head.addLayout(words)
        self._head.addStretch(1)
        self._head.addWidget(self.more)
        self._head.addWidget(self._eye)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(0)
        column.addLayout(self._head)
        column.addWidget(make_line())
        body = QHBoxLayout()
        body.setContentsMargins(8, 8, 12, 0)
        body.addWidget(self.reader)
        column.addLayout(body, 1)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._eye.setPixmap(self._theme.pixmap("eye-off", "text3", 16))


def _sized(look: QTextCharFormat, font: QFont) -> QTextCharFormat:
    sized = QTextCharFormat()
    sized.setFont(font)
    sized.setForeground(look.foreground())
    if look.background().style() != Qt.BrushStyle.NoBrush:
        sized.setBackground(QBrush(look.background()))
    return sized
