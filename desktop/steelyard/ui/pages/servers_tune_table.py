"""The candidates of a tune as a table: settings, rates, memory, joules, noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from PySide6.QtWidgets import QHeaderView, QTableView

from steelyard.ui.pages.servers_texts import fine_memory
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.facts_format import DASH, rate
from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.models_text import plain
from steelyard.ui.widgets.servers_scatter import Dot
from steelyard.ui.widgets.table_view import make_quiet

if TYPE_CHECKING:
    from PySide6.QtGui import QColor, QFont

    from steelyard.core.values.bench import TuneCandidate
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.table_lines import Index

HEADERS = ("Settings", "tok/s", "Prompt", "Memory", "J/token", "Verdict")
_SHORT = {
    "threads": "threads",
    "threads_batch": "prompt threads",
    "batch_tokens": "batch",
    "ubatch_tokens": "micro-batch",
    "flash_attention": "flash",
    "kv_type_k": "KV keys",
    "kv_type_v": "KV values",
    "gpu_layers": "GPU layers",
    "parallel": "slots",
    "speculation": "speculation",
}


def settings_text(candidate: TuneCandidate) -> str:
    """`threads 2, flash on`; the quant where that is what differs."""
    parts = [
        f"{_SHORT.get(key, key)} {value}" for key, value in candidate.settings.items() if value is not None
    ]
    if candidate.weights:
        parts.insert(0, candidate.quant or candidate.weights)
    return plain(", ".join(parts), 200) or "as it is"


def verdict_of(
    candidate: TuneCandidate, baseline: TuneCandidate | None, best: TuneCandidate | None
) -> tuple[str, str]:
    """Word and tone."""
    if candidate.failed:
        return "failed", "bad"
    if best is not None and candidate == best and best != baseline:
        return "best", "good"
    if candidate == baseline:
        return "as it is", "text3"
    if not candidate.distinguishable:
        return "same within noise", "text3"
    if baseline is None or baseline.gen_tps is None or candidate.gen_tps is None:
        return DASH, "text3"
    ratio = candidate.gen_tps / baseline.gen_tps
    return f"{ratio:.2f} times as fast", "good" if ratio > 1 else "warn"


class TuneTable(QAbstractTableModel):
    """Candidates in the order in which they were measured; the first is the baseline."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.candidates: list[TuneCandidate] = []
        self._best: TuneCandidate | None = None
        self._baseline: TuneCandidate | None = None

    @property
    def baseline(self) -> TuneCandidate | None:
        """What the others are compared with."""
        return self._baseline or (self.candidates[0] if self.candidates else None)

    def clear(self) -> None:
        """Nothing is measured."""
        self.set_all([], None, None)

    def add(self, candidate: TuneCandidate) -> None:
        """One more; a second pass over the same settings takes the place of the first."""
        for at, known in enumerate(self.candidates):
            if (known.settings, known.weights) == (candidate.settings, candidate.weights):
                self.candidates[at] = candidate
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(HEADERS) - 1))
                return
        at = len(self.candidates)
        self.beginInsertRows(QModelIndex(), at, at)
        self.candidates.append(candidate)
        self.endInsertRows()

    def set_all(
        self, candidates: list[TuneCandidate], baseline: TuneCandidate | None, best: TuneCandidate | None
    ) -> None:
        """The report."""
        self.beginResetModel()
        self.candidates, self._baseline, self._best = list(candidates), baseline, best
        self.endResetModel()

    def dots(self) -> tuple[Dot | None, ...]:
        """The candidates for the chart."""
        return tuple(self._dot(candidate) for candidate in self.candidates)

    def _dot(self, candidate: TuneCandidate) -> Dot | None:
        if candidate.memory_bytes is None or candidate.gen_tps is None or candidate.failed:
            return None
        word, tone = verdict_of(candidate, self.baseline, self._best)
        color = {"text3": "s5", "good": "good", "warn": "warn"}.get(tone, "s5")
        name = f"{settings_text(candidate)}: {rate(candidate.gen_tps).text}, {word}"
        return Dot(
            candidate.memory_bytes,
            candidate.gen_tps,
            candidate.gen_tps_low,
            candidate.gen_tps_high,
            color,
            name,
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """One for each candidate."""
        return 0 if parent.isValid() else len(self.candidates)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Settings and figures."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Names of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """A cell."""
        candidate = self.candidates[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._texts(candidate)[index.column()]
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tooltip(_tip(candidate, index.column()))
            case Qt.ItemDataRole.ForegroundRole:
                return self._color(candidate, index.column())
            case Qt.ItemDataRole.FontRole:
                return self._font(index.column())
            case _:
                return None

    def _texts(self, candidate: TuneCandidate) -> tuple[str, ...]:
        joules = candidate.joules_per_token
        return (
            settings_text(candidate),
            rate(candidate.gen_tps).value,
            rate(candidate.prompt_tps).value,
            fine_memory(candidate.memory_bytes),
            f"{joules:.2f}" if joules is not None else DASH,
            verdict_of(candidate, self.baseline, self._best)[0],
        )

    def _color(self, candidate: TuneCandidate, column: int) -> QColor:
        if column == len(HEADERS) - 1:
            return self._theme.color(verdict_of(candidate, self.baseline, self._best)[1])
        return self._theme.color("text" if column in {0, 1} else "text2")

    def _font(self, column: int) -> QFont:
        return self._theme.font(12, 500 if column == 1 else 400, tabular=0 < column < len(HEADERS) - 1)


def _tip(candidate: TuneCandidate, column: int) -> str:
    if candidate.failed:
        return candidate.failed
    if column == 1 and candidate.gen_tps_low is not None and candidate.gen_tps_high is not None:
        return f"95 % interval {candidate.gen_tps_low:.1f} to {candidate.gen_tps_high:.1f} tok/s"
    if column == 4 and candidate.joules_per_token is None:
        return "No power meter is read on this machine"
    if column == 3 and candidate.memory_bytes is None:
        return "Its memory was not measured"
    return settings_text(candidate)


class TuneView(QTableView):
    """The table, as quiet as the others."""

    def __init__(self, theme: Theme, model: TuneTable) -> None:
        super().__init__()
        self.setModel(model)
        make_quiet(self, 26)
        header = self.horizontalHeader()
        header.setFont(theme.font(11))
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        name_widget(self, "Candidates", "What was tried, and how fast it was")

    def sizeHint(self) -> QSize:
        """A few rows."""
        return QSize(320, 180)
