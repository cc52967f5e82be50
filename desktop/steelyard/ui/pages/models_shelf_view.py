"""How the shelf is painted: one table for thousands of rows, no widget in any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal, Slot

from steelyard.ui.pages.models_shelf import (
    CONTEXT,
    NAME,
    PARAMETERS,
    PROOF,
    QUANT,
    SIZE,
    SOURCE,
    ShelfLine,
    ShelfModel,
    cell_text,
    proof_chip,
)
from steelyard.ui.widgets.models_paint import Ink, draw_chip, draw_text
from steelyard.ui.widgets.table_view import KeepingView, LinePainter

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent

    from steelyard.ui.theme.theme import Theme

ROW_PX = 34
_WIDTHS = {QUANT: 84, PARAMETERS: 88, CONTEXT: 72, SIZE: 86, SOURCE: 140, PROOF: 140}
_NARROW_BELOW_PX = 760
_NARROWER_BELOW_PX = 620
_NAME = Ink(13, 500, "text")
_MONO = Ink(11, 400, "text2", is_mono=True)
_NUMBER = Ink(12, 400, "text2", is_tabular=True)
_MUTED = Ink(12, 400, "text3")
_HEADING = Ink(12, 600, "text3")


class ShelfView(KeepingView[ShelfLine]):
    """Rows under headings; a column's title sorts."""

    line_chosen = Signal(object)
    """The `ShelfLine` that is the current one, or None."""
    entered = Signal()
    """Enter was pressed on a row."""
    removal_wanted = Signal()
    """Delete was pressed on a row."""
    sort_wanted = Signal(int)
    """A column's title was clicked."""

    def __init__(self, theme: Theme, model: ShelfModel) -> None:
        super().__init__(theme, model, "Weights on this machine", ROW_PX)
        self.setItemDelegate(LinePainter(theme, self, ROW_PX, _Cells(theme).draw))
        self.horizontalHeader().setSectionsClickable(True)
        self.horizontalHeader().sectionClicked.connect(self.sort_wanted)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tell which row it is."""
        super().currentChanged(current, previous)
        line = self.line_at(current)
        if line is not None:
            self.line_chosen.emit(line)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down pass over headings."""
        at = self.currentIndex().row()
        match event.key():
            case Qt.Key.Key_Down:
                self.go(self._next(at, 1))
            case Qt.Key.Key_Up:
                self.go(self._next(at, -1))
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.entered.emit()
            case Qt.Key.Key_Delete:
                self.removal_wanted.emit()
            case _:
                super().keyPressEvent(event)

    def go_first(self) -> None:
        """Make the first row the current one."""
        self.go(self._next(-1, 1))

    def go(self, at: int) -> None:
        """Make a row the current one."""
        if at >= 0:
            self.setCurrentIndex(self._model.index(at, NAME))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name takes what is left; a narrow table gives up what the details tell, too."""
        super().resizeEvent(event)
        hidden: set[int] = set()
        if self.width() < _NARROW_BELOW_PX:
            hidden |= {CONTEXT, PARAMETERS}
        if self.width() < _NARROWER_BELOW_PX:
            hidden |= {SOURCE}
        widths = {column: px for column, px in _WIDTHS.items() if column not in hidden}
        self.give_widths(widths, rest=NAME, least_px=140)

    def _next(self, at: int, step: int) -> int:
        at += step
        while 0 <= at < len(self._model.lines):
            if not self._model.lines[at].is_heading:
                return at
            at += step
        return -1

    @Slot()
    def _on_reset(self) -> None:
        """Headings and unusable files have no columns; the same row stays chosen, the view where it was."""
        self.clearSpans()
        for at, line in enumerate(self._model.lines):
            if line.weights is None:
                self.setSpan(at, QUANT, 1, PROOF - QUANT + 1)
        super()._on_reset()
        if self._model.row_of(self._key) < 0:
            self._key = ""
            self.line_chosen.emit(None)


class _Cells:
    def __init__(self, theme: Theme) -> None:
        self._theme = theme

    def draw(self, painter: QPainter, area: QRectF, line: ShelfLine, column: int) -> None:
        """What stands in a cell."""
        inner = area.adjusted(12 if column == NAME else 8, 0, -8, 0)
        text = cell_text(line, column)
        if line.is_heading:
            draw_text(painter, self._theme, inner, text, _HEADING)
        elif line.unusable is not None:
            draw_text(painter, self._theme, inner, text, _NAME if column == NAME else _MUTED)
        else:
            self._draw_weights(painter, inner, line, column, text)

    def _draw_weights(self, painter: QPainter, area: QRectF, line: ShelfLine, column: int, text: str) -> None:
        theme = self._theme
        if column == NAME:
            draw_text(painter, theme, area, text, _NAME)
        elif column == QUANT:
            draw_text(painter, theme, area, text, _MONO)
        elif column == SOURCE:
            draw_text(painter, theme, area, text, _MUTED)
        elif column == PROOF and line.weights is not None:
            draw_chip(painter, theme, area.left(), area.center().y(), proof_chip(line.weights), area.width())
        else:
            draw_text(painter, theme, area, text or "—", _NUMBER, Qt.AlignmentFlag.AlignRight)
