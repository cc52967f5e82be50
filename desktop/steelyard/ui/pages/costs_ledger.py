"""The ledger tab of Costs: what was paid, what local runs cost, what they would have cost elsewhere."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from steelyard.core.values.commands import ListTargets
from steelyard.core.values.cost_commands import ExportCostLedger, ReadCostLedger
from steelyard.core.values.cost_ledger import LedgerKey
from steelyard.core.values.events import RunFinished, SettingsChanged, TargetsChanged
from steelyard.ui.pages.costs_ledger_bar import PERIODS, LedgerBar
from steelyard.ui.pages.costs_ledger_cards import BudgetCard, DaysCard, ForecastCard
from steelyard.ui.pages.costs_ledger_model import LedgerModel
from steelyard.ui.pages.costs_ledger_view import LedgerView
from steelyard.ui.pages.costs_ledger_words import key_figures
from steelyard.ui.pages.latest import Latest
from steelyard.ui.pages.monitor_export import Exporter
from steelyard.ui.widgets.cards import Note
from steelyard.ui.widgets.cost_figure import FigureCard
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from steelyard.core.base.errors import AppError
    from steelyard.core.values.cost_ledger import CostLedger
    from steelyard.core.values.targets import TargetRow
    from steelyard.ui.actions import Actions
    from steelyard.ui.bridge import Bridge
    from steelyard.ui.theme.theme import Theme

_SOON_MS = 1_500
_TYPED_MS = 350
_SIDE_PX = 330
_FIGURES = 5
_EMPTY = "No runs in this period. Each run comes here: from Compare, the command line, the gateway."


class CostsLedger(QWidget):
    """Read when it is shown, and again soon after a run has ended."""

    def __init__(self, theme: Theme, bridge: Bridge, actions: Actions) -> None:
        super().__init__()
        self._bridge = bridge
        self._is_stale = True
        self.ledger: CostLedger | None = None
        self.setAccessibleName("Ledger of costs")
        self.bar = LedgerBar(theme)
        self.error = Note(theme, "bad")
        self.figures = [FigureCard(theme) for _ in range(_FIGURES)]
        self.days = DaysCard(theme)
        self.forecast = ForecastCard(theme)
        self.budget = BudgetCard(theme)
        self.model = LedgerModel(theme.font(11))
        self.view = LedgerView(theme, self.model)
        self.nothing = make_label(theme, "Reading the ledger…", "muted", px=12, wrap=True)
        self.exporter = Exporter(bridge, self)
        self._stack = QStackedWidget()
        self._lay_out()
        self._rows, self._by_day = Latest(bridge, self), Latest(bridge, self)
        self._targets, self._csv = Latest(bridge, self), Latest(bridge, self)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._typed = QTimer(self, singleShot=True, interval=_TYPED_MS)
        self._connect()
        text = "Save the ledger's sums as CSV"
        actions.add("costs.ledger_csv", text, self.save_csv, icon="file-output", page="costs")

    # ---- what can be done ----------------------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """Read the sums, if somebody looks."""
        self._is_stale = not self.isVisible()
        if self._is_stale:
            return
        self._rows.ask(self._command(self._by))
        self._by_day.ask(self._command("day"))

    @Slot()
    def save_csv(self) -> None:
        """Ask for the text, then for a file."""
        since, against = self._since, self.bar.comparator
        self._csv.ask(ExportCostLedger(since=since, by=self._by, comparator=against))

    def focus_first(self) -> None:
        """The period."""
        self.bar.period.button(self.bar.period.value).setFocus()

    # ---- Qt ------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was missed."""
        super().showEvent(event)
        self._targets.ask(ListTargets())
        if self._is_stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """What was asked is no longer wanted."""
        super().hideEvent(event)
        if self._rows.is_busy or self._by_day.is_busy:
            self._is_stale = True
            self._rows.drop()
            self._by_day.drop()

    # ---- inside --------------------------------------------------------------------------------------------

    @property
    def _by(self) -> LedgerKey:
        by: LedgerKey = msgspec.convert(self.bar.group.value, LedgerKey)
        return by

    @property
    def _since(self) -> str | None:
        days = PERIODS[self.bar.period.value]
        return None if days is None else (date.today() - timedelta(days=days - 1)).isoformat()

    def _command(self, by: LedgerKey) -> ReadCostLedger:
        return ReadCostLedger(since=self._since, by=by, comparator=self.bar.comparator)

    def _connect(self) -> None:
        self._rows.answered.connect(self._on_read)
        self._rows.failed.connect(self._on_failed)
        self._by_day.answered.connect(self._on_days)
        self._targets.answered.connect(self._on_targets)
        self._csv.answered.connect(self._on_csv)
        self._csv.failed.connect(self._on_csv_failed)
        self._soon.timeout.connect(self.refresh)
        self._typed.timeout.connect(self.refresh)
        self.bar.chosen.connect(self.refresh)
        self.bar.typed.connect(self._on_typed)
        self.bar.csv.clicked.connect(self.save_csv)
        self._bridge.event_arrived.connect(self._on_event)

    def _lay_out(self) -> None:
        figures = QHBoxLayout()
        figures.setSpacing(8)
        for card in self.figures:
            card.unit.hide()  # none of them has one, and it would take room from the figure
            figures.addWidget(card, 1)
        side = QHBoxLayout()
        side.setSpacing(8)
        side.addWidget(self.days, 4)
        for beside in (self.forecast, self.budget):
            beside.setMaximumWidth(_SIDE_PX)
            side.addWidget(beside, 3)
        self._stack.addWidget(self.view)
        empty = QWidget()
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        QHBoxLayout(empty).addWidget(self.nothing)
        self._stack.addWidget(empty)
        self._stack.setCurrentIndex(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self.error)
        column.addLayout(figures)
        column.addLayout(side, 2)
        column.addWidget(self._table_card(), 5)

    def _table_card(self) -> QFrame:
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 6, 6, 6)
        inside.addWidget(self._stack)
        return card

    @Slot(object)
    def _on_read(self, ledger: CostLedger) -> None:
        self.ledger = ledger
        self.error.show_text("")
        for card, figure in zip(self.figures, key_figures(ledger), strict=True):
            card.show_figure(figure)
        self.forecast.show_forecast(ledger.forecast)
        self.budget.show_budget(ledger.budget)
        self.bar.show_comparator(ledger.comparator)
        self.bar.csv.setEnabled(bool(ledger.rows))
        self.model.show_lines(ledger.rows)
        self.nothing.setText(_EMPTY)
        self._stack.setCurrentIndex(0 if ledger.rows else 1)

    @Slot(object)
    def _on_days(self, ledger: CostLedger) -> None:
        self.days.show_days(ledger, date.today())

    @Slot(object)
    def _on_failed(self, error: AppError) -> None:
        self.error.show_text(error.one_line())
        if self.ledger is None:
            self.nothing.setText("The ledger could not be read.")

    @Slot(object)
    def _on_targets(self, rows: list[TargetRow]) -> None:
        self.bar.offer([row.name for row in rows])

    @Slot(object)
    def _on_csv(self, text: str) -> None:
        name = f"steelyard-costs-{date.today().isoformat()}.csv"
        self.exporter.save("Save the ledger's sums", name, "CSV (*.csv)", text.encode())

    @Slot(object)
    def _on_csv_failed(self, error: AppError) -> None:
        self.error.show_text(error.one_line())

    @Slot()
    def _on_typed(self) -> None:
        self._typed.start()

    @Slot(object)
    def _on_event(self, event: object) -> None:
        if isinstance(event, RunFinished | SettingsChanged | TargetsChanged):
            self._is_stale = True
            if self.isVisible() and not self._soon.isActive():
                self._soon.start()
