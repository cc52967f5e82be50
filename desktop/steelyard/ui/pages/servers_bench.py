"""Bench: what the engine can do by itself, and what comes through Steelyard at several levels of parallel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.core.values.events import BenchProgressed
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.servers_texts import backend_name
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.facts_format import DASH, Figure, duration, rate
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_paint import draw_meter
from steelyard.ui.widgets.models_text import plain, sentence

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.bench import BenchLevel, BenchReport
    from steelyard.core.values.profiles import LaunchProfile
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_ABOUT = (
    "llama-bench measures the engine alone; then requests go through Steelyard, 1, 2, 4 and 8 at a time. "
    "Other servers are best idle meanwhile."
)
_HEADERS = ("Parallel", "Total", "Each, median", "TTFT p50", "TTFT p95", "To the engine")
_NEAR = 0.95


class BenchPane(QWidget):
    """One button, a row for each level as it is measured."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self._target = ""
        self._profile: LaunchProfile | None = None
        self._levels: list[BenchLevel] = []
        self._cells: list[QWidget] = []
        self._ratios: list[_Ratio] = []
        self._ask = Latest(bridge, self)
        self.start = make_button(theme, "Run bench", icon="gauge", tooltip="Measure this server's weights")
        self._doing = make_label(theme, _ABOUT, "muted", px=12, wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the bench")
        self._bar.hide()
        self._engine = make_label(theme, "", px=12, wrap=True)
        self._trouble = Note(theme, "bad")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(6)
        self._lay_out()
        self.start.clicked.connect(self.toggle)
        self._ask.answered.connect(self._on_report)
        self._ask.failed.connect(self._on_failed)
        bridge.event_arrived.connect(self._on_event)

    def show_target(self, target: str, profile: LaunchProfile) -> None:
        """What is measured when the button is pressed; another server's table goes away."""
        self._profile = profile
        if target != self._target:
            self._target = target
            if not self._ask.is_busy:
                self._clear()

    @Slot()
    def toggle(self) -> None:
        """Start, or stop what runs."""
        if self._ask.is_busy:
            self._ask.drop()
            self._show_idle("Stopped. What was measured until then stands below.")
            return
        if not self._target or self._profile is None:
            return
        self._clear()
        self._trouble.show_text("")
        self.start.setText("Stop")
        self._theme.bind_icon(self.start, "square", "text2", gap=4)
        self._bar.setRange(0, 0)
        self._bar.show()
        self._doing.setText("Starting…")
        self._ask.ask(c.StartBench(target=self._target, profile=self._profile))

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if not isinstance(event, BenchProgressed) or event.request != self._ask.request or not event.request:
            return
        self._doing.setText(sentence(event.doing))
        self._bar.setRange(0, max(1, event.total))
        self._bar.setValue(event.done)
        if event.level is not None:
            self._add(event.level)

    @Slot(object)
    def _on_report(self, report: BenchReport) -> None:
        engine = report.engine
        self._clear()
        prompt = _with_sd(rate(engine.prompt_tps), engine.prompt_tps_sd)
        gen = _with_sd(rate(engine.gen_tps), engine.gen_tps_sd)
        self._engine.setText(
            f"Engine alone: prompt {prompt} ({engine.prompt_tokens} tokens), generation {gen} "
            f"({engine.gen_tokens} tokens), {backend_name(engine.backend)} {plain(engine.build, 30)}"
        )
        self._engine.show()
        for level in report.levels:
            self._add(level)
        notes = " ".join(sentence(note) for note in report.notes)
        self._show_idle(notes or "Done; nothing else was going on beside it.")

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show_idle(_ABOUT)
        self._trouble.show_text(error.one_line())

    def _show_idle(self, text: str) -> None:
        self.start.setText("Run bench")
        self._theme.bind_icon(self.start, "gauge", "text2", gap=4)
        self._bar.hide()
        self._doing.setText(text)

    def _clear(self) -> None:
        for cell in self._cells:
            self._grid.removeWidget(cell)
            cell.deleteLater()
        self._cells, self._levels, self._ratios = [], [], []
        self._engine.hide()

    def _add(self, level: BenchLevel) -> None:
        if any(known.parallel == level.parallel for known in self._levels):
            return
        if not self._levels:
            for column, text in enumerate(_HEADERS):
                self._put(make_label(self._theme, text, "muted", px=11), 0, column)
        self._levels.append(level)
        row = len(self._levels)
        failed = f", {level.failed} failed" if level.failed else ""
        texts = (
            f"{level.parallel}",
            rate(level.aggregate_tps).text,
            rate(level.gen_tps_median).text,
            duration(level.ttft_p50_ms).text,
            duration(level.ttft_p95_ms).text,
        )
        for column, text in enumerate(texts):
            cell = make_label(self._theme, text, "bad" if failed and not column else "", px=12, tabular=True)
            tip = "n too small, or not measured" if text == DASH else f"{level.n} requests{failed}"
            cell.setToolTip(tip)
            self._put(cell, row, column)
        ratio = _Ratio(self._theme, level.ratio_to_engine)
        self._ratios.append(ratio)
        self._put(ratio, row, len(texts))
        most = max((known.ratio_to_engine or 0.0 for known in self._levels), default=0.0)
        for known in self._ratios:
            known.show_scale(max(1.0, most))

    def _put(self, cell: QWidget, row: int, column: int) -> None:
        self._cells.append(cell)
        self._grid.addWidget(cell, row, column)
        if isinstance(cell, QLabel) and column:
            cell.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._doing, 1)
        head.addWidget(self.start, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.setColumnStretch(len(_HEADERS) - 1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._bar)
        column.addWidget(self._trouble)
        column.addWidget(self._engine)
        column.addLayout(self._grid)
        column.addStretch(1)
        self._engine.hide()


class _Ratio(QWidget):
    """Share of the engine's own rate, as a bar and a figure."""

    def __init__(self, theme: Theme, ratio: float | None) -> None:
        super().__init__()
        self._theme = theme
        self._ratio = ratio
        self._most = 1.0
        self._label = make_label(theme, "", px=12, weight=600, tabular=True)
        self._label.setText(f"{ratio:.2f}" if ratio is not None else DASH)
        self._label.setFixedWidth(44)
        self.setMinimumWidth(90)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._label)
        row.addStretch(1)
        self.setToolTip("All streams together against the engine's generation rate for one")
        self.setAccessibleName(f"Ratio to the engine {self._label.text()}")

    def show_scale(self, most: float) -> None:
        """The ratio at which the bar is full."""
        self._most = most
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ratio is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(50, self.height() / 2 - 3, max(10, self.width() - 54), 6)
        draw_meter(
            painter, self._theme, area, self._ratio / self._most, "good" if self._ratio >= _NEAR else "s1"
        )


def _with_sd(figure: Figure, spread: float | None) -> str:
    return figure.text if spread is None or figure.value == DASH else f"{figure.text} ± {spread:.1f}"
