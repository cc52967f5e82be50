"""Markdown to plain spans. Qt's parser is used on a scratch document; nothing of that document is shown.

Only what is named here survives, so images, HTML, tooltips and styles of the answer cannot reach the screen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QFont, QTextBlock, QTextBlockFormat, QTextDocument, QTextFormat, QTextTable

if TYPE_CHECKING:
    from PySide6.QtGui import QTextCharFormat, QTextFrame

MAX_PROSE_CHARS = 32 * 1024
"""A longer block stays plain text: a table of that size takes the parser too long for one frame."""
MAX_NESTING = 12
MAX_TABLE_COLUMNS = 24
MAX_TABLE_CELLS = 2_000

_FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_OBJECT = "\ufffc"
_MARKERS = re.compile(r"(?:[> \t]|[-*+][ \t]|\d{1,9}[.)][ \t])*")
_MAX_LEAD_CHARS = 8 * MAX_NESTING
_FIRST_NUMBERED = -4  # QTextListFormat.ListDecimal; -1 to -3 are bullets
_CHECKS: dict[QTextBlockFormat.MarkerType, Literal["", "done", "todo"]] = {
    QTextBlockFormat.MarkerType.Checked: "done",
    QTextBlockFormat.MarkerType.Unchecked: "todo",
}


@dataclass(frozen=True)
class Span:
    """A run of characters of one look."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    is_code: bool = False
    is_struck: bool = False
    href: str = ""


@dataclass(frozen=True)
class Paragraph:
    """One line of the outline: text, heading, list item, quote, indented code or rule."""

    spans: list[Span]
    heading: int = 0
    list_depth: int = 0
    list_id: int = 0
    """Items of one list share it; 0 outside lists."""
    list_number: int = 0
    """0 for a bullet, else the number of the first item."""
    check: Literal["", "done", "todo"] = ""
    quote_depth: int = 0
    is_code: bool = False
    is_rule: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first row is the header."""

    rows: list[list[list[Span]]] = field(default_factory=list)


Piece = Paragraph | Table


class QuietDocument(QTextDocument):
    """A document that never loads anything, whatever its text names."""

    def loadResource(self, type_: int, name: object) -> object:
        """Nothing, from anywhere."""
        return None


def parse_markdown(text: str) -> list[Piece]:
    """The pieces of one block of prose; hostile or huge prose comes back as it is written."""
    if len(text) > MAX_PROSE_CHARS or _is_hostile(text):
        return plain_pieces(text)
    document = QuietDocument()
    document.setUndoRedoEnabled(False)
    document.setMarkdown(text, _FEATURES)
    return _pieces_of(document.rootFrame())


def plain_pieces(text: str) -> list[Piece]:
    """One paragraph per line."""
    return [Paragraph([Span(line)]) for line in text.split("\n")]


def _is_hostile(text: str) -> bool:
    for line in text.split("\n"):
        lead = _MARKERS.match(line)
        length = lead.end() if lead else 0
        if length > _MAX_LEAD_CHARS or line.count(">", 0, length) > MAX_NESTING:
            return True
        if line.count("|") > MAX_TABLE_COLUMNS + 1 or line.count("[") > 400 or line.count("*") > 2_000:
            return True
    return text.count("|") > MAX_TABLE_CELLS


def _pieces_of(frame: QTextFrame) -> list[Piece]:
    pieces: list[Piece] = []
    iterator = frame.begin()
    while not iterator.atEnd():
        child = iterator.currentFrame()
        if isinstance(child, QTextTable):
            pieces.append(_table(child))
        elif child is not None:
            pieces.extend(_pieces_of(child))
        else:
            paragraph = _paragraph(iterator.currentBlock())
            if paragraph is not None:
                pieces.append(paragraph)
        iterator += 1
    return pieces


def _paragraph(block: QTextBlock) -> Paragraph | None:
    look = block.blockFormat()
    is_rule = look.hasProperty(QTextFormat.Property.BlockTrailingHorizontalRulerWidth)
    is_code = look.hasProperty(QTextFormat.Property.BlockCodeFence) or look.nonBreakableLines()
    items = block.textList()
    if not block.text() and not is_rule and not is_code and items is None:
        return None
    number = 0
    if items is not None and items.format().style().value <= _FIRST_NUMBERED:
        number = max(1, items.format().start())
    return Paragraph(
        spans=_spans(block),
        heading=look.headingLevel(),
        list_depth=items.format().indent() if items else look.indent(),
        list_id=items.objectIndex() + 1 if items else 0,
        list_number=number,
        check=_CHECKS.get(look.marker(), ""),
        quote_depth=int(look.property(QTextFormat.Property.BlockQuoteLevel) or 0),
        is_code=is_code,
        is_rule=is_rule,
    )


def _spans(block: QTextBlock) -> list[Span]:
    spans: list[Span] = []
    iterator = block.begin()
    while not iterator.atEnd():
        fragment = iterator.fragment()
        look = fragment.charFormat()
        text = fragment.text()
        if look.isImageFormat() or _OBJECT in text:
            spans.append(_image(look))
        else:
            spans.append(_span(text, look))
        iterator += 1
    return spans


def _span(text: str, look: QTextCharFormat) -> Span:
    return Span(
        text,
        is_bold=look.fontWeight() > QFont.Weight.Medium,
        is_italic=look.fontItalic(),
        is_code=look.fontFixedPitch(),
        is_struck=look.fontStrikeOut(),
        href=look.anchorHref(),
    )


def _image(look: QTextCharFormat) -> Span:
    picture = look.toImageFormat()
    alt = str(look.property(QTextFormat.Property.ImageAltText) or "").strip()
    name = picture.name().strip()
    shown = name if len(name) <= 120 else name[:119] + "…"
    return Span(f"[image: {alt} · {shown}]" if alt else f"[image: {shown}]", is_italic=True)


def _table(table: QTextTable) -> Table:
    rows: list[list[list[Span]]] = []
    for row in range(table.rows()):
        cells = []
        for column in range(table.columns()):
            block = table.cellAt(row, column).firstCursorPosition().block()
            cells.append(_spans(block))
        rows.append(cells)
    return Table(rows)
