"""The phases of a request as bars one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from steelyard.ui.widgets.facts_format import duration
from steelyard.ui.widgets.models_paint import Ink, draw_text

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from steelyard.ui.theme.theme import Theme

_ROW_PX = 22
_NAME_PX = 118
_VALUE_PX = 76
_LEAST_PX = 2.0
_NAME = Ink(12, 400, "text2")
_VALUE = Ink(12, 500, "text", is_tabular=True)


@dataclass(frozen=True)
class Phase:
    """One stretch of time, ms; None was not reached."""

    name: str
    begin_ms: float
    length_ms: float | None
    color: str


class Waterfall(QWidget):
    """One row for each phase, all on one scale."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.phases: list[Phase] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_phases(self, phases: list[Phase]) -> None:
        """Show other phases."""
        self.phases = phases
        spoken = ", ".join(f"{phase.name} {duration(phase.length_ms).text}" for phase in phases)
        self.setAccessibleName(f"Phases: {spoken}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """A row each."""
        return QSize(320, _ROW_PX * len(self.phases))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, bar, length."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        end_ms = max((phase.begin_ms + (phase.length_ms or 0.0) for phase in self.phases), default=0.0)
        track_px = self.width() - _NAME_PX - _VALUE_PX
        for at, phase in enumerate(self.phases):
            top = float(at * _ROW_PX)
            draw_text(painter, self._theme, QRectF(0, top, _NAME_PX - 8, _ROW_PX), phase.name, _NAME)
            painter.setPen(Qt.PenStyle.NoPen)
            if phase.length_ms is not None and end_ms > 0:
                left = _NAME_PX + track_px * phase.begin_ms / end_ms
                width = max(_LEAST_PX, track_px * phase.length_ms / end_ms)
                painter.setBrush(self._theme.color(phase.color))
                painter.drawRoundedRect(QRectF(left, top + 6, width, _ROW_PX - 12), 2, 2)
            place = QRectF(self.width() - _VALUE_PX, top, _VALUE_PX, _ROW_PX)
            text = duration(phase.length_ms).text
            draw_text(painter, self._theme, place, text, _VALUE, Qt.AlignmentFlag.AlignRight)
