"""Memory of one server, part by part, predicted and measured; how well former loads were predicted."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.ui.pages import servers_texts as t
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_badge import Badge
from steelyard.ui.widgets.models_flow import FlowRow
from steelyard.ui.widgets.models_paint import Chip
from steelyard.ui.widgets.models_text import counted
from steelyard.ui.widgets.servers_bars import TINTS, PartRow, PartsBars, Swatch
from steelyard.ui.widgets.servers_fact import InlineFact
from steelyard.ui.widgets.servers_spark import Sparkline

if TYPE_CHECKING:
    from steelyard.core.values.servers import MemoryPart, ServerDetail
    from steelyard.ui.theme.theme import Theme

_NAMES = {"weights": "weights", "kv": "KV", "compute": "compute", "overhead": "overhead"}
_NO_MEASURE = "Nothing is measured yet: the engine reports its buffers when it has loaded."


class PartsCard(Card):
    """Two bars on one scale, a legend with both figures, the history of errors."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Memory, predicted and measured")
        self.column.setContentsMargins(16, 12, 16, 12)
        self.column.setSpacing(8)
        self._shown: object = None
        self._error = Badge(theme)
        self.head.addWidget(self._error)
        self._bars = PartsBars(theme)
        self._legend = FlowRow(gap=14, line_gap=4)
        self._facts: dict[str, tuple[Swatch, InlineFact]] = {}
        for kind in TINTS:
            swatch = Swatch(theme, kind)
            fact = InlineFact(theme, _NAMES[kind])
            layout = fact.layout()
            assert isinstance(layout, QHBoxLayout)
            layout.insertWidget(0, swatch)
            self._facts[kind] = (swatch, fact)
            self._legend.add(fact)
        self._spark = Sparkline(theme, "Errors of the last loads")
        self._spark.setFixedSize(70, 18)
        self._history = make_label(theme, "", "muted", px=12, wrap=True)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.setSpacing(8)
        foot.addWidget(self._spark)
        foot.addWidget(self._history, 1)
        for widget in (self._bars, self._legend, self._foot):
            self.column.addWidget(widget)
        self.column.addStretch(1)

    def show_detail(self, detail: ServerDetail, color: str) -> None:
        """Show what is known now."""
        wanted = (
            detail.parts,
            detail.row.measured_bytes,
            detail.row.predicted_bytes,
            detail.fit_errors,
            color,
        )
        if wanted == self._shown:
            return
        self._shown = wanted
        predicted, measured = sums(detail.parts, "predicted_bytes"), sums(detail.parts, "measured_bytes")
        total_predicted = detail.row.predicted_bytes if not predicted else sum(predicted.values())
        total_measured = detail.row.measured_bytes if not measured else sum(measured.values())
        share = t.error_of(total_measured, total_predicted)
        tone = t.error_tone(share)
        self._error.show_chip(
            Chip(t.signed_share(share), tone if share is not None else ""),
            "Measured against predicted" if share is not None else _NO_MEASURE,
        )
        rows = (
            PartRow("Predicted", tuple(predicted.items()), t.fine_memory(total_predicted)),
            PartRow("Measured", tuple(measured.items()), t.fine_memory(total_measured)),
        )
        self._bars.show_rows(rows, color, _spoken(detail.parts))
        for kind, (swatch, fact) in self._facts.items():
            swatch.show_color(color)
            fact.show_value(
                *_both(predicted.get(kind), measured.get(kind), total_measured or total_predicted)
            )
        self._legend.arrange()
        self._show_history(detail.fit_errors, color)

    def _show_history(self, errors: list[float], color: str) -> None:
        self._foot.setVisible(bool(errors))
        self._spark.setVisible(len(errors) > 1)
        self._spark.show_values(tuple(errors), color)
        if errors:
            worst = max(errors, key=abs)
            loads = counted(len(errors), "load")
            self._history.setText(
                f"last {loads}: median {t.signed_share(median(errors))}, worst {t.signed_share(worst)}. "
                "Used to correct the next prediction."
            )


def sums(parts: list[MemoryPart], field: str) -> dict[str, int]:
    """Bytes by kind over all devices; a kind of which nothing is known is left out."""
    known: dict[str, int] = {}
    for kind in TINTS:
        sizes = [getattr(part, field) for part in parts if part.kind == kind]
        if any(size is not None for size in sizes):
            known[kind] = sum(size for size in sizes if size is not None)
    return known


def _both(predicted: int | None, measured: int | None, whole: int | None) -> tuple[str, str]:
    if predicted is None and measured is None:
        return DASH, "Neither projected nor reported"
    if measured is None:
        return t.memory_in(
            predicted, whole
        ), f"{t.fine_memory(predicted)} projected; nothing is reported of it"
    if predicted is None:
        return t.memory_in(measured, whole), f"{t.fine_memory(measured)} reported; nothing was projected"
    one, two = t.memory_in(predicted, whole), t.memory_in(measured, whole)
    tip = f"Projected {t.fine_memory(predicted)}, reported {t.fine_memory(measured)}"
    return (one if one == two else f"{one} → {two}"), tip


def _spoken(parts: list[MemoryPart]) -> str:
    lines = [
        f"{part.device} {_NAMES[part.kind]}: predicted {t.fine_memory(part.predicted_bytes)}, "
        f"measured {t.fine_memory(part.measured_bytes)}"
        for part in parts
    ]
    return "\n".join(lines) or _NO_MEASURE
