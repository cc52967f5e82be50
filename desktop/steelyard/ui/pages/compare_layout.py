"""How the Compare page is laid out; the page itself adds what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_columns import ColumnsArea
from steelyard.ui.pages.compare_composer import Composer
from steelyard.ui.pages.compare_prompt_bar import PromptBar
from steelyard.ui.pages.compare_rest_bar import RestBar
from steelyard.ui.pages.compare_title import CompareTitle
from steelyard.ui.pages.compare_toolbar import Toolbar
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_picker import SearchPopup
from steelyard.ui.widgets.compare_strip import CompareStrip

if TYPE_CHECKING:
    from PySide6.QtCore import QSettings
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_COMPACT_BELOW_PX = 700
_EDGE_PX, _GAP_PX = 12, 8
_COMPACT_EDGE_PX, _COMPACT_GAP_PX = 8, 6
_COSTS_FROM_PX = 1000
_COSTS_KEY = "compare/costs"


class CompareLayout(QWidget):
    """Toolbar, prompt bar, columns, strip, composer.

    Other parts of the page bring views of their own: `add_view` for one that takes the columns' place, or
    with `is_whole` one that takes the place of everything; `add_above_columns` for a bar. `show_view(None)`
    goes back to the columns.
    """

    view_changed = Signal()
    """Another view is shown."""

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Compare")
        self._view: QWidget | None = None
        self._whole_views: list[QWidget] = []
        self._has_columns = False
        self._wants_costs: bool | None = None
        self._memory: QSettings | None = None
        self.title_widget = CompareTitle(theme, actions)
        self.toolbar = Toolbar(theme, actions)
        self.prompt_bar = PromptBar(theme)
        self.rest_bar = RestBar(theme)
        self.columns = ColumnsArea(theme)
        self._make_empty(theme)
        self.strip = CompareStrip(theme)
        self.composer = Composer(theme)
        self.picker = SearchPopup(theme, self, "Targets", "Search weights and APIs…")
        self._stack = QStackedWidget()
        self._waiting = QWidget()
        for widget in (self._waiting, self.empty, self.columns):
            self._stack.addWidget(widget)
        self._lay_out()
        self.strip.hide()

    # ---- views ---------------------------------------------------------------------------------------------

    def add_view(self, widget: QWidget, *, is_whole: bool = False) -> None:
        """A view that can be shown instead of the columns, or instead of all of the page."""
        (self._pages if is_whole else self._stack).addWidget(widget)
        if is_whole:
            self._whole_views.append(widget)

    def show_view(self, widget: QWidget | None) -> None:
        """Show a view that was added; None shows the columns again."""
        if widget is self._view:
            return
        self._view = widget
        self._show_body()
        self.view_changed.emit()

    @property
    def view(self) -> QWidget | None:
        """The view that is shown in the columns' place; None: the columns."""
        return self._view

    def add_above_columns(self, widget: QWidget) -> None:
        """A bar between the question and the answers."""
        self._bars.addWidget(widget)

    def show_body(self, *, has_columns: bool) -> None:
        """The columns, or the empty page."""
        self._has_columns = has_columns
        self._is_decided = True
        self._show_body()

    @property
    def is_body_decided(self) -> bool:
        """Whether it is known yet if there is anything to ask."""
        return self._is_decided

    @property
    def is_empty_shown(self) -> bool:
        """Whether the page says that there is nothing to ask."""
        return self._stack.currentWidget() is self.empty

    _is_decided = False

    def _show_body(self) -> None:
        is_whole = self._view in self._whole_views
        self._pages.setCurrentWidget(self._view if self._view is not None and is_whole else self._ordinary)
        if self._view is not None and not is_whole:
            self._stack.setCurrentWidget(self._view)
        elif self._is_decided:
            self._stack.setCurrentWidget(self.columns if self._has_columns else self.empty)

    # ---- costs ---------------------------------------------------------------------------------------------

    def toggle_costs(self) -> None:
        """Show what a thousand such prompts and a month of them cost, or hide it."""
        self._wants_costs = not self.columns.has_costs
        self.columns.set_costs(has_costs=self._wants_costs)
        if self._memory is not None:
            self._memory.setValue(_COSTS_KEY, "shown" if self._wants_costs else "hidden")

    def take_state(self, state: QSettings) -> None:
        """What the window remembers from one start to the next."""
        self._memory = state
        stored = {"shown": True, "hidden": False}.get(str(state.value(_COSTS_KEY)))
        if stored is not None:
            self._wants_costs = stored
            self.columns.set_costs(has_costs=stored)

    # ---- parts ---------------------------------------------------------------------------------------------

    def _make_empty(self, theme: Theme) -> None:
        self.empty = EmptyView(
            theme,
            "columns-3",
            "Nothing to ask yet",
            "Add weights that lie on this machine, or an API, and ask them the same question side by side.",
        )
        self.empty_button = make_button(theme, "Add target", icon="plus")
        self.empty.add_action(self.empty_button)
        self.find_button = make_button(theme, "Find models", "link", tooltip="Search the hub for weights")
        self.empty.add_action(self.find_button)

    def _lay_out(self) -> None:
        self._ordinary = QWidget()
        column = self._column = QVBoxLayout(self._ordinary)
        column.setContentsMargins(16, _EDGE_PX, 16, _EDGE_PX)
        column.setSpacing(_GAP_PX)
        self._bars = QVBoxLayout()
        self._bars.setSpacing(8)
        column.addWidget(self.toolbar)
        column.addWidget(self.prompt_bar)
        column.addWidget(self.rest_bar)
        column.addLayout(self._bars)
        column.addWidget(self._stack, 1)
        column.addWidget(self.strip)
        column.addWidget(self.composer)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._ordinary)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window keeps its height for the answers."""
        super().resizeEvent(event)
        is_compact = self.height() < _COMPACT_BELOW_PX
        edge = _COMPACT_EDGE_PX if is_compact else _EDGE_PX
        self._column.setContentsMargins(16, edge, 16, edge)
        self._column.setSpacing(_COMPACT_GAP_PX if is_compact else _GAP_PX)
        self.strip.set_compact(is_compact=is_compact)
        self.composer.prompt.set_fewest_lines(1 if is_compact else 2)
        if self._wants_costs is None:
            self.columns.set_costs(has_costs=self.height() >= _COSTS_FROM_PX)
