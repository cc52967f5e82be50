"""The table whose columns fill the `{variables}` of a prompt. No Qt here."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

MAX_CASES = 1000
MAX_COLUMNS = 64


@dataclass
class VariableTable:
    """Cells by row; every row is as long as there are columns."""

    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in any cell."""
        return not any(any(cell.strip() for cell in row) for row in self.rows)

    @property
    def cases(self) -> list[dict[str, str]]:
        """The rows in which something stands, by column."""
        filled = [row for row in self.rows if any(cell.strip() for cell in row)]
        return [dict(zip(self.columns, row, strict=True)) for row in filled]

    def missing(self, variables: list[str]) -> list[str]:
        """Variables without a column."""
        return [name for name in variables if name not in self.columns]

    def unused(self, variables: list[str]) -> list[str]:
        """Columns that no variable asks for."""
        return [name for name in self.columns if name not in variables]

    def take_cases(self, cases: list[dict[str, str]]) -> None:
        """Hold these rows instead; at most `MAX_CASES`."""
        self.columns = list(dict.fromkeys(name for case in cases for name in case))[:MAX_COLUMNS]
        self.rows = [[case.get(name, "") for name in self.columns] for case in cases[:MAX_CASES]]

    def follow(self, variables: list[str]) -> None:
        """While nothing was typed, the columns are the prompt's variables."""
        if self.is_empty and self.columns != variables:
            self.columns = list(variables)
            self.rows = []

    def add_columns(self, names: list[str]) -> None:
        """Empty columns at the right."""
        self.columns += names
        for row in self.rows:
            row += [""] * len(names)

    def remove_columns(self, names: list[str]) -> None:
        """Columns and what stood in them."""
        kept = [at for at, name in enumerate(self.columns) if name not in names]
        self.rows = [[row[at] for at in kept] for row in self.rows]
        self.columns = [self.columns[at] for at in kept]

    def set_cell(self, row: int, column: int, text: str) -> None:
        """Write a cell; rows are added up to it."""
        while len(self.rows) <= row:
            self.rows.append([""] * len(self.columns))
        self.rows[row][column] = text

    def remove_rows(self, rows: list[int]) -> None:
        """Rows by their place."""
        gone = set(rows)
        self.rows = [row for at, row in enumerate(self.rows) if at not in gone]

    def paste_cells(self, row: int, column: int, text: str) -> int:
        """Write what a spreadsheet copied, from a cell on; returns how many lines did not fit in."""
        lines = split_cells(text)
        room = MAX_CASES - row
        for down, line in enumerate(lines[:room]):
            for right, cell in enumerate(line[: len(self.columns) - column]):
                self.set_cell(row + down, column + right, cell)
        return max(0, len(lines) - room)


def split_cells(text: str) -> list[list[str]]:
    """Lines and cells of a copied range: tabs part cells, quotes keep line breaks inside one."""
    if "\t" not in text and '"' not in text:
        return [[line] for line in text.splitlines()]
    try:
        return [line or [""] for line in csv.reader(io.StringIO(text), delimiter="\t", strict=True)]
    except csv.Error:
        return [line.split("\t") for line in text.splitlines()]


def has_header(text: str, variables: list[str]) -> bool:
    """Whether the first line of a pasted table names variables of the prompt."""
    first = text.lstrip("\ufeff").split("\n", 1)[0]
    names = {name.strip().strip('"') for part in ("\t", ",", ";") for name in first.strip().split(part)}
    return any(name in names for name in variables)
