"""An answer's Markdown as HTML of our own making: every character of it is escaped, nothing in it can act.

A small part of Markdown: headings, lists, quotes, tables, code, bold and italic. Links and images stay the
text that they are, so that nothing in the file leads elsewhere.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from steelyard.core.compare.export.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_CHARS = 200_000
"""A longer answer is shown as plain text."""
_MOST_INLINE_CHARS = 20_000
_MOST_TABLE_CELLS = 2_000

_FENCE = re.compile(r" *(`{3,}|~{3,}) *([^\s`]*)[^`]*$")
_HEADING = re.compile(r" {0,3}(#{1,6}) +(.*?) *#* *$")
_ITEM = re.compile(r"( *)(?:([-*+])|(\d{1,9})[.)])(?: +(.*))?$")
_QUOTE = re.compile(r" {0,3}> ?(.*)$")
_RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *$")
_DASHES = re.compile(r" *\|?(?: *:?-+:? *\|)+ *(?::?-+:? *)?$")
_INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w*])\*([^*\s][^*\n]*)\*(?![\w*])")
_TAGS = ("code", "strong", "em")


def prose(text: str) -> str:
    """The answer as HTML blocks."""
    text = visible(text)
    if len(text) > _MOST_CHARS:
        note = '<p class="note">Shown as plain text: it is too long to be laid out.</p>'
        return f"{note}{code_block(text)}"
    return "\n".join(_blocks(text.split("\n")))


def code_block(text: str, language: str = "") -> str:
    """Text that keeps its lines and spaces."""
    label = f'<span class="lang">{escape(language[:30])}</span>' if language else ""
    return f'<div class="code">{label}<pre dir="auto">{escape(visible(text))}</pre></div>'


def _blocks(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif (fence := _FENCE.match(line)) is not None:
            at, block = _code(lines, at + 1, fence[1], fence[2])
            yield block
        elif (heading := _HEADING.match(line)) is not None:
            level = min(6, len(heading[1]) + 3)
            yield f'<h{level} dir="auto">{_inline(heading[2])}</h{level}>'
            at += 1
        elif _RULE.match(line):
            yield "<hr>"
            at += 1
        elif _QUOTE.match(line):
            at, quoted = _while(lines, at, _QUOTE)
            yield f'<blockquote dir="auto">{_lines(found[1] for found in quoted)}</blockquote>'
        elif _ITEM.match(line):
            at, block = _list(lines, at)
            yield block
        elif "|" in line and at + 1 < len(lines) and _DASHES.match(lines[at + 1]):
            at, block = _table(lines, at)
            yield block
        else:
            at, block = _paragraph(lines, at)
            yield block


def _code(lines: list[str], at: int, fence: str, language: str) -> tuple[int, str]:
    """Until a line that closes the fence, or to the end."""
    end = at
    while end < len(lines):
        closing = lines[end].strip()
        if len(closing) >= len(fence) and not closing.strip(fence[0]):
            break
        end += 1
    return end + 1, code_block("\n".join(lines[at:end]), language)


def _while(lines: list[str], at: int, pattern: re.Pattern[str]) -> tuple[int, list[re.Match[str]]]:
    found: list[re.Match[str]] = []
    while at < len(lines) and (match := pattern.match(lines[at])) is not None:
        found.append(match)
        at += 1
    return at, found


def _list(lines: list[str], at: int) -> tuple[int, str]:
    """Items as they were numbered; a deeper one is only moved in."""
    items: list[str] = []
    while at < len(lines) and not _RULE.match(lines[at]) and (item := _ITEM.match(lines[at])) is not None:
        at += 1
        text = [item[4] or ""]
        while at < len(lines) and _goes_on(lines[at]):
            text.append(lines[at].lstrip())
            at += 1
        mark = "•" if item[2] else f"{item[3]}."
        depth = min(6, len(item[1]) // 2)
        body = f'<span class="mark">{mark}</span><div>{_lines(text)}</div>'
        items.append(f'<li data-depth="{depth}">{body}</li>')
    return at, f'<ul dir="auto">{"".join(items)}</ul>'


def _goes_on(line: str) -> bool:
    """Whether it belongs to the list item above it."""
    return line.startswith("  ") and bool(line.strip()) and not _begins_a_block(line)


def _table(lines: list[str], at: int) -> tuple[int, str]:
    heads = _row(lines[at])
    rows: list[list[str]] = []
    end = at + 2
    while end < len(lines) and "|" in lines[end] and len(rows) * len(heads) < _MOST_TABLE_CELLS:
        rows.append(_row(lines[end]))
        end += 1
    head = "".join(f"<th>{_inline(cell)}</th>" for cell in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in (row + [''] * len(heads))[: len(heads)])}</tr>"
        for row in rows
    )
    return end, f'<div class="scroll"><table dir="auto"><tr>{head}</tr>{body}</table></div>'


def _row(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def _paragraph(lines: list[str], at: int) -> tuple[int, str]:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _begins_a_block(lines[end]):
        end += 1
    return end, f'<p dir="auto">{_lines(lines[at:end])}</p>'


def _begins_a_block(line: str) -> bool:
    return any(pattern.match(line) for pattern in (_FENCE, _HEADING, _ITEM, _QUOTE, _RULE))


def _lines(lines: Iterable[str]) -> str:
    """Two spaces or a backslash at a line's end break it; other ends are only where the model wrapped."""
    parts: list[str] = []
    for line in lines:
        is_broken = line.endswith(("  ", "\\"))
        parts += [_inline(line.strip().removesuffix("\\")), "<br>" if is_broken else "\n"]
    return "".join(parts[:-1])


def _inline(text: str) -> str:
    """Code, bold and italic of one line."""
    if len(text) > _MOST_INLINE_CHARS:
        return escape(text)
    parts: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        kind = (found.lastindex or 1) - 1
        parts.append(escape(text[end : found.start()]))
        parts.append(f"<{_TAGS[kind]}>{escape(found[kind + 1])}</{_TAGS[kind]}>")
        end = found.end()
    return "".join([*parts, escape(text[end:])])
