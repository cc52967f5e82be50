"""Which figures of a run cannot be compared: every reason, and one click that does something about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_metric_words import metric_words
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.comparison import NotComparable
    from steelyard.ui.theme.theme import Theme

_MOST_PX, _LEAST_PX = 108, 46
_SIDE_PX = 26
_BAR_PX = 10


class NotComparableBanner(QFrame):
    """One row for each reason; more than fit scroll, none is left out."""

    remedy_chosen = Signal(object)
    """The user wants the remedy of this `NotComparable`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries: list[NotComparable] = []
        self.rows: list[ReasonRow] = []
        self._most_px = _MOST_PX
        set_role(self, "banner-warn")
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(16, 4, 10, 4)
        self._column.setSpacing(2)
        self._area = QScrollArea()
        self._area.setWidget(self._inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setAccessibleName("Figures that cannot be compared")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._area)
        self.hide()

    def show_entries(self, entries: list[NotComparable]) -> None:
        """Show these reasons; none hides the banner."""
        if entries == self._entries:
            return
        self._entries = entries
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [ReasonRow(self._theme, entry, is_first=not at) for at, entry in enumerate(entries)]
        for row in self.rows:
            self._column.addWidget(row)
            row.remedy_chosen.connect(self.remedy_chosen)
        self.setAccessibleName("Not comparable: " + "; ".join(row.text for row in self.rows))
        self.setVisible(bool(entries))
        self._fit()

    @property
    def text(self) -> str:
        """Every reason that is shown."""
        return "" if self.isHidden() else "\n".join(row.text for row in self.rows)

    def set_most(self, height_px: int) -> None:
        """How high it may be; more reasons scroll."""
        self._most_px = max(_LEAST_PX, min(_MOST_PX, height_px))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow rows are higher."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.width() - _SIDE_PX - _BAR_PX
        height = sum(row.height_at(width) + 2 for row in self.rows) + 8
        is_cut = height > self._most_px
        self.setFixedHeight(min(self._most_px, height))
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if is_cut else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self._area.setVerticalScrollBarPolicy(policy)


class ReasonRow(QWidget):
    """The figures, the reason, the remedy."""

    remedy_chosen = Signal(object)
    """Carries the `NotComparable`."""

    def __init__(self, theme: Theme, entry: NotComparable, *, is_first: bool) -> None:
        super().__init__()
        self._theme = theme
        self._entry = entry
        self._is_below = False
        self._icon = QLabel()
        self._icon.setFixedSize(16, 20)
        self._what = ElidedLabel(theme, metric_words(entry.metrics), "warn", px=12, weight=600)
        self._what.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._why = make_label(theme, _reason(entry), "prose", px=12, wrap=True)
        self.button = make_button(theme, entry.remedy or "", "link")
        if is_first:
            self._icon.setPixmap(theme.pixmap("triangle-alert", "warn", 16))
        tooltip = f"Not comparable: {self._what.text()}. {entry.detail}"
        self.setToolTip(plain_tooltip(tooltip))
        self.button.setToolTip(plain_tooltip(f"{entry.remedy}: {entry.detail}"))
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(2, 1)
        top = Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(self._icon, 0, 0, top)
        self._grid.addWidget(self._what, 0, 1, top)
        self._grid.addWidget(self._why, 0, 2, top)
        self._grid.addWidget(self.button, 0, 3, top)
        self.button.setVisible(bool(entry.remedy))  # not before it stands in the row: it would be a window
        self.button.clicked.connect(self._on_clicked)
        self._what.setMinimumHeight(20)
        self._why.setMinimumHeight(20)

    @property
    def text(self) -> str:
        """What it says."""
        return f"{self._what.text()}: {self._why.text()}"

    def height_at(self, width: int) -> int:
        """How high it is where it is so wide."""
        self._place(width)
        if self._is_below:
            return 22 + self._why.heightForWidth(max(40, width - 24))
        return 22

    def _place(self, width: int) -> None:
        """The reason takes a line of its own where it does not fit beside."""
        taken = 24 + self._what.sizeHint().width() + 16
        if not self.button.isHidden():
            taken += self.button.sizeHint().width() + 8
        is_below = self._why.fontMetrics().horizontalAdvance(self._why.text()) + taken > width
        if is_below != self._is_below:
            self._is_below = is_below
            self._grid.removeWidget(self._why)
            self._grid.addWidget(self._why, *((1, 1, 1, 3) if is_below else (0, 2, 1, 1)))

    @Slot()
    def _on_clicked(self) -> None:
        self.remedy_chosen.emit(self._entry)


def _reason(entry: NotComparable) -> str:
    """The reason; what it says of the other columns is in the tooltip, unless that is the point."""
    detail = entry.detail if entry.code == "tokenizer_differs" else entry.detail.partition(";")[0]
    return detail[:1].upper() + detail[1:]
