"""Eight facts in fixed places under an answer; painted, so that a stream of new figures costs little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolTip, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.facts_format import Fact

_COLUMNS = 4
_SIDE_PX = 16
_TOP_PX = 9
_ROW_PX = 40
_LABEL_PX = 15
_CELL_GAP_PX = 8
_ROWS = 2
_CHEVRON_PX = 12
_WHOLE_UNIT_PX = 86
"""So wide is a cell in which each speed has room for its whole unit and a mark."""
_SHORT_UNITS = {"tok/s": "t/s", "char/s": "c/s"}
_SWITCH_WORDS = "Per 1,000 and per month (Alt+C)"
_SWITCH_AT = 5  # the cost


class FactsGrid(QFrame):
    """Four by two cells; a cell that is too narrow drops its unit, then cuts its value.

    The cell of the cost is a switch for what stands below the grid.
    """

    switched = Signal()
    """The cost was clicked."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._facts: list[Fact] = []
        self._has_switch = True
        self._is_on = False
        self._label_font = theme.font(11)
        self._value_font = theme.font(13, 600, tabular=True)
        self._smaller_fonts = [theme.font(px, 600, tabular=True) for px in (13, 12, 11)]
        self._unit_font = theme.font(11)
        self.setProperty("role", "footer")
        self.setAccessibleName("Figures of this run")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    @property
    def facts(self) -> list[Fact]:
        """What is shown."""
        return self._facts

    def show_facts(self, facts: list[Fact]) -> None:
        """Show other figures; equal ones cost nothing."""
        if facts != self._facts:
            self._facts = facts
            self.setAccessibleDescription("; ".join(f"{fact.label}: {fact.text}" for fact in facts))
            self.update()

    def leave_out_switch(self) -> None:
        """Nothing can be shown below this grid."""
        self._has_switch = False

    def set_on(self, *, is_on: bool) -> None:
        """Whether what the switch shows is shown."""
        if is_on != self._is_on:
            self._is_on = is_on
            self.update()

    def sizeHint(self) -> QSize:
        """Always the same height, so that nothing above jumps."""
        return QSize(260, 2 * _TOP_PX + _ROWS * _ROW_PX - 6)

    def minimumSizeHint(self) -> QSize:
        """See `sizeHint`."""
        return QSize(180, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Cell by cell."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, fact in enumerate(self._facts):
            self._paint_cell(painter, self._cell(at), fact, is_switch=self._has_switch and at == _SWITCH_AT)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer tells what can be clicked."""
        super().mouseMoveEvent(event)
        if self._is_switch(event.position()):
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on the cost is a switch."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self._is_switch(event.position()):
            self.switched.emit()

    def event(self, event: QEvent) -> bool:
        """Each cell has a tooltip of its own."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tooltip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def tooltip_at(self, point: QPointF) -> str:
        """What hovering at a point says, as plain text."""
        for at, fact in enumerate(self._facts):
            if self._cell(at).contains(point):
                switch = _SWITCH_WORDS if self._has_switch and at == _SWITCH_AT else ""
                parts = (f"{fact.label}: {fact.text}", fact.tooltip, switch)
                return "\n".join(part for part in parts if part)
        return ""

    def _cell(self, at: int) -> QRectF:
        width = (self.width() - 2 * _SIDE_PX + _CELL_GAP_PX) / _COLUMNS
        row, column = divmod(at, _COLUMNS)
        return QRectF(_SIDE_PX + column * width, _TOP_PX + row * _ROW_PX, width - _CELL_GAP_PX, _ROW_PX - 4)

    def switch_rect(self) -> QRectF:
        """Where the cost stands."""
        return self._cell(_SWITCH_AT)

    def _is_switch(self, point: QPointF) -> bool:
        return self._has_switch and len(self._facts) > _SWITCH_AT and self.switch_rect().contains(point)

    def _paint_cell(self, painter: QPainter, cell: QRectF, fact: Fact, *, is_switch: bool) -> None:
        theme = self._theme
        labels = QFontMetricsF(self._label_font)
        room = cell.width() - (_CHEVRON_PX + 3 if is_switch else 0)
        label = fact.label if labels.horizontalAdvance(fact.label) <= room else fact.short or fact.label
        label = labels.elidedText(label, Qt.TextElideMode.ElideRight, room)
        painter.setFont(self._label_font)
        painter.setPen(theme.color("text3"))
        painter.drawText(
            QRectF(cell.left(), cell.top(), cell.width(), _LABEL_PX),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            label,
        )
        if is_switch:
            icon = "chevron-up" if self._is_on else "chevron-down"
            at = QPointF(cell.left() + labels.horizontalAdvance(label) + 3, cell.top() + 2)
            painter.drawPixmap(at, theme.pixmap(icon, "text3", _CHEVRON_PX))
        self._paint_value(painter, cell, fact)

    def _paint_value(self, painter: QPainter, cell: QRectF, fact: Fact) -> None:
        theme = self._theme
        font, value = self._fitted(fact.value, cell.width() + 1)
        values, units = QFontMetricsF(font), QFontMetricsF(self._unit_font)
        baseline = cell.top() + _LABEL_PX + 15
        painter.setFont(font)
        painter.setPen(theme.color(fact.tone or "text"))
        painter.drawText(QPointF(cell.left(), baseline), value)
        x = cell.left() + values.horizontalAdvance(value) + 4
        room = cell.right() + 2 - x
        units_that_may = _units(fact, is_narrow=cell.width() < _WHOLE_UNIT_PX)
        unit = next((unit for unit in units_that_may if units.horizontalAdvance(unit) <= room), "")
        if unit:
            painter.setFont(self._unit_font)
            painter.setPen(theme.color("text3"))
            painter.drawText(QPointF(x, baseline), unit)
            x += units.horizontalAdvance(unit) + 3
        if fact.mark and x + 14 <= cell.right() + _CELL_GAP_PX:
            painter.drawPixmap(QPointF(x, baseline - 12), theme.pixmap(fact.mark, "good", 14))

    def _fitted(self, value: str, room: float) -> tuple[QFont, str]:
        """The largest font in which the value is whole, else the value cut."""
        if QFontMetricsF(self._value_font).horizontalAdvance(value) <= room:
            return self._value_font, value
        value = value.replace(" → ", "→")
        for font in self._smaller_fonts:
            if QFontMetricsF(font).horizontalAdvance(value) <= room:
                return font, value
        font = self._smaller_fonts[-1]
        return font, QFontMetricsF(font).elidedText(value, Qt.TextElideMode.ElideRight, room)


def _units(fact: Fact, *, is_narrow: bool) -> list[str]:
    """The unit as it is, with a range behind it, and without; in narrow columns all in short alike."""
    has_range = any(char.isdigit() for char in fact.unit)
    plain = fact.unit.partition(" ")[0] if has_range else fact.unit
    short = _SHORT_UNITS.get(plain, plain)
    return [short] if is_narrow and short != plain else [fact.unit, plain, short]
