"""Beside the ledger: the next month as a forecast, this month against its cap, money by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_ledger_words import budget_words, forecast_lines, forecast_note
from steelyard.ui.widgets.cost_days import LOCAL_COLOR, PAID_COLOR, DayBar, DayBars
from steelyard.ui.widgets.labels import make_label
from steelyard.ui.widgets.servers_slots import ColorDot

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.core.values.cost_ledger import Budget, CostLedger, Forecast, LedgerRow
    from steelyard.ui.theme.theme import Theme

_MOST_DAYS = 365
_BAR_PX = 8
_WARN_SHARE = 0.8


def _make_card(name: str) -> tuple[QFrame, QVBoxLayout]:
    card = QFrame()
    card.setProperty("role", "card")
    card.setAccessibleName(name)
    column = QVBoxLayout(card)
    column.setContentsMargins(14, 10, 14, 10)
    column.setSpacing(5)
    return card, column


class ForecastCard(QWidget):
    """Two bands, or how many days are missing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        card, column = _make_card("Forecast")
        column.addWidget(make_label(theme, "Next month, forecast", weight=600))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self.names = [make_label(theme, "", "muted", px=12) for _ in range(2)]
        self.values = [make_label(theme, "", px=13, weight=600, tabular=True) for _ in range(2)]
        for at, (name, value) in enumerate(zip(self.names, self.values, strict=True)):
            self._grid.addWidget(name, at, 0)
            self._grid.addWidget(value, at, 1)
        self.note = make_label(theme, "", "muted", px=11, wrap=True)
        column.addLayout(self._grid)
        column.addWidget(self.note)
        column.addStretch(1)
        _fill(self, card)

    def show_forecast(self, forecast: Forecast) -> None:
        """Show another one."""
        lines = forecast_lines(forecast)
        for at, (name, value) in enumerate(zip(self.names, self.values, strict=True)):
            name.setText(lines[at][0] if lines else "")
            value.setText(lines[at][1] if lines else "")
            name.setVisible(bool(lines))
            value.setVisible(bool(lines))
        self.note.setText(forecast_note(forecast))


class BudgetCard(QWidget):
    """What the calendar month has cost, against its cap."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        card, column = _make_card("Budget")
        column.addWidget(make_label(theme, "This month's budget", weight=600))
        self.figure = make_label(theme, "", px=16, weight=600, tabular=True)
        self.bar = _ShareBar(theme)
        self.note = make_label(theme, "", "muted", px=11, wrap=True)
        for widget in (self.figure, self.bar, self.note):
            column.addWidget(widget)
        column.addStretch(1)
        _fill(self, card)

    def show_budget(self, budget: Budget) -> None:
        """Show another one."""
        figure, note = budget_words(budget)
        self.figure.setText(figure)
        self.note.setText(note)
        self.bar.show_share(budget.share)


class DaysCard(QWidget):
    """Money by day; a day without runs has no bar."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        card, column = _make_card("Money by day")
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(make_label(theme, "By day", weight=600))
        head.addStretch(1)
        self.local_name = make_label(theme, "", "muted", px=11)
        for color, label in (
            (PAID_COLOR, make_label(theme, "paid to APIs", "muted", px=11)),
            (LOCAL_COLOR, self.local_name),
        ):
            dot = ColorDot(theme)
            dot.show_color(color)
            head.addWidget(dot)
            head.addWidget(label)
        self.bars = DayBars(theme)
        column.addLayout(head)
        column.addWidget(self.bars, 1)
        _fill(self, card)

    def show_days(self, ledger: CostLedger, today: date) -> None:
        """Show another period; `ledger` is grouped by day."""
        is_full = bool(ledger.rows) and all(
            row.local_runs == 0 or row.local_without_full_runs == 0 for row in ledger.rows
        )
        self.local_name.setText("local, all-in" if is_full else "local electricity")
        self.bars.show_bars(_bars(ledger.rows, today, is_full=is_full))


def _bars(rows: list[LedgerRow], today: date, *, is_full: bool) -> list[DayBar]:
    known = {row.key: row for row in rows if row.key}
    if not known:
        return []
    first = max(date.fromisoformat(min(known)), today - timedelta(days=_MOST_DAYS - 1))
    count = max(1, (today - first).days + 1)
    days = [(first + timedelta(days=at)).isoformat() for at in range(count)]
    return [_bar(day, known.get(day), is_full=is_full) for day in days]


def _bar(day: str, row: LedgerRow | None, *, is_full: bool) -> DayBar:
    if row is None:
        return DayBar(day, None, None)
    local = row.local_full_usd if is_full else row.local_marginal_usd
    return DayBar(day, _float(row.api_usd), _float(local))


def _float(amount: str | None) -> float | None:
    return None if amount is None else float(amount)


class _ShareBar(QWidget):
    """How much of the cap is used; hidden where there is none."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._share: float | None = None
        self.setFixedHeight(_BAR_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Share of the cap that is used")
        theme.changed.connect(self.update)

    def show_share(self, share: float | None) -> None:
        self._share = share
        self.setVisible(share is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect())
        share = self._share or 0.0
        color = "bad" if share >= 1 else "warn" if share >= _WARN_SHARE else "good"
        painter.setPen(self._theme.color("line"))
        painter.setBrush(self._theme.color("sunken"))
        painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        area.setWidth(area.width() * min(1.0, share))
        painter.setPen(self._theme.color(color))
        painter.setBrush(self._theme.color(color))
        if share > 0:
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


def _fill(widget: QWidget, card: QFrame) -> None:
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(card)
