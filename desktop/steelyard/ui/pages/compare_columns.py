"""The columns side by side, of equal width; narrow windows scroll sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QWidget

from steelyard.ui.pages.compare_column import TargetColumn

if TYPE_CHECKING:
    from steelyard.ui.pages.compare_tree import Column
    from steelyard.ui.theme.theme import Theme

GAP_PX = 12


class ColumnsArea(QScrollArea):
    """Owns the `TargetColumn`s; `show_columns` makes, keeps, orders and removes them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._has_costs = False
        self._is_line = False
        self.widgets: list[TargetColumn] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Answers")
        content = QWidget()
        self._row = QHBoxLayout(content)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GAP_PX)
        self.setWidget(content)

    def show_columns(self, columns: list[Column]) -> list[TargetColumn]:
        """Show these columns in this order; returns the widgets that are new."""
        kept = {id(widget.column): widget for widget in self.widgets}
        made: list[TargetColumn] = []
        wanted: list[TargetColumn] = []
        for column in columns:
            widget = kept.pop(id(column), None)
            if widget is None:
                widget = TargetColumn(self._theme, column)
                widget.show_costs(is_shown=self._has_costs)
                made.append(widget)
            wanted.append(widget)
        for gone in kept.values():
            self._row.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for at, widget in enumerate(wanted):
            self._row.insertWidget(at, widget, 1)
            widget.set_place(at)
        self.widgets = wanted
        return made

    @property
    def has_costs(self) -> bool:
        """Whether the columns show what a thousand prompts and a month of them cost."""
        return self._has_costs

    def set_costs(self, *, has_costs: bool) -> None:
        """Show or hide the costs to come, in all columns."""
        self._has_costs = has_costs
        for widget in self.widgets:
            widget.show_costs(is_shown=has_costs)

    def level_costs(self) -> None:
        """Give all cost tables one height; while answers arrive it stays as it is, so that nothing jumps."""
        if not any(widget.column.is_busy for widget in self.widgets):
            self._is_line = all(widget.costs.wants_line for widget in self.widgets)
        for widget in self.widgets:
            widget.costs.set_line(is_line=self._is_line)

    def widget_of(self, column: Column) -> TargetColumn | None:
        """The view of a column, if it is shown."""
        return next((widget for widget in self.widgets if widget.column is column), None)

    def focused(self) -> TargetColumn | None:
        """The column that has the keyboard."""
        return next((w for w in self.widgets if w.isAncestorOf(w.window().focusWidget() or w)), None)
