"""The thirteen typical mistakes, which of them are made here, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from steelyard.ui.widgets.cards import make_scroll
from steelyard.ui.widgets.compare_popup import Popup
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.core.values.costs import CostCheck
    from steelyard.ui.theme.theme import Theme

_SIZE_PX = (460, 520)
_LOOKS = {
    True: ("circle-check", "good", "passes"),
    False: ("triangle-alert", "warn", "a mistake"),
    None: ("info", "text3", "cannot be told"),
}


class ChecksPopup(Popup):
    """One block a check, the mistakes first."""

    def __init__(self, theme: Theme, parent: QWidget, checks: list[CostCheck]) -> None:
        super().__init__(theme, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Cost checks")
        self.blocks: list[CheckBlock] = []
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        order = {False: 0, None: 1, True: 2}
        for check in sorted(checks, key=lambda check: order[check.state]):
            block = CheckBlock(theme, check)
            self.blocks.append(block)
            column.addWidget(block)
        column.addStretch(1)
        self.column.addWidget(make_label(theme, "Typical mistakes of cost comparisons", px=13, weight=600))
        area = make_scroll(body, "Cost checks")
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        area.setFixedSize(*_SIZE_PX)
        self.column.addWidget(area)
        area.setFocus()


class CheckBlock(QWidget):
    """State, title, what was found, what to do."""

    def __init__(self, theme: Theme, check: CostCheck) -> None:
        super().__init__()
        self.check = check
        icon_name, color, word = _LOOKS[check.state]
        icon = QLabel()
        icon.setPixmap(theme.pixmap(icon_name, color, 16))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        head = QHBoxLayout()
        head.addWidget(make_label(theme, check.title, px=12, weight=600), 1)
        head.addWidget(make_label(theme, word, "muted", px=11))
        column.addLayout(head)
        column.addWidget(make_label(theme, check.detail, "prose", px=12, wrap=True))
        if check.remedy and check.state is not True:
            column.addWidget(make_label(theme, check.remedy, "accent", px=12, wrap=True))
        row.addLayout(column, 1)
        self.setAccessibleName(f"{check.title}: {word}. {check.detail} {check.remedy}".strip())
