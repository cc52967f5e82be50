"""Labels and lines that the pages are made of; text is never read as markup."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

UNKNOWN = "—"
"""Stands for every value that is not known; its tooltip says why."""


def make_label(
    theme: Theme,
    text: str = "",
    role: str = "",
    *,
    px: int = 13,
    weight: int = 400,
    mono: bool = False,
    tabular: bool = False,
    wrap: bool = False,
) -> QLabel:
    """A plain-text label in the type of the design."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setFont(theme.font(px, weight, mono=mono, tabular=tabular))
    label.setWordWrap(wrap)
    if role:
        label.setProperty("role", role)
    if role.startswith(("pill", "code-chip", "keycap")):
        label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return label


def make_line(role: str = "hline") -> QFrame:
    """A separator: `hline` or `vline`."""
    line = QFrame()
    line.setProperty("role", role)
    return line


class ElidedLabel(QLabel):
    """One line that is cut where it does not fit, a name in the middle; the tooltip has all of it."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        role: str = "",
        *,
        px: int = 13,
        weight: int = 400,
        cut: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__()
        self._cut = cut
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(px, weight))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        if role:
            self.setProperty("role", role)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        """A few characters are enough."""
        return QSize(self.fontMetrics().averageCharWidth() * 6, super().minimumSizeHint().height())

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self._show_tooltip()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """It may be cut now, or no longer."""
        super().resizeEvent(event)
        self._show_tooltip()

    def _show_tooltip(self) -> None:
        """The whole text, only where it is cut."""
        is_cut = self.fontMetrics().horizontalAdvance(self.text()) > self.width()
        self.setToolTip(plain_tooltip(self.text()) if is_cut else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the part that fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        rect = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._cut, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def name_widget(widget: QWidget, name: str, tooltip: str = "") -> None:
    """Say what a control is: to a screen reader, and on hover."""
    widget.setAccessibleName(name)
    widget.setToolTip(plain_tooltip(tooltip or name))


def plain_tooltip(text: str) -> str:
    """A tooltip that shows the text as it is: Qt would take what looks like markup for markup."""
    if "<" not in text:
        return text
    return f"<span>{html.escape(text)}</span>".replace("\n", "<br>")
