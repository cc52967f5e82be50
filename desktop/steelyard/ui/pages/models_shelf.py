"""Everything on this machine as rows of one table: models, projectors, adapters, what cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt

from steelyard.ui.widgets.facts_format import file_size
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import context, counted, parameters, plain
from steelyard.ui.widgets.table_lines import Column, Index, LinesModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFont

    from steelyard.core.values.weights import Shelf, Source, UnusableFile, Verification, WeightsRow

NAME, QUANT, PARAMETERS, CONTEXT, SIZE, SOURCE, PROOF = range(7)
_COLUMNS = (
    Column("Name"),
    Column("Quant", "How strongly the weights are compressed"),
    Column("Parameters", is_number=True),
    Column(
        "Context",
        "The longest text, question and answer together, that the model was made for",
        is_number=True,
    ),
    Column("Size", is_number=True),
    Column("Source", "Which tool keeps the file"),
    Column("Verification", "Whether the file is what was published"),
)

SOURCES: dict[Source, str] = {
    "hub": "Hub",
    "huggingface-cache": "Hugging Face cache",
    "lm-studio": "LM Studio",
    "ollama": "Ollama",
    "llama.cpp": "llama.cpp",
    "file": "File",
    "starter": "Starter",
}
PROOFS: dict[Verification, tuple[Chip, str]] = {
    "verified": (
        Chip("verified", "good", "shield-check"),
        "It is exactly what was published: its sha256 matches.",
    ),
    "no_reference": (
        Chip("no reference"),
        "There is nothing published to compare it with. It can be used freely.",
    ),
    "pending": (
        Chip("not checked yet", "info", "hourglass"),
        "Not yet compared with what was published. Verify does that now.",
    ),
    "mismatch": (
        Chip("hash differs", "bad", "shield-alert"),
        "Its content differs from what was published, so it is not loaded.",
    ),
}


@dataclass(frozen=True)
class ShelfLine:
    """One row: weights, a file that cannot be used, or a heading with neither."""

    title: str
    weights: WeightsRow | None = None
    unusable: UnusableFile | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """What stays the same when the shelf is read again."""
        if self.weights is not None:
            return self.weights.path
        return self.unusable.path if self.unusable is not None else f"heading:{self.title}"

    @property
    def is_heading(self) -> bool:
        """Whether it only parts the rows."""
        return self.weights is None and self.unusable is None


class ShelfModel(LinesModel[ShelfLine]):
    """Rows for the search, the source and the order that are chosen."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__(header_font, _COLUMNS, _key_of, cell_text, _tooltip)

    def tip_of(self, column: int) -> str:
        """Titles sort, too."""
        return f"{super().tip_of(column)}. Click to sort."

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if index.isValid() and not self._lines[index.row()].is_heading:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return Qt.ItemFlag.NoItemFlags


def cell_text(line: ShelfLine, column: int) -> str:
    """What stands in a cell."""
    row = line.weights
    if row is None:
        return {NAME: line.title, QUANT: line.note}.get(column, "")
    match column:
        case 0:
            return line.title
        case 1:
            return plain(row.quant, 16)
        case 2:
            return parameters(row.parameters)
        case 3:
            return context(row.context_length)
        case 4:
            return file_size(row.size_bytes)
        case 5:
            return SOURCES[row.source]
        case _:
            return proof_chip(row).text


def proof_chip(row: WeightsRow) -> Chip:
    """How far its content is known to be right; a set that lacks parts says that first."""
    if row.missing_parts:
        return Chip(f"{counted(len(row.missing_parts), 'part')} missing", "bad", "file-x")
    return PROOFS[row.verification][0]


def proof_text(row: WeightsRow) -> str:
    """The same in a sentence."""
    if row.missing_parts:
        names = ", ".join(plain(name) for name in row.missing_parts[:6])
        return f"This split set cannot be loaded; it lacks {names}."
    return PROOFS[row.verification][1]


def shelf_lines(shelf: Shelf, words: str, source: str, column: int, *, is_down: bool) -> list[ShelfLine]:
    """The rows that a search leaves, each kind under its heading."""
    asked = words.casefold().split()
    lines: list[ShelfLine] = []
    groups = (("Models", shelf.weights), ("Projectors", shelf.mmproj), ("LoRA adapters", shelf.lora))
    for title, rows in groups:
        kept = [row for row in rows if _is_kept(row, asked, source)]
        if column != NAME or is_down:
            kept.sort(key=_order(column), reverse=is_down)
        if kept:
            lines.append(ShelfLine(title, note=_total(kept)))
            lines.extend(ShelfLine(_title(row), weights=row) for row in kept)
    broken = [] if source else [f for f in shelf.unusable if all(word in f.path.casefold() for word in asked)]
    if broken:
        lines.append(ShelfLine("Files that cannot be used", note=counted(len(broken), "file")))
        lines.extend(
            ShelfLine(plain(PurePath(f.path).name), unusable=f, note=plain(f.reason, 200)) for f in broken
        )
    return lines


def _key_of(line: ShelfLine) -> str:
    return line.key


def _title(row: WeightsRow) -> str:
    return plain(row.name)


def _is_kept(row: WeightsRow, words: list[str], source: str) -> bool:
    if source and row.source != source:
        return False
    text = f"{row.name} {row.repo or ''} {row.quant or ''} {row.architecture or ''} {row.path}".casefold()
    return all(word in text for word in words)


def _total(rows: list[WeightsRow]) -> str:
    return f"{len(rows):,}  ·  {file_size(sum(row.size_bytes for row in rows))}"


def _order(column: int) -> Callable[[WeightsRow], Any]:
    keys: dict[int, Callable[[WeightsRow], Any]] = {
        NAME: _by_name,
        QUANT: _by_quant,
        PARAMETERS: _by_parameters,
        CONTEXT: _by_context,
        SIZE: _by_size,
        SOURCE: _by_source,
        PROOF: _by_proof,
    }
    return keys[column]


def _by_name(row: WeightsRow) -> str:
    return row.name.casefold()


def _by_quant(row: WeightsRow) -> str:
    return row.quant or ""


def _by_parameters(row: WeightsRow) -> int:
    return row.parameters or 0


def _by_context(row: WeightsRow) -> int:
    return row.context_length or 0


def _by_size(row: WeightsRow) -> int:
    return row.size_bytes


def _by_source(row: WeightsRow) -> str:
    return SOURCES[row.source]


def _by_proof(row: WeightsRow) -> str:
    return proof_chip(row).text


def _tooltip(line: ShelfLine, column: int) -> str:
    row = line.weights
    if row is None:
        return f"{plain(line.unusable.path)}\n{line.note}" if line.unusable is not None else ""
    if column == PROOF:
        return proof_text(row)
    return plain(row.path)
