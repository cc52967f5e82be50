"""Chips and icons as widgets: the same look as the painted ones of the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.models_paint import CHIP_PX, Chip, chip_width, draw_chip

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_HEIGHT_PX = CHIP_PX + 2


class Badge(QWidget):
    """Icon and word in a frame; hidden while it has no text."""

    def __init__(self, theme: Theme, text: str = "", tone: str = "", icon: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._chip = Chip("")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.show_chip(Chip(text, tone, icon))

    @property
    def text(self) -> str:
        """What a reader sees."""
        return self._chip.text

    @property
    def tone(self) -> str:
        """The status that it is coloured by."""
        return self._chip.tone

    def show_chip(self, chip: Chip, tooltip: str = "") -> None:
        """Show another one."""
        self._chip = chip
        self.setAccessibleName(chip.text)
        self.setToolTip(plain_tooltip(tooltip))
        if not chip.text or self.parentWidget() is not None:  # without a parent it would be a window
            self.setVisible(bool(chip.text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        return QSize(round(chip_width(self._chip)) + 1, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """A long word may be cut."""
        return QSize(min(90, self.sizeHint().width()), _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The chip."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_chip(painter, self._theme, 0, self.height() / 2, self._chip, self.width())


class IconLabel(QLabel):
    """An icon that follows the theme."""

    def __init__(self, theme: Theme, icon: str, color: str = "text2", size: int = 16) -> None:
        super().__init__()
        self._theme = theme
        self._look = (icon, color, size)
        theme.changed.connect(self._show)
        self._show()

    def show_icon(self, icon: str, color: str) -> None:
        """Show another one of the same size."""
        self._look = (icon, color, self._look[2])
        self._show()

    def _show(self) -> None:
        self.setPixmap(self._theme.pixmap(*self._look))
