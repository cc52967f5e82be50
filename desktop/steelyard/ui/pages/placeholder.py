"""Pages that are not built yet: they say so, and what will be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

SENTENCES = {
    "evaluate": "Run a suite of prompts over several targets and read pass rates with their "
    "confidence intervals.",
    "gateway": "One local endpoint for your apps, with routing rules that fail closed and can be replayed "
    "before they count.",
    "privacy": "What left this machine, for which host, and a tested lock that lets nothing leave.",
}


class PlaceholderPage(QWidget):
    """An honest empty page."""

    def __init__(self, theme: Theme, name: str, title: str, icon: str) -> None:
        super().__init__()
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(title)
        view = EmptyView(theme, icon, title, SENTENCES[name])
        view.add_action(make_label(theme, "Not built yet in this version", "pill", px=12, weight=500))
        column = QVBoxLayout(self)
        column.addWidget(view)
