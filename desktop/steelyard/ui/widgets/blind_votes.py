"""The four answers to the one question: which is better?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

if TYPE_CHECKING:
    from steelyard.core.values.ballots import Choice
    from steelyard.ui.theme.theme import Theme

CHOICES: tuple[tuple[Choice, str, str, str, int], ...] = (
    ("a", "A is better", "arrow-left", "1", 3),
    ("tie", "Tie", "equal", "2", 2),
    ("both_bad", "Both bad", "thumbs-down", "3", 2),
    ("b", "B is better", "arrow-right", "4", 3),
)
"""Choice, words, icon, key and share of the width."""
_ICON_PX = 20
_GAP_PX = 10
_CAP_PX = 18


class VoteButton(QPushButton):
    """Icon, words and the key, in the middle of a high button."""

    def __init__(self, theme: Theme, words: str, icon: str, key: str) -> None:
        super().__init__()
        self._theme = theme
        self._words, self._icon_name, self._key = words, icon, key
        self.setProperty("role", "secondary")
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(words)
        self.setToolTip(f"{words} ({key})")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Words, icon and key side by side."""
        return QSize(round(self._content_px()) + 32, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Never cut."""
        return QSize(round(self._content_px()) + 16, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """The style paints the button, this the content."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, is_on = self._theme, self.isEnabled()
        x, middle = (self.width() - self._content_px()) / 2, self.height() / 2
        pixmap = theme.pixmap(self._icon_name, "text2" if is_on else "ctl", _ICON_PX)
        painter.drawPixmap(QPointF(x, middle - _ICON_PX / 2), pixmap)
        x += _ICON_PX + _GAP_PX
        metrics = QFontMetricsF(theme.font(15, 600))
        painter.setFont(theme.font(15, 600))
        painter.setPen(theme.color("text" if is_on else "ctl"))
        painter.drawText(QPointF(x, middle + metrics.capHeight() / 2), self._words)
        self._paint_cap(painter, x + metrics.horizontalAdvance(self._words) + _GAP_PX, middle)

    def _paint_cap(self, painter: QPainter, x: float, middle: float) -> None:
        cap = QRectF(x, middle - _CAP_PX / 2 - 1, _CAP_PX, _CAP_PX + 2)
        painter.setPen(self._theme.color("line2"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(cap.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(self._theme.font(12, 500))
        painter.setPen(self._theme.color("text3" if self.isEnabled() else "ctl"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._key)

    def _content_px(self) -> float:
        words = QFontMetricsF(self._theme.font(15, 600)).horizontalAdvance(self._words)
        return _ICON_PX + _GAP_PX + words + _GAP_PX + _CAP_PX


class VoteBar(QWidget):
    """A, tie, both bad, B."""

    chosen = Signal(str)
    """A `Choice`."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName("Your vote")
        self.buttons: dict[str, VoteButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for choice, words, icon, key, share in CHOICES:
            button = self.buttons[choice] = VoteButton(theme, words, icon, key)
            button.setObjectName(choice)
            button.clicked.connect(self._on_clicked)
            row.addWidget(button, share)
        self.set_compact(is_compact=False)

    def set_compact(self, *, is_compact: bool) -> None:
        """How high the buttons are."""
        for button in self.buttons.values():
            button.setFixedHeight(40 if is_compact else 48)

    def set_open(self, *, is_open: bool) -> None:
        """Whether a vote can be given now."""
        for button in self.buttons.values():
            button.setEnabled(is_open)

    @Slot()
    def _on_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.chosen.emit(button.objectName())
