"""What the Compare page puts into the top bar: the comparison's title, the history, a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from steelyard.ui.pages.compare_prompt_bar import local_time
from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.compare_picker import PickRow, SearchPopup
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.core.values.comparison import ComparisonRow
    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_NEW = "New comparison"


class CompareTitle(QWidget):
    """A drop-down of stored comparisons that shows the present one's title."""

    history_wanted = Signal()
    """The list is about to open: it should be read."""
    comparison_chosen = Signal(str)
    """Id of a stored comparison."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._title = _NEW
        self.button = QToolButton()
        self.button.setProperty("role", "ghost")
        self.button.setFont(theme.font(13, 500))
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.bind_icon(self.button, "chevron-down", "text3", 14)
        actions.describe("compare.history", self.button)
        self._turns = make_label(theme, "", "muted", px=12)
        self.new_button = make_icon_button(theme, "plus", _NEW)
        actions.describe("compare.new", self.new_button)
        self.popup = SearchPopup(theme, self, "Stored comparisons", "Search prompts and targets…", 520)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.button)
        row.addWidget(self._turns)
        row.addWidget(self.new_button)
        row.addStretch(1)
        self.button.clicked.connect(self.open_history)
        self.popup.chosen.connect(self.comparison_chosen)

    def show_title(self, title: str, turns: int) -> None:
        """Title of the comparison on the screen; empty for a new one."""
        self._title = " ".join(title.split()) or _NEW
        self._turns.setText(f"{turns} turns" if turns > 1 else "")
        self._fit()

    @property
    def text(self) -> str:
        """The whole title."""
        return self._title

    def show_history(self, rows: list[ComparisonRow]) -> None:
        """Fill the list."""
        self.popup.set_rows([_pick_row(row) for row in rows] or [_NOTHING])

    @Slot()
    def open_history(self) -> None:
        """Show the list under the title."""
        self.history_wanted.emit()
        self.popup.open_at(self.button)
        self.popup.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title takes what room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(80, self.width() - 150)
        shown = self.button.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, min(room, 420))
        self.button.setText(shown)
        self.button.setAccessibleDescription(self._title)
        if self._title != _NEW:
            self.button.setToolTip(plain_tooltip(f"{self._title}\n\nShow stored comparisons"))


_NOTHING = PickRow("", "No comparison is stored yet", is_enabled=False, is_pinned=True)


def _pick_row(row: ComparisonRow) -> PickRow:
    turns = f" · {row.turns} turns" if row.turns > 1 else ""
    return PickRow(
        key=row.id,
        title=row.title or "(empty prompt)",
        subtitle=", ".join(row.targets) + turns,
        right=local_time(row.started_at, with_day=True),
    )
