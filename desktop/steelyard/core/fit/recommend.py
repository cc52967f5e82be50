"""Which quant to take, and why, in plain words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.core.base.units import gib_text
from steelyard.core.gguf.quants import typical_bits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from steelyard.core.values.fit import FitReport
    from steelyard.core.values.hub import HubFileRow

_SMALL_PARAMETERS = 2_000_000_000
_USUAL_BITS, _FULL_BITS = 5.3, 9.0
_GOOD = ("fits", "cpu")
_ACCEPTABLE = ("tight", "partial")


def recommend(
    rows: Sequence[HubFileRow], reports: Mapping[str, FitReport], parameters: int | None
) -> tuple[str | None, str]:
    """The name of the row to take, and the reason; or None and why there is none.

    Small models lose more by strong quants and cost little, so that nearly the full precision is taken for
    them; for others four to five bits, where the loss is small.
    """
    usable = [row for row in rows if row.name in reports and not row.missing_parts and not row.needs_xet]
    if not usable:
        return None, "There is no whole GGUF file of a model here."
    is_small = parameters is not None and parameters < _SMALL_PARAMETERS
    goal = _FULL_BITS if is_small else _USUAL_BITS
    good = [row for row in usable if reports[row.name].verdict in _GOOD]
    near = [row for row in good if _bits(row) <= goal]
    if near:
        best = max(near, key=_bits)
        return best.name, _why(best, reports[best.name], is_small=is_small)
    if good:
        best = min(good, key=_bits)
        return best.name, f"The smallest file here; it {_place(reports[best.name])}."
    partly = [row for row in usable if reports[row.name].verdict in _ACCEPTABLE]
    if partly:
        best = min(partly, key=lambda row: row.size_bytes)
        return best.name, f"No file fits with room; this one needs the least: {reports[best.name].reason}."
    least = min(usable, key=lambda row: reports[row.name].total_bytes)
    total = gib_text(reports[least.name].total_bytes)
    return None, f"None of the files fits this machine; the smallest needs {total}."


def _bits(row: HubFileRow) -> float:
    return row.bits_per_weight or typical_bits(row.quant) or 99.0


def _why(row: HubFileRow, report: FitReport, *, is_small: bool) -> str:
    loss = row.note or "the usual choice"
    if is_small:
        return f"A small model loses by strong quants and costs little: {loss}; it {_place(report)}."
    return f"The most precise of the usual size: {loss}; it {_place(report)}."


def _place(report: FitReport) -> str:
    where = "runs on the CPU" if report.verdict == "cpu" else "fits the GPU"
    return f"{where} with {gib_text(report.total_bytes)} at {report.ctx:,} tokens of context"
