"""What the Models page puts into the top bar: its three tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

TABS = (("discover", "Discover"), ("library", "My models"), ("places", "Import folders"))
_HEIGHT_PX = 47
_PAD_PX = 12


class TabButton(QAbstractButton):
    """A word, a count, and a brass line below the one that is shown."""

    def __init__(self, theme: Theme, text: str) -> None:
        super().__init__()
        self._theme = theme
        self._count = ""
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_count(self, count: int) -> None:
        """Show how much there is; 0 shows nothing."""
        text = f"{count:,}" if count else ""
        if text != self._count:
            self._count = text
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as word and count."""
        return QSize(2 * _PAD_PX + self._text_px() + self._count_px(), _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Word, count, line, focus."""
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_shown = self.isChecked()
        painter.setFont(theme.font(13, 500))
        painter.setPen(theme.color("text" if is_shown or self.underMouse() else "text2"))
        area = QRect(_PAD_PX, 0, self.width(), self.height() - 2)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setFont(theme.font(11, tabular=True))
        painter.setPen(theme.color("text3"))
        beside = area.translated(self._text_px() + 8, 0)
        painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, self._count)
        if is_shown:
            painter.fillRect(0, self.height() - 2, self.width(), 2, theme.color("accent"))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 8, -1, -8), 6, 6)

    def _text_px(self) -> int:
        return QFontMetrics(self._theme.font(13, 500)).horizontalAdvance(self.text())

    def _count_px(self) -> int:
        font = self._theme.font(11, tabular=True)
        return QFontMetrics(font).horizontalAdvance(self._count) + 8 if self._count else 0


class ModelsTitle(QWidget):
    """Discover, My models, Import folders; arrow keys move between them."""

    tab_wanted = Signal(str)
    """The user chose the tab with this key."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.buttons: dict[str, TabButton] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for at, (key, text) in enumerate(TABS):
            button = self.buttons[key] = TabButton(theme, text)
            name_widget(button, text, f"{text} (Alt+{at + 1})")
            self._group.addButton(button, at)
            row.addWidget(button)
        row.addStretch(1)
        self.buttons["discover"].setChecked(True)
        self._let_one_be_tabbed_to("discover")
        self._group.idToggled.connect(self._on_toggled)

    def show_tab(self, key: str) -> None:
        """Mark a tab as shown."""
        self.buttons[key].setChecked(True)

    def _let_one_be_tabbed_to(self, key: str) -> None:
        """As in every group of its kind: Tab reaches the one that is shown, arrows the others."""
        for name, button in self.buttons.items():
            is_shown = name == key
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_shown else Qt.FocusPolicy.ClickFocus)

    def show_counts(self, weights: int, places: int) -> None:
        """Show how much the tabs have."""
        self.buttons["library"].show_count(weights)
        self.buttons["places"].show_count(places)

    @Slot(int, bool)
    def _on_toggled(self, at: int, is_on: bool) -> None:
        if is_on:
            self._let_one_be_tabbed_to(TABS[at][0])
            self.tab_wanted.emit(TABS[at][0])
