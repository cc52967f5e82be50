"""System prompts that are kept, one click away from the system prompt's row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from steelyard.core.values.prompt import LibraryPrompt
    from steelyard.ui.theme.theme import Theme

_NAME_CHARS = 60
_MOST = 30


class PresetsButton(QToolButton):
    """A menu of presets, and what can be done with the one that stands there."""

    chosen = Signal(str)
    """The text of a preset."""
    save_wanted = Signal()
    """The system prompt that stands there is to be kept."""
    edit_wanted = Signal()
    """All of them are to be seen."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "ghost")
        self.setText("Presets")
        self.setFont(theme.font(12, 500))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setIconSize(QSize(14, 14))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.bind_icon(self, "chevron-down", "text3", 14)
        name_widget(self, "System prompt presets", "System prompts that are kept")
        self.menu_of_presets = QMenu(self)
        self.menu_of_presets.setToolTipsVisible(True)
        self._own_actions: list[QAction] = []
        self._has_text = False
        self._prompts: list[LibraryPrompt] = []
        self.clicked.connect(self.open)

    def set_prompts(self, prompts: list[LibraryPrompt]) -> None:
        """Offer the system prompts among these."""
        system = [prompt for prompt in prompts if prompt.kind == "system"]
        self._prompts = sorted(system, key=lambda prompt: (prompt.is_shipped, prompt.name.casefold()))

    def set_has_text(self, *, has_text: bool) -> None:
        """Whether there is something to be kept."""
        self._has_text = has_text

    @Slot()
    def open(self) -> None:
        """Show the menu under the button."""
        menu = self.menu_of_presets
        menu.clear()
        was_shipped = False
        for prompt in self._prompts[:_MOST]:
            if prompt.is_shipped and not was_shipped and not menu.isEmpty():
                menu.addSeparator()
            was_shipped = prompt.is_shipped
            action = menu.addAction(prompt.name[:_NAME_CHARS].replace("&", "&&"))
            action.setData(prompt.text)
            action.setToolTip(plain_tooltip(prompt.text))
            action.triggered.connect(self._on_chosen)
        if not self._prompts:
            menu.addAction("No presets yet").setEnabled(False)
        menu.addSeparator()
        save = menu.addAction("Save as preset…")
        save.setEnabled(self._has_text)
        save.triggered.connect(self.save_wanted)
        menu.addAction("Edit presets…").triggered.connect(self.edit_wanted)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))

    @Slot()
    def _on_chosen(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.chosen.emit(str(action.data()))
