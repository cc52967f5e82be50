"""A check box in the colours of the design: the style's own frame is too faint on dark surfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QCheckBox

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_BOX_PX, _GAP_PX, _PAD_PX, _CHECK_PX = 16, 8, 4, 12


class CheckBox(QCheckBox):
    """A frame, a check in brass, a ring while it has the keyboard."""

    def __init__(self, theme: Theme, text: str, *, weight: int = 400, tooltip: str = "") -> None:
        super().__init__(text.replace("&", "&&"))
        self._theme = theme
        self._shown = text
        self.setFont(theme.font(12, weight))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        name_widget(self, text, tooltip)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Box and text."""
        metrics = self.fontMetrics()
        width = _PAD_PX + _BOX_PX + _GAP_PX + metrics.horizontalAdvance(self._shown) + _PAD_PX
        return QSize(width, max(24, metrics.height() + 6))

    def minimumSizeHint(self) -> QSize:
        """The text may be cut."""
        return QSize(_BOX_PX + 48, self.sizeHint().height())

    def hitButton(self, pos: object) -> bool:
        """All of it can be clicked."""
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Box, check, text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self._theme.color
        top = (self.height() - _BOX_PX) / 2
        box = QRectF(_PAD_PX, top, _BOX_PX, _BOX_PX).adjusted(0.5, 0.5, -0.5, -0.5)
        is_on = self.isChecked()
        line = "accent_fill" if is_on else "ctl"
        painter.setPen(QPen(color(line if self.isEnabled() else "line2"), 1))
        painter.setBrush(color("accent_fill" if is_on and self.isEnabled() else "raised"))
        painter.drawRoundedRect(box, 3, 3)
        if is_on:
            tint = "on_accent" if self.isEnabled() else "ctl"
            mark = self._theme.pixmap("check", tint, _CHECK_PX)
            inset = (_BOX_PX - _CHECK_PX) / 2
            painter.drawPixmap(QPointF(_PAD_PX + inset, top + inset), mark)
        if self.hasFocus():
            painter.setPen(QPen(color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.setPen(color("text" if self.isEnabled() else "ctl"))
        painter.setFont(self.font())
        left = _PAD_PX + _BOX_PX + _GAP_PX
        area = QRectF(left, 0, self.width() - left - _PAD_PX, self.height())
        shown = self.fontMetrics().elidedText(self._shown, Qt.TextElideMode.ElideRight, int(area.width()) + 1)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
