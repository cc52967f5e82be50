"""What stands over the pages while the engine ends its servers: the only wait that cannot be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class ClosingView(QWidget):
    """Says what the window waits for before it closes."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        logo = QLabel()
        logo.setPixmap(theme.logo(64))
        self._title = make_label(theme, "", px=20, weight=600)
        self._hint = make_label(
            theme, "What was answered so far is kept. Servers get a moment to end by themselves.", "prose"
        )
        busy = QProgressBar()
        busy.setRange(0, 0)
        busy.setTextVisible(False)
        busy.setFixedWidth(240)
        busy.setAccessibleName("Closing")
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addStretch(1)
        for widget in (logo, self._title, self._hint, busy):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)

    @property
    def text(self) -> str:
        """What the title says."""
        return self._title.text()

    def show_servers(self, count: int) -> None:
        """Count what is still to be stopped."""
        word = "server" if count == 1 else "servers"
        waits = f"stopping {count} {word}" if count else "saving the last things"
        self._title.setText(f"Closing: {waits}")
        self.setAccessibleName(self._title.text())
