"""One key figure: what it is, the figure, its unit, and what it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.theme.theme import Theme

_LEAST_PX = 150
_VALUE_PX = (28, 23, 18)
_SIDES_PX = 28
_ROLES = {"text": "", "text3": "muted", "s3": "series-3"}


@dataclass(frozen=True)
class KeyFigure:
    """`tone` is a role of labels, or the hue `s3`; `why` is the long text behind the card."""

    title: str
    value: str
    unit: str = ""
    below: str = ""
    tone: str = "text"
    why: str = ""


class FigureCard(QFrame):
    """A card of one key figure."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setMinimumWidth(_LEAST_PX)
        self._theme = theme
        self.figure = KeyFigure("", "")
        self._is_faint = False
        right = Qt.TextElideMode.ElideRight
        self.title = ElidedLabel(theme, "", "prose", px=12, cut=right)
        self.value = make_label(theme, "", px=_VALUE_PX[0], weight=600, tabular=True)
        self.value.setMinimumWidth(1)
        self.value.setMinimumHeight(self.value.sizeHint().height())
        self._value_px = _VALUE_PX[0]
        self.unit = ElidedLabel(theme, "", "muted", px=12, cut=right)
        self.below = make_label(theme, "", "muted", px=12, wrap=True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.value, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.unit, 1, Qt.AlignmentFlag.AlignBottom)
        self.unit.setContentsMargins(0, 0, 0, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 12, 10)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addLayout(row)
        column.addWidget(self.below)
        column.addStretch(1)

    def show_figure(self, figure: KeyFigure) -> None:
        """Show another figure."""
        self.figure = figure
        self.title.setText(figure.title)
        self.value.setText(figure.value)
        self.unit.setText(figure.unit)
        self.below.setText(figure.below)
        self.setToolTip(figure.why)
        self.setAccessibleName(f"{figure.title}: {figure.value} {figure.unit}".strip())
        self.setAccessibleDescription(figure.why or figure.below)
        self._show_tone()
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A long figure is written smaller, never cut."""
        super().resizeEvent(event)
        self._fit()

    def set_faint(self, *, is_faint: bool) -> None:
        """Dim what is no longer true."""
        self._is_faint = is_faint
        self._show_tone()

    def _fit(self) -> None:
        room = self.width() - _SIDES_PX
        fonts = {px: self._theme.font(px, 600, tabular=True) for px in _VALUE_PX}
        text = self.figure.value
        fitting = (px for px in _VALUE_PX if QFontMetrics(fonts[px]).horizontalAdvance(text) <= room)
        wanted = next(fitting, _VALUE_PX[-1])
        if wanted != self._value_px:
            self._value_px = wanted
            self.value.setFont(fonts[wanted])

    def _show_tone(self) -> None:
        tone = "faint" if self._is_faint else _ROLES.get(self.figure.tone, self.figure.tone)
        set_role(self.value, tone)
