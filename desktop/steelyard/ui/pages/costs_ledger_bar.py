"""What the ledger is asked for: period, grouping, comparator; and its way into a CSV file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from steelyard.ui.widgets.buttons import Segmented, make_button
from steelyard.ui.widgets.labels import make_label, name_widget
from steelyard.ui.widgets.servers_field import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.core.values.cost_ledger import LedgerComparator
    from steelyard.ui.theme.theme import Theme

PERIODS: dict[str, int | None] = {"7": 7, "30": 30, "90": 90, "all": None}
"""Days that a period has, today among them."""
_COMPARATOR_PX = 260
_NAME = "What local runs are held against"


class LedgerBar(QWidget):
    """One line above the figures."""

    chosen = Signal()
    """Another period, another grouping."""
    typed = Signal()
    """Another comparator is being typed, or was chosen."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._is_touched = False
        self.period = Segmented(
            theme, "Period", [("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("all", "All")]
        )
        self.period.set_value("30")
        self.group = Segmented(
            theme,
            "Group by",
            [("target", "Target"), ("day", "Day"), ("class", "Class"), ("model", "Model")],
        )
        self.choice = Choice(theme, _NAME, [], is_open=True)
        self.choice.setMaximumWidth(_COMPARATOR_PX)
        line = self.choice.lineEdit()
        assert line is not None
        line.setMaxLength(200)
        line.setPlaceholderText("target, or PROVIDER/MODEL")
        label = make_label(theme, "Local runs against", "muted", px=12)
        label.setBuddy(self.choice)
        self.csv = make_button(theme, "CSV", "ghost", icon="file-output")
        name_widget(self.csv, "Save these sums as a CSV file")
        self.csv.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.period)
        row.addWidget(self.group)
        row.addStretch(1)
        row.addWidget(label)
        row.addWidget(self.choice, 2)
        row.addWidget(self.csv)
        self.period.chosen.connect(self._on_chosen)
        self.group.chosen.connect(self._on_chosen)
        self.choice.picked.connect(self._on_picked)

    @property
    def comparator(self) -> str | None:
        """What the user chose; None: as the settings say."""
        return (self.choice.currentText().strip() or None) if self._is_touched else None

    def offer(self, names: Sequence[str]) -> None:
        """Names of targets to choose from; what is typed stays."""
        text = self.choice.currentText()
        self.choice.set_options([(name, name) for name in names])
        self.choice.setCurrentIndex(-1)
        self.choice.setEditText(text)

    def show_comparator(self, against: LedgerComparator | None) -> None:
        """The one of the settings, until the user has chosen another."""
        if not self._is_touched:
            self.choice.setEditText("" if against is None else against.name)
            line = self.choice.lineEdit()
            if line is not None and not line.hasFocus():
                line.setCursorPosition(0)  # a name is known by its beginning

    @Slot(str)
    def _on_chosen(self, _key: str) -> None:
        self.chosen.emit()

    @Slot(str)
    def _on_picked(self, _text: str) -> None:
        self._is_touched = True
        self.typed.emit()
