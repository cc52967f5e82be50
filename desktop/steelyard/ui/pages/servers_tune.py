"""Tune: tries the settings that matter on this machine and keeps the best, or says that all are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from steelyard.core.values import commands as c
from steelyard.core.values.events import TuneProgressed
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.servers_tune_table import TuneTable, TuneView, settings_text
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.models_menu_chip import ToggleChip
from steelyard.ui.widgets.models_text import plain, sentence, time_left
from steelyard.ui.widgets.servers_field import Choice
from steelyard.ui.widgets.servers_scatter import ScatterView

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.bench import TuneCandidate, TuneReport
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_ABOUT = (
    "Tries threads, batch, flash attention, KV type, GPU layers, slots and speculation, and compares what "
    "was measured with what runs now. It can be stopped at any time; what was measured stays."
)
_BUDGETS = (("120", "2 min"), ("300", "5 min"), ("600", "10 min"), ("1800", "30 min"), ("", "No limit"))
_WIDE_PX = 760


class TunePane(QWidget):
    """Start with a budget; table and chart fill while it measures."""

    use_wanted = Signal(str, dict)
    """Weights (empty: the same) and the settings of the candidate that the user takes."""

    def __init__(self, theme: Theme, bridge: Bridge) -> None:
        super().__init__()
        self._theme = theme
        self._bridge = bridge
        self._target = ""
        self._best: TuneCandidate | None = None
        self._ask = Latest(bridge, self)
        self.budget = Choice(theme, "Time that it may take", _BUDGETS)
        self.budget.setFixedWidth(104)
        self.budget.setToolTip("It ends by then, with what was measured")
        self.budget.set_value("300")
        self.quants = ToggleChip(
            theme, "Other quants", "Compare other quants of the same model on this disk, too"
        )
        self.quants.setChecked(True)
        self.start = make_button(theme, "Tune", icon="sliders-horizontal", tooltip="Find the best settings")
        self.use = make_button(theme, "Use this profile", icon="check")
        self.use.setToolTip("Put these settings into the launch profile above; you apply them there")
        self._doing = make_label(theme, _ABOUT, "muted", px=12, wrap=True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress of the tune")
        self._trouble = Note(theme, "bad")
        self._note = Note(theme, "info")
        self.model = TuneTable(theme)
        self.table = TuneView(theme, self.model)
        self.chart = ScatterView(theme)
        self._lay_out()
        self._show_table()
        self._bar.hide()
        self.start.clicked.connect(self.toggle)
        self.use.clicked.connect(self._on_use)
        self.table.selectionModel().currentChanged.connect(self._on_current)
        self.chart.picked.connect(self.table.selectRow)
        self._ask.answered.connect(self._on_report)
        self._ask.failed.connect(self._on_failed)
        bridge.event_arrived.connect(self._on_event)

    def show_target(self, target: str) -> None:
        """What is tuned when the button is pressed; another server's table goes away."""
        if target != self._target:
            self._target = target
            if not self._ask.is_busy:
                self.model.clear()
                self._best = None
                self._doing.setText(_ABOUT)
                self._note.show_text("")
                self._show_table()

    @Slot()
    def toggle(self) -> None:
        """Start, or end what runs and keep the best."""
        if self._ask.is_busy:
            self._bridge.run(c.FinishTune(request=self._ask.request))
            self._doing.setText("Stopping after what is measured now…")
            self.start.setEnabled(False)
            return
        if not self._target:
            return
        self.model.clear()
        self._best = None
        self._trouble.show_text("")
        self._note.show_text("")
        self.start.setText("Stop and keep best")
        self._theme.bind_icon(self.start, "square", "text2", gap=4)
        self._bar.setRange(0, 0)
        self._bar.show()
        self._doing.setText("Starting…")
        seconds = float(self.budget.value) if self.budget.value else None
        self._ask.ask(c.StartTune(target=self._target, budget_s=seconds, quants=self.quants.isChecked()))
        self._show_table()

    # ---- engine --------------------------------------------------------------------------------------------

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if not isinstance(event, TuneProgressed) or event.request != self._ask.request or not event.request:
            return
        left = time_left(event.eta_s)
        parts = [sentence(event.doing), f"{event.done} of {event.total}" if event.total else "", left]
        self._doing.setText("  ·  ".join(part for part in parts if part))
        self._bar.setRange(0, max(1, event.total))
        self._bar.setValue(event.done)
        if event.candidate is not None:
            self.model.add(event.candidate)
            self._show_table()

    @Slot(object)
    def _on_report(self, report: TuneReport) -> None:
        self._best = report.best
        candidates = report.candidates
        if report.baseline not in candidates:
            candidates = [report.baseline, *candidates]
        self.model.set_all(candidates, report.baseline, report.best)
        if report.best in candidates:
            self.table.selectRow(candidates.index(report.best))
        stopped = "Stopped early. " if report.is_stopped else ""
        self._show_idle(f"{stopped}{sentence(report.verdict)}" or "Done.")
        notes = [sentence(report.quant_note)]
        if report.profile_path:
            notes.append(f"Kept as {plain(report.profile_path.replace(chr(92), '/').rsplit('/', 1)[-1])}.")
        self._note.show_text(" ".join(note for note in notes if note))
        self._show_table()

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self._show_idle(_ABOUT)
        self._trouble.show_text(error.one_line())

    def _show_idle(self, text: str) -> None:
        self.start.setText("Tune")
        self.start.setEnabled(True)
        self._theme.bind_icon(self.start, "sliders-horizontal", "text2", gap=4)
        self._bar.hide()
        self._doing.setText(text)

    # ---- showing -------------------------------------------------------------------------------------------

    def _show_table(self) -> None:
        has_any = bool(self.model.candidates)
        self._results.setVisible(has_any)
        self.chart.show_dots(self.model.dots())
        self._show_use()

    def _current(self) -> TuneCandidate | None:
        at = self.table.currentIndex().row()
        return self.model.candidates[at] if 0 <= at < len(self.model.candidates) else self._best

    def _show_use(self) -> None:
        candidate = self._current()
        can = candidate is not None and not candidate.failed and candidate != self.model.baseline
        self.use.setVisible(bool(self.model.candidates))
        self.use.setEnabled(can)
        if candidate is not None:
            self.use.setAccessibleDescription(settings_text(candidate))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, now: QModelIndex, _before: QModelIndex) -> None:
        self.chart.select(now.row())
        self._show_use()

    @Slot()
    def _on_use(self) -> None:
        candidate = self._current()
        if candidate is not None:
            settings: dict[str, Any] = dict(candidate.settings)
            self.use_wanted.emit(candidate.weights, settings)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside each other where there is room, else one above the other."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        way = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        if self._pair.direction() != way:
            self._pair.setDirection(way)
            self._head.setDirection(way)

    def _lay_out(self) -> None:
        buttons = QWidget()
        line = QHBoxLayout(buttons)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addStretch(1)
        for widget in (self.quants, self.budget, self.use, self.start):
            line.addWidget(widget)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addWidget(self._doing, 1)
        self._head.addWidget(buttons, 0, Qt.AlignmentFlag.AlignTop)
        self._results = QWidget()
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._results)
        self._pair.setContentsMargins(0, 0, 0, 0)
        self._pair.setSpacing(12)
        self._pair.addWidget(self.table, 5)
        self._pair.addWidget(self.chart, 3)
        self.table.setMinimumHeight(140)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._head)
        column.addWidget(self._bar)
        column.addWidget(self._trouble)
        column.addWidget(self._note)
        column.addWidget(self._results, 1)
        column.addStretch(0)
