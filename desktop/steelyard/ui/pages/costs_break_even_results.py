"""The right side of the break-even tab: key figures, chart, table, what moves the saving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from steelyard.ui.pages.costs_break_even_words import KINDS, NO_SUITE, against_of, bars_of, key_figures
from steelyard.ui.pages.costs_table import VolumeTable, footnote, lines_of
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import Segmented, make_icon_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.cost_chart import CostChart
from steelyard.ui.widgets.cost_figure import FigureCard
from steelyard.ui.widgets.cost_format import percent
from steelyard.ui.widgets.cost_picture import picture_of, short_name
from steelyard.ui.widgets.cost_tornado import Tornado
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.costs import AgainstApi, CostAnalysis, CostScenario
    from steelyard.ui.theme.theme import Theme

_NARROW_BELOW_PX = 860
_CHART_PX = 348
_CHOICE_PX = 150
_STALE = "These figures are of the last valid inputs."


class Results(QWidget):
    """Shows one analysis against one of its comparators."""

    copy_wanted = Signal()
    """The table is to be copied."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.analysis: CostAnalysis | None = None
        self.is_stale = False
        self._scenario: CostScenario | None = None
        self._volume_from = ""
        self.cards = [FigureCard(theme) for _ in range(4)]
        self.switch = Segmented(theme, "Compare with", KINDS)
        self.chart = CostChart(theme)
        self.chart_note = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self.table = VolumeTable(theme)
        self.table_note = make_label(theme, "", "muted", px=11, wrap=True)
        self.copy = make_icon_button(theme, "copy", "Copy the table")
        self.tornado = Tornado(theme)
        self.tornado_note = make_label(theme, "", "muted", px=12, wrap=True)
        self._grid = QGridLayout()
        self._below = QGridLayout()
        self._lay_out(theme)
        self.switch.chosen.connect(self._on_chosen)
        self.copy.clicked.connect(self.copy_wanted)

    @property
    def chosen(self) -> AgainstApi | None:
        """The comparator that the chart and the table are of."""
        if self.analysis is None:
            return None
        return against_of(self.analysis, self.switch.value) or against_of(self.analysis, "configured")

    @property
    def second(self) -> AgainstApi | None:
        """The other API that is shown beside it, where it has a price."""
        if self.analysis is None:
            return None
        order = ("configured", "hosted", "passing")
        others = [against_of(self.analysis, kind) for kind in order if kind != self.switch.value]
        known = [one for one in others if one is not None and one.break_even is not None]
        return known[0] if known else None

    def show_analysis(self, analysis: CostAnalysis, scenario: CostScenario, volume_from: str) -> None:
        """Show figures; `volume_from` says where the volume is from, such as `from the ledger`."""
        self.analysis, self._scenario, self._volume_from = analysis, scenario, volume_from
        self._show_switch()
        self._show()
        self.set_stale(is_stale=False)

    def set_stale(self, *, is_stale: bool) -> None:
        """Dim the last good figures, or show that they are those of the inputs."""
        self.is_stale = is_stale
        for widget in (self.chart, self.tornado):
            widget.set_faint(is_faint=is_stale)
        for widget in (*self.cards, self.table):
            widget.setEnabled(not is_stale)
        for card in self.cards:
            card.set_faint(is_faint=is_stale)
        self._show_chart_note()

    def choose(self, kind: str) -> None:
        """Compare with another API, if its price is known."""
        if self.switch.button(kind).isEnabled():
            self.switch.set_value(kind)
            self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Two by two where it is narrow."""
        super().resizeEvent(event)
        self._arrange()

    # ---- parts ---------------------------------------------------------------------------------------------

    @Slot(str)
    def _on_chosen(self, _kind: str) -> None:
        self._show()

    def _show_switch(self) -> None:
        assert self.analysis is not None
        for kind, title in KINDS:
            against = against_of(self.analysis, kind)
            button = self.switch.button(kind)
            is_known = against is not None and against.comparator.price_in is not None
            button.setEnabled(is_known or kind == "configured")
            why = against.comparator.unknown if against is not None else ""
            why = why or (NO_SUITE if kind == "passing" else "")
            name = against.comparator.name if against is not None and is_known else ""
            button.setToolTip(f"{title}: {name}" if name else f"{title}. {why}")
            button.setAccessibleDescription(name or why)
            if kind != "passing" and name:
                self._name_choice(kind, short_name(name) if kind == "configured" else title)
        if not self.switch.button(self.switch.value).isEnabled():
            self.switch.set_value("configured")

    def _name_choice(self, kind: str, text: str) -> None:
        button = self.switch.button(kind)
        if isinstance(button, QPushButton):
            button.setText(button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _CHOICE_PX))
            button.setAccessibleName(f"Compare with: {text}")

    def _show(self) -> None:
        chosen, second = self.chosen, self.second
        if self.analysis is None or chosen is None:
            return
        kind = "hosted" if self.switch.value == "configured" else "configured"
        beside = second or against_of(self.analysis, kind)
        for card, figure in zip(self.cards, key_figures(self.analysis, chosen, beside), strict=True):
            card.show_figure(figure)
        picture = picture_of(self.analysis, chosen, self._volume_from)
        self.chart.show_picture(picture, "Self-host", chosen.comparator.unknown)
        self._show_chart_note()
        name = short_name(chosen.comparator.name)
        second_name = short_name(second.comparator.name) if second is not None else ""
        self.table.show_volumes(lines_of(self.analysis, chosen, second), name, second_name)
        band = float(self._scenario.tie_band) if self._scenario is not None else 0.1
        self.table_note.setText(footnote(band, second_name))
        self._show_tornado(chosen, name)
        self._table_card.setVisible(bool(self.table.lines.lines))
        self._tornado_card.setVisible(bool(self.table.lines.lines))

    def _show_chart_note(self) -> None:
        if self.analysis is None:
            return
        mix = self.analysis.tco.mix
        parts = [f"{mix} input to output." if mix else ""]
        share = self._scenario.local_share if self._scenario is not None else None
        chosen = self.chosen
        if share is not None and chosen is not None:
            name = short_name(chosen.comparator.name)
            parts.append(f"Hybrid sends {percent(1 - share)} to {name}.")
        if chosen is not None and chosen.uncertainty is not None and chosen.uncertainty.curve:
            parts.append("Shaded: P10 to P90.")
        crossings = chosen.curve.crossings if chosen is not None and chosen.curve is not None else []
        if len(crossings) > 1:
            parts.insert(0, f"{len(crossings)} crossings.")
        set_role(self.chart_note, "warn" if self.is_stale else "muted")
        self.chart_note.setText(_STALE if self.is_stale else " ".join(part for part in parts if part))

    def _show_tornado(self, chosen: AgainstApi, name: str) -> None:
        known = chosen.sensitivity
        bars = bars_of(known) if known is not None else ()
        self.tornado.setVisible(bool(bars))
        self.tornado_note.setVisible(not bars)
        if known is not None and bars:
            caption = f"Saving against {name}, US$ per month; the line is the saving as it stands"
            self.tornado.show_bars(bars, float(known.base_usd_month), caption)
        else:
            self.tornado_note.setText("Needs a volume, a mix and a price: type them at the left.")

    def _arrange(self) -> None:
        is_narrow = self.width() < _NARROW_BELOW_PX
        columns = 2 if is_narrow else 4
        for at, card in enumerate(self.cards):
            self._grid.addWidget(card, at // columns, at % columns)
        for column in range(4):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._below.addWidget(self._table_card, 0, 0)
        self._below.addWidget(self._tornado_card, 1 if is_narrow else 0, 0 if is_narrow else 1)
        self._below.setColumnStretch(1, 0 if is_narrow else 1)

    def _lay_out(self, theme: Theme) -> None:
        for grid in (self._grid, self._below):
            grid.setContentsMargins(0, 0, 0, 0)
            grid.setSpacing(8)
        self._below.setColumnStretch(0, 1)
        chart = Card(theme, "Cost per month")
        chart.column.setContentsMargins(16, 10, 12, 8)
        chart.column.setSpacing(6)
        chart.head.insertWidget(1, self.chart_note, 1)
        chart.head.setStretch(2, 0)
        chart.head.addWidget(self.switch)
        chart.column.addWidget(self.chart, 1)
        chart.setMinimumHeight(_CHART_PX)
        self._table_card = self._titled(theme, "10 M to 10 B tokens", "US$ per month", self.copy)
        self._table_card.column.addWidget(self.table)
        self._table_card.column.addWidget(self.table_note)
        self._table_card.column.addStretch(1)
        self._tornado_card = self._titled(theme, "What moves the saving", "one input at a time", None)
        self._tornado_card.column.addWidget(self.tornado, 1)
        self._tornado_card.column.addWidget(self.tornado_note)
        self._tornado_card.column.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        column.addLayout(self._grid)
        column.addWidget(chart, 1)
        column.addLayout(self._below)
        self._arrange()

    @staticmethod
    def _titled(theme: Theme, title: str, hint: str, button: QWidget | None) -> Card:
        card = Card(theme)
        card.column.setContentsMargins(16, 10, 14, 10)
        card.column.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(make_label(theme, title, weight=600))
        head.addWidget(make_label(theme, hint, "muted", px=12))
        head.addStretch(1)
        if button is not None:
            head.addWidget(button)
        card.column.addLayout(head)
        return card
