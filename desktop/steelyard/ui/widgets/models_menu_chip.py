"""A chip that shows one of several choices and opens a menu of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Signal, Slot
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.compare_buttons import Part, PartsButton
from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QAction

    from steelyard.ui.theme.theme import Theme


class MenuChip(PartsButton):
    """`Sort downloads`; Enter or a click opens the menu. The first option is the neutral one."""

    chosen = Signal(str)
    """The user chose the option with this key."""

    def __init__(self, theme: Theme, label: str, options: Sequence[tuple[str, str]], help_: str = "") -> None:
        super().__init__(theme, "chip")
        self._label = label
        self._help = help_
        self._options = dict(options)
        self._value = options[0][0]
        self._neutral = options[0][0]
        self._menu: QMenu | None = None
        self.clicked.connect(self._on_clicked)
        self._show_value()

    @property
    def value(self) -> str:
        """The key of the chosen option."""
        return self._value

    @property
    def is_neutral(self) -> bool:
        """Whether it changes nothing."""
        return self._value == self._neutral

    def set_value(self, key: str) -> None:
        """Choose without telling anyone."""
        self._value = key
        self._show_value()

    @property
    def menu_of_options(self) -> QMenu:
        """The menu, made when it is first wanted."""
        if self._menu is None:
            self._menu = QMenu(self)
            self._menu.setAccessibleName(self._label)
            group = QActionGroup(self._menu)
            for key, text in self._options.items():
                action = self._menu.addAction(text.capitalize() if key == self._neutral else text)
                action.setCheckable(True)
                action.setData(key)
                group.addAction(action)
            self._menu.triggered.connect(self._on_triggered)
        return self._menu

    def _show_value(self) -> None:
        shown = self._options[self._value]
        set_role(self, "chip" if self.is_neutral else "chip-accent")
        tone = "text2" if self.is_neutral else "accent"
        self.show_parts([Part(self._label, "text3", 400), Part(shown, tone, 600)])
        text = f"{self._label}: {shown}"
        name_widget(self, text, f"{text}. {self._help}" if self._help else text)

    @Slot()
    def _on_clicked(self) -> None:
        menu = self.menu_of_options
        for action in menu.actions():
            action.setChecked(action.data() == self._value)
            if action.isChecked():
                menu.setActiveAction(action)
        menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def _on_triggered(self, action: QAction) -> None:
        key = action.data()
        if key != self._value:
            self.set_value(key)
            self.chosen.emit(key)


class ToggleChip(PartsButton):
    """A chip that is on or off."""

    def __init__(self, theme: Theme, text: str, help_: str) -> None:
        super().__init__(theme, "chip")
        self._text = text
        self._help = help_
        self.setCheckable(True)
        self.toggled.connect(self.show_state)
        self.show_state()

    @Slot()
    def show_state(self) -> None:
        """Look on or off, as it is."""
        is_on = self.isChecked()
        set_role(self, "chip-accent" if is_on else "chip")
        tone = "accent" if is_on else "text2"
        icon = "check" if is_on else ""
        self.show_parts([Part(self._text, tone, 600 if is_on else 400)], icon=icon, icon_color="accent")
        name_widget(self, self._text, self._help)
