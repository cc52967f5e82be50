"""Under the figures of a column: what it costs now, a thousand times, and in a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy

from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.facts_format import DASH
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_LINES = 2
_HEIGHT_PX, _LINE_HEIGHT_PX = 70, 34


@dataclass(frozen=True)
class CostLine:
    """One way to count; `why` says what is unknown or noteworthy."""

    name: str
    now: str
    per_1000: str
    month: str
    why: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """As the table shows it."""
        return self.name, self.now, self.per_1000, self.month


@dataclass(frozen=True)
class Costs:
    """The table; `settings` names the section where something that is missing is set."""

    lines: list[CostLine]
    per_month: int | None
    settings: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing of what is to come is known."""
        return all(line.per_1000 == line.month == DASH for line in self.lines)


class CostTable(QFrame):
    """Three lines; one with the reason where nothing is known. Who shows several keeps them level."""

    settings_wanted = Signal(str)
    """A section of Settings."""
    volume_wanted = Signal(object)
    """The user wants to say how many prompts a month has; carries the button."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._costs: Costs | None = None
        self._cells: list[list[QLabel]] = []
        self.setProperty("role", "footer")
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.volume_button = make_button(theme, "Per month…", "link")
        self.settings_button = make_button(
            theme, "Settings…", "link", tooltip="Set what is missing for the costs"
        )
        for button in (self.volume_button, self.settings_button):
            button.setFont(theme.font(11, 500))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(16, 6, 12, 6)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(1)
        for column in range(4):
            self._grid.setColumnStretch(column, 1)
            self._grid.setColumnMinimumWidth(column, 0)
        self._reason = ElidedLabel(theme, "", "muted", px=12, cut=Qt.TextElideMode.ElideRight)
        self._titles: list[QLabel] = []
        self._fill(theme)
        self.volume_button.clicked.connect(self._on_volume)
        self.settings_button.clicked.connect(self._on_settings)
        self.settings_button.hide()

    @property
    def costs(self) -> Costs | None:
        """What is shown."""
        return self._costs

    def show_outlook(self, costs: Costs) -> None:
        """Show other figures; equal ones cost nothing."""
        if costs == self._costs:
            return
        self._costs = costs
        for at, labels in enumerate(self._cells):
            line = costs.lines[at] if at < len(costs.lines) else CostLine("", "", "", "")
            for label, text in zip(labels, line.cells, strict=True):
                label.setText(text)
                label.setToolTip(plain_tooltip(line.why or text))
        self._show_reason(costs)
        volume = "Per month…" if costs.per_month is None else f"{_volume(costs.per_month)} a month"
        self.volume_button.setText(volume)
        name_widget(self.volume_button, volume, "Prompts like this one that you expect in a month: change it")
        self.settings_button.setVisible(bool(costs.settings))
        spoken = "; ".join(" ".join((*line.cells, line.why)) for line in costs.lines)
        self.setAccessibleName(f"Cost now, for a thousand, in a month: {spoken}")

    @property
    def wants_line(self) -> bool:
        """Whether one line says all that is known."""
        return self._costs is not None and self._costs.is_empty

    def set_line(self, *, is_line: bool) -> None:
        """One line high, or as high as the table."""
        self.setFixedHeight(_LINE_HEIGHT_PX if is_line else _HEIGHT_PX)

    @property
    def reason(self) -> str:
        """What stands there instead of the table; empty while the table does."""
        return "" if self._reason.isHidden() else self._reason.text()

    def _show_reason(self, costs: Costs) -> None:
        """One line says why there is no table."""
        is_empty = costs.is_empty
        self._reason.setText(f"Cost to come: {costs.lines[0].why}" if is_empty and costs.lines else "")
        self._reason.setVisible(is_empty)
        first = 1 if costs.settings else 0
        self._grid.removeWidget(self._reason)
        self._grid.addWidget(self._reason, 0, first, 1, 4 - first)
        for widget in (*self._titles, self.volume_button, *(cell for row in self._cells for cell in row)):
            widget.setVisible(not is_empty)

    def _fill(self, theme: Theme) -> None:
        left = Qt.AlignmentFlag.AlignLeft
        for column, text in ((1, "Cost now"), (2, "Per 1,000")):
            self._titles.append(make_label(theme, text, "muted", px=11))
            self._grid.addWidget(self._titles[-1], 0, column)
        self._grid.addWidget(self._reason, 0, 1, 1, 3)
        self._reason.hide()
        self._grid.addWidget(self.settings_button, 0, 0, left)
        self._grid.addWidget(self.volume_button, 0, 3, left)
        for row in range(_LINES):
            labels = [make_label(theme, "", "muted", px=11)]
            labels += [make_label(theme, "", px=12, weight=600, tabular=True) for _ in range(3)]
            for column, label in enumerate(labels):
                label.setMinimumWidth(1)
                self._grid.addWidget(label, row + 1, column)
            self._cells.append(labels)

    @Slot()
    def _on_volume(self) -> None:
        self.volume_wanted.emit(self.volume_button)

    @Slot()
    def _on_settings(self) -> None:
        if self._costs is not None and self._costs.settings:
            self.settings_wanted.emit(self._costs.settings)


def _volume(prompts: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if prompts >= size:
            value = prompts / (size if letter != "k" else 1000)
            return f"{value:,.3g}{letter}"
    return f"{prompts:,}"
