"""Small parts of Qt's HTML, and an answer's Markdown in it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from steelyard.ui.theme.fonts import MONO
from steelyard.ui.widgets.markdown_blocks import split_whole
from steelyard.ui.widgets.markdown_parse import Table, parse_markdown

if TYPE_CHECKING:
    from steelyard.ui.theme.tokens import Tokens
    from steelyard.ui.widgets.markdown_parse import Paragraph, Span

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WORD_CHARS = 60
_LONG_WORD = re.compile(rf"(\S{{{_WORD_CHARS}}})(?=\S)")


def plain(text: str, *, keeps_lines: bool = False) -> str:
    """Somebody's text, escaped; words without an end may be broken, so that no column grows for them."""
    shown = _LONG_WORD.sub("\\1\u200b", _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n")))
    if not keeps_lines:
        return escape(" ".join(shown.split()))
    lines = (_kept_spaces(escape(line)) for line in shown.split("\n"))
    return "<br>".join(lines)


def _kept_spaces(line: str) -> str:
    lead = len(line) - len(line.lstrip(" \t"))
    return "&nbsp;" * len(line[:lead].expandtabs(4)) + line[lead:]


def head(text: str, chars: int = 120) -> str:
    """The beginning of a text on one line, escaped."""
    return plain(text if len(text) <= chars else f"{text[:chars]}…")


def block(content: str, style: str) -> str:
    """A paragraph; `content` is HTML already."""
    return f'<p style="margin-top:0px;margin-bottom:2px;{style}">{content}</p>'


def table(rows: list[str], tokens: Tokens, *, widths: str = "100%") -> str:
    """Rows of cells in a thin frame."""
    look = f'border="1" cellspacing="0" cellpadding="0" width="{widths}"'
    style = f"border-style:solid;border-color:{tokens.line};border-collapse:collapse"
    return f'<table {look} style="{style}">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'


def prose(text: str, tokens: Tokens) -> str:
    """An answer as the app lays it out, without links and images."""
    parts: list[str] = []
    for piece in split_whole(text):
        if piece.kind == "code":
            parts.append(code(piece.text, tokens))
            continue
        numbers: dict[int, int] = {}
        for part in parse_markdown(piece.text):
            if isinstance(part, Table):
                parts.append(_grid(part, tokens))
            else:
                numbers[part.list_id] = numbers.get(part.list_id, part.list_number - 1) + 1
                parts.append(_paragraph(part, numbers[part.list_id], tokens))
    return "".join(parts)


def gap(px: int) -> str:
    """An empty line of about this height: tables have no margins here."""
    return block("&nbsp;", f"font-size:{px}px")


def code(text: str, tokens: Tokens) -> str:
    """Lines as they are, on another ground."""
    style = f"padding:8px 10px;background-color:{tokens.sunken}"
    look = f"font-family:'{MONO}';font-size:12px"
    inside = block(plain(text.rstrip("\n"), keeps_lines=True), look)
    return gap(2) + table([f'<td style="{style}">{inside}</td>'], tokens) + gap(5)


def _paragraph(piece: Paragraph, number: int, tokens: Tokens) -> str:
    if piece.is_rule:
        return "<hr>"
    content = "".join(_span(span, tokens) for span in piece.spans)
    if piece.heading:
        return block(content, "font-size:16px;font-weight:600;margin-top:6px;margin-bottom:6px")
    indent = 16 * max(0, piece.list_depth - 1) + 14 * piece.quote_depth
    if piece.list_depth and piece.list_id:
        mark = f"{number}." if piece.list_number else "•"
        content = f"{mark}&nbsp;&nbsp;{content}"
        return block(content, f"margin-left:{indent + 4}px;margin-bottom:4px")
    look = f"color:{tokens.text2};" if piece.quote_depth else ""
    return block(content, f"{look}margin-left:{indent}px;margin-bottom:8px")


def _span(span: Span, tokens: Tokens) -> str:
    styles = [
        f"font-family:'{MONO}';font-size:12px;background-color:{tokens.sunken}" if span.is_code else "",
        "font-weight:600" if span.is_bold else "",
        "font-style:italic" if span.is_italic else "",
        "text-decoration:line-through" if span.is_struck else "",
    ]
    text = plain(span.text, keeps_lines=True)
    style = ";".join(filter(None, styles))
    return f'<span style="{style}">{text}</span>' if style else text


def _grid(piece: Table, tokens: Tokens) -> str:
    style = "padding:4px 8px;font-size:13px"
    rows = [
        "".join(f'<td style="{style}">{"".join(_span(span, tokens) for span in cell)}</td>' for cell in row)
        for row in piece.rows
    ]
    return gap(2) + table(rows, tokens) + gap(5)
