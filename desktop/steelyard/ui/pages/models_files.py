"""The files of a repository as rows: what they are, whether they fit, what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from steelyard.ui.pages.models_verdicts import free_bytes, short_of, tone_of, verdict_chip, verdict_text
from steelyard.ui.widgets.facts_format import DASH, file_size
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import counted, gib, plain
from steelyard.ui.widgets.table_lines import Column, LinesModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QFont

    from steelyard.core.values.fit import FitReport, RepoFit
    from steelyard.core.values.hub import HubFileRow
    from steelyard.core.values.weights import WeightsKind

FILE, SIZE, BITS, FIT, NEED, TOTAL, NOTE = range(7)
_COLUMNS = (
    Column(
        "File",
        "The quant: how strongly the weights are compressed. Fewer bits are smaller and lose more quality.",
    ),
    Column("Size", "What is downloaded", is_number=True),
    Column(
        "Bits/weight",
        "How many bits each weight takes on average; 16 is uncompressed",
        is_number=True,
    ),
    Column("Fit", "Whether it can run on this machine now, at the chosen context length"),
    Column("Need", "What it needs of the memory that is free now: the tick is all of it"),
    Column("Total", "Weights, KV cache, compute buffers and overhead together", is_number=True),
    Column(""),
)
TICK_SHARE = 0.66
"""Where the tick of the free memory stands in each Need bar."""
_KINDS: dict[WeightsKind, str] = {"model": "Model", "mmproj": "Projector", "lora": "LoRA adapter"}


@dataclass(frozen=True)
class FileLine:
    """One row as it is painted."""

    file: HubFileRow
    title: str
    size: str
    bits: str
    fit: Chip | None
    need_share: float | None
    need_tone: str
    total: str
    note: str
    chip: Chip | None
    tooltip: str
    is_faint: bool
    is_priced: bool
    """False while the verdict is still to come."""

    @property
    def spoken(self) -> str:
        """All of it for a screen reader."""
        chips = [chip.text for chip in (self.fit, self.chip) if chip is not None]
        parts = [self.title, self.size, f"{self.bits} bits per weight" if self.bits else "", *chips]
        return ", ".join(part for part in [*parts, self.total, self.note] if part)


class FilesModel(LinesModel[FileLine]):
    """Files in the order of their size."""

    def __init__(self, header_font: QFont) -> None:
        super().__init__(header_font, _COLUMNS, _name_of, _cell_text, _cell_tip)
        self._header_ctx = ""
        self._free = ""

    def show_lines(self, lines: list[FileLine], ctx_text: str = "", free_text: str = "") -> None:
        """List files; the same files with other figures keep selection and view."""
        self._header_ctx, self._free = ctx_text, free_text
        if lines and [_name_of(line) for line in lines] == [_name_of(line) for line in self._lines]:
            self._lines = lines
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, NOTE))
        else:
            super().show_lines(lines)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, FIT, NEED)

    def title_of(self, column: int) -> str:
        """With the context length and the free memory that the figures are for."""
        if column == FIT and self._header_ctx:
            return f"Fit at {self._header_ctx} context"
        return f"Need (tick: {self._free})" if column == NEED and self._free else super().title_of(column)


def model_lines(
    files: list[HubFileRow],
    fit: RepoFit | None,
    state_of: Callable[[HubFileRow], Chip | None],
    *,
    is_priced: bool,
) -> list[FileLine]:
    """The models of a repository, the smallest first; `is_priced` tells that no more verdict comes."""
    reports = fit.reports if fit is not None else {}
    recommended = fit.recommended if fit is not None else None
    why = plain(fit.why) if fit is not None else ""
    lines = []
    for file in sorted(files, key=_by_size):
        report = reports.get(file.name)
        chip = state_of(file)
        if file.name == recommended:
            word = "Recommended" if chip is None else f"{chip.text}, recommended"
            chip = Chip(word, "accent", "star" if chip is None else chip.icon)
        lines.append(_line(file, report, chip, why if file.name == recommended else "", is_priced))
    return lines


def aux_lines(files: list[HubFileRow], state_of: Callable[[HubFileRow], Chip | None]) -> list[FileLine]:
    """Projectors and adapters: they have no verdict of their own."""
    return [
        FileLine(
            file=file,
            title=plain(file.name),
            size=file_size(file.size_bytes),
            bits="",
            fit=None,
            need_share=None,
            need_tone="",
            total="",
            note=_KINDS[file.kind],
            chip=state_of(file),
            tooltip=plain(file.note),
            is_faint=False,
            is_priced=True,
        )
        for file in files
    ]


def _line(
    file: HubFileRow, report: FitReport | None, chip: Chip | None, why: str, is_priced: bool
) -> FileLine:
    free = free_bytes(report) if report is not None else 0
    is_out = report is not None and report.verdict == "wont_fit"
    return FileLine(
        file=file,
        title=plain(file.quant or file.name),
        size=file_size(file.size_bytes),
        bits="" if file.bits_per_weight is None else f"{file.bits_per_weight:.2f}",
        fit=None if report is None else verdict_chip(report),
        need_share=None if report is None or free <= 0 else report.total_bytes / free * TICK_SHARE,
        need_tone="" if report is None else tone_of(report),
        total=DASH if report is None else f"{gib(report.total_bytes)} GiB",
        note=_note(file, report),
        chip=chip,
        tooltip=_tooltip(file, report, why),
        is_faint=is_out or file.needs_xet or bool(file.missing_parts),
        is_priced=is_priced,
    )


def _note(file: HubFileRow, report: FitReport | None) -> str:
    if file.missing_parts:
        return f"{counted(len(file.missing_parts), 'part')} missing"
    if file.needs_xet:
        return "only through Xet"
    if report is not None and report.verdict == "wont_fit":
        return f"{gib(short_of(report))} GiB short"
    return plain(file.note, 60)


def _tooltip(file: HubFileRow, report: FitReport | None, why: str) -> str:
    lines = [plain(file.name)]
    if len(file.parts) > 1:
        lines.append(f"{len(file.parts)} parts, downloaded together")
    if report is not None:
        lines.append(f"{verdict_text(report)}: {plain(report.reason)}")
    if why:
        lines.append(f"Recommended: {why}")
    if file.missing_parts:
        lines.append("The repository lacks " + ", ".join(plain(name) for name in file.missing_parts[:4]))
    if file.needs_xet:
        lines.append("The hub delivers this file only to its own Xet client.")
    if file.note:
        lines.append(plain(file.note))
    return "\n".join(lines)


def _by_size(file: HubFileRow) -> tuple[int, str]:
    return file.size_bytes, file.name


def _name_of(line: FileLine) -> str:
    return line.file.name


def _cell_text(line: FileLine, column: int) -> str:
    return line.spoken if column == FILE else ""


def _cell_tip(line: FileLine, _column: int) -> str:
    return line.tooltip
