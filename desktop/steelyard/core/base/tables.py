"""Small tables of text as spreadsheets give them: CSV with commas or semicolons, or pasted with tabs."""

from __future__ import annotations

import csv
import io

from steelyard.core.base.errors import UsageError

_MAX_CHARS = 4 << 20
_MAX_ROWS = 1000
_MAX_COLUMNS = 64
_MAX_NAME_CHARS = 64
_HINT = "The first line names the columns; each further line is one case."


def parse_table(text: str) -> list[dict[str, str]]:
    """The rows below the header line, by column name; lines without any text are left out.

    Tabs win over semicolons and commas if the header line has one; between those two, the more frequent.

    Raises:
        UsageError: no header or no row, a row of another length, a quote that is not closed, two columns of
            one name, or more than 1,000 rows, 64 columns or 4 Mi characters.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > _MAX_CHARS:
        raise _refusal(f"it has {len(text):,} characters, {_MAX_CHARS:,} are the most")
    if "\0" in text:
        raise _refusal("it holds a NUL character, so it is no text")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    records = _records(lines, _separator(lines))
    if not records:
        raise _refusal("it is empty")
    (_, header), *rows = records
    names = _names(header)
    if not rows:
        raise _refusal("it has a header line only")
    if len(rows) > _MAX_ROWS:
        raise _refusal(f"it has {len(rows):,} rows, {_MAX_ROWS:,} are the most")
    return [_row(names, number, cells) for number, cells in rows]


def _separator(lines: str) -> str:
    head = next((line for line in lines.split("\n") if line.strip()), "")
    outside = "".join(head.split('"')[::2])
    if "\t" in outside:
        return "\t"
    return ";" if outside.count(";") > outside.count(",") else ","


def _records(lines: str, separator: str) -> list[tuple[int, list[str]]]:
    """(Number of its last line, cells) of each record that is not empty."""
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=separator, strict=True)
    try:
        records = [(reader.line_num, cells) for cells in reader]
    except csv.Error as exc:
        if separator != "\t":
            raise _refusal(f"line {reader.line_num}: {_reason(exc)}") from exc
        # Spreadsheets put no quotes around a pasted cell that only begins with one.
        records = [(number, line.split("\t")) for number, line in enumerate(lines.split("\n"), start=1)]
    return [(number, cells) for number, cells in records if any(cell.strip() for cell in cells)]


def _reason(exc: csv.Error) -> str:
    words = str(exc)
    if "unexpected end of data" in words:
        return "a quote is not closed"
    if "field larger" in words:
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return words


def _names(header: list[str]) -> list[str]:
    names = [cell.strip() for cell in header]
    while names and not names[-1]:
        names.pop()  # a separator at the end of the line
    if len(names) > _MAX_COLUMNS:
        raise _refusal(f"it has {len(names)} columns, {_MAX_COLUMNS} are the most")
    for place, name in enumerate(names, start=1):
        if not name:
            raise _refusal(f"column {place} has no name")
        if len(name) > _MAX_NAME_CHARS or not name.isprintable():
            raise _refusal(f"column {place} has no usable name: {name[:40]!r}")
        if names.index(name) != place - 1:
            raise _refusal(f"two columns are called {name!r}")
    return names


def _row(names: list[str], number: int, cells: list[str]) -> dict[str, str]:
    extra = cells[len(names) :]
    if len(cells) < len(names) or any(cell.strip() for cell in extra):
        raise _refusal(f"line {number} has {len(cells)} cells, the header has {len(names)}")
    return dict(zip(names, cells, strict=False))


def _refusal(detail: str) -> UsageError:
    return UsageError("The table cannot be used", detail, _HINT)
