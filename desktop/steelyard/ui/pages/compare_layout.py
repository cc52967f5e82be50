"""How the Compare page is laid out; the page itself adds what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from steelyard.ui.pages.compare_columns import ColumnsArea
from steelyard.ui.pages.compare_composer import Composer
from steelyard.ui.pages.compare_prompt_bar import PromptBar
from steelyard.ui.pages.compare_title import CompareTitle
from steelyard.ui.pages.compare_toolbar import Toolbar
from steelyard.ui.pages.empty import EmptyView
from steelyard.ui.widgets.buttons import make_button
from steelyard.ui.widgets.compare_picker import SearchPopup
from steelyard.ui.widgets.compare_strip import CompareStrip

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_COMPACT_BELOW_PX = 700


class CompareLayout(QWidget):
    """Toolbar, prompt bar, columns, strip, composer."""

    def __init__(self, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Compare")
        self.title_widget = CompareTitle(theme, actions)
        self.toolbar = Toolbar(theme, actions)
        self.prompt_bar = PromptBar(theme)
        self.columns = ColumnsArea(theme)
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
        self.strip = CompareStrip(theme)
        self.composer = Composer(theme)
        self.picker = SearchPopup(theme, self, "Targets", "Search weights and APIs…")
        self._stack = QStackedWidget()
        self._waiting = QWidget()
        for widget in (self._waiting, self.empty, self.columns):
            self._stack.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self.toolbar)
        column.addWidget(self.prompt_bar)
        column.addWidget(self._stack, 1)
        column.addWidget(self.strip)
        column.addWidget(self.composer)
        self.strip.hide()

    def show_body(self, *, has_columns: bool) -> None:
        """The columns, or the empty page."""
        self._stack.setCurrentWidget(self.columns if has_columns else self.empty)

    @property
    def is_body_decided(self) -> bool:
        """Whether it is known yet if there is anything to ask."""
        return self._stack.currentWidget() is not self._waiting

    @property
    def is_empty_shown(self) -> bool:
        """Whether the page says that there is nothing to ask."""
        return self._stack.currentWidget() is self.empty

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A low window keeps its height for the answers."""
        super().resizeEvent(event)
        is_compact = self.height() < _COMPACT_BELOW_PX
        self.strip.set_compact(is_compact=is_compact)
        self.composer.prompt.set_fewest_lines(1 if is_compact else 2)
