"""Text formats of an answer, made from the theme once per theme."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtGui import (
    QBrush,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextListFormat,
    QTextTableFormat,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QFont

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.markdown_parse import Span

CODE_PAD_PX = 12
BLOCK_GAP_PX = 9
ITEM_GAP_PX = 5
LIST_INDENT_PX = 20
QUOTE_INDENT_PX = 14
REASONING_INDENT_PX = 14
THIN_SPACE = "\u2009"
"""Stands around inline code on the screen; taken out again when the text is copied."""

_PROPORTIONAL = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
_FIXED = QTextBlockFormat.LineHeightTypes.FixedHeight.value


class BlockProperty(IntEnum):
    """What the painter needs to know about a text block."""

    KIND = QTextFormat.Property.UserProperty.value + 1
    CODE_ID = QTextFormat.Property.UserProperty.value + 2


class BlockKind(IntEnum):
    """How a text block is painted around."""

    PROSE = 0
    CODE = 1
    QUOTE = 2
    RULE = 3
    PROMPT = 4
    REASONING = 5
    NOTE = 6


class MarkdownStyle:
    """All formats of one theme."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.body = _chars(theme.font(13), theme.color("text2"))
        self.bold = _chars(theme.font(13, 600), theme.color("text"))
        self.headings = {
            1: _chars(theme.font(15, 600), theme.color("text")),
            2: _chars(theme.font(15, 600), theme.color("text")),
            3: _chars(theme.font(13, 600), theme.color("text")),
        }
        self.code = _chars(theme.font(12, mono=True), theme.color("text"))
        self.inline_code = QTextCharFormat(self.code)
        self.inline_code.setBackground(QBrush(theme.color("raised")))
        self.inline_pad = _chars(theme.font(13), theme.color("text"))
        self.inline_pad.setBackground(QBrush(theme.color("raised")))
        self.muted = _chars(theme.font(12), theme.color("text3"))
        self.prompt = _chars(theme.font(12), theme.color("text"))
        self.note = _chars(theme.font(12), theme.color("warn"))
        self.reasoning_header = _chars(theme.font(12, 500), theme.color("text3"))
        self.marker = _chars(theme.font(13), theme.color("text3"))
        self.link_color = theme.color("accent")
        self.token_formats = {
            name: _chars(None, theme.color(f"code_{name}"))
            for name in ("keyword", "string", "number", "comment")
        }

    def span(self, span: Span, base: QTextCharFormat) -> QTextCharFormat:
        """The look of one span inside text of the look `base`."""
        if span.is_code:
            look = QTextCharFormat(self.inline_code)
        elif span.is_bold and base is self.body:
            look = QTextCharFormat(self.bold)
        else:
            look = QTextCharFormat(base)
        if span.is_italic:
            look.setFontItalic(True)
        if span.is_struck:
            look.setFontStrikeOut(True)
        if span.href:
            look.setAnchor(True)
            look.setAnchorHref(span.href)
            look.setForeground(QBrush(self.link_color))
            look.setFontUnderline(True)
        return look

    def heading(self, level: int) -> QTextCharFormat:
        """The look of a heading; deep levels look like bold text."""
        return self.headings[min(level, 3)]

    def table_format(self, columns: int) -> QTextTableFormat:
        """A hairline table as wide as the column."""
        look = QTextTableFormat()
        look.setBorder(1)
        look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        look.setBorderBrush(QBrush(self._theme.color("line")))
        look.setBorderCollapse(True)
        look.setCellPadding(5)
        look.setCellSpacing(0)
        look.setTopMargin(BLOCK_GAP_PX)
        look.setBottomMargin(BLOCK_GAP_PX)
        look.setHeaderRowCount(1)
        if columns > 2:
            look.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        return look


def paragraph_format(top_px: float, *, line_percent: float = 131) -> QTextBlockFormat:
    """A paragraph with a gap above it."""
    look = QTextBlockFormat()
    look.setTopMargin(top_px)
    look.setLineHeight(line_percent, _PROPORTIONAL)
    return look


def code_line_format(top_px: float, code_id: int) -> QTextBlockFormat:
    """One line of a code block."""
    look = paragraph_format(top_px, line_percent=118)
    look.setLeftMargin(CODE_PAD_PX)
    look.setRightMargin(CODE_PAD_PX)
    look.setProperty(BlockProperty.KIND, BlockKind.CODE.value)
    look.setProperty(BlockProperty.CODE_ID, code_id)
    return look


def quote_format(top_px: float, depth: int) -> QTextBlockFormat:
    """A quoted paragraph; the painter draws its bar."""
    look = paragraph_format(top_px)
    look.setLeftMargin(QUOTE_INDENT_PX * depth)
    look.setProperty(BlockProperty.KIND, BlockKind.QUOTE.value)
    return look


def rule_format(top_px: float) -> QTextBlockFormat:
    """A line across; the painter draws it."""
    look = QTextBlockFormat()
    look.setTopMargin(top_px)
    look.setLineHeight(2, _FIXED)
    look.setProperty(BlockProperty.KIND, BlockKind.RULE.value)
    return look


def kind_format(kind: BlockKind, top_px: float, side_px: float) -> QTextBlockFormat:
    """A paragraph that the painter sets in a box of its kind."""
    look = paragraph_format(top_px, line_percent=125)
    look.setLeftMargin(side_px)
    look.setRightMargin(side_px)
    look.setProperty(BlockProperty.KIND, kind.value)
    return look


def hidden_line_format() -> QTextBlockFormat:
    """The line that Qt wants after a table, as low as can be."""
    look = QTextBlockFormat()
    look.setLineHeight(1, _FIXED)
    return look


def list_format(depth: int, first_number: int) -> QTextListFormat:
    """Bullets or numbers."""
    look = QTextListFormat()
    look.setIndent(max(1, depth))
    if first_number:
        look.setStyle(QTextListFormat.Style.ListDecimal)
        look.setStart(first_number)
    else:
        look.setStyle(QTextListFormat.Style.ListDisc)
    return look


def _chars(font: QFont | None, color: QColor) -> QTextCharFormat:
    look = QTextCharFormat()
    if font is not None:
        look.setFont(font)
    look.setForeground(QBrush(color))
    return look
