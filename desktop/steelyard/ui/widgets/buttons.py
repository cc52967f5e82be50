"""Buttons with the type and the roles of the design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from steelyard.ui.theme.theme import Theme

_ICON_GAP = 4
_ICON_COLORS = {"primary": "on_accent", "danger": "bad", "link": "accent", "chip-accent": "accent"}


def make_button(
    theme: Theme, text: str, role: str = "secondary", *, icon: str = "", tooltip: str = ""
) -> QPushButton:
    """A text button; its accessible name is its text."""
    button = QPushButton(text)
    button.setProperty("role", role)
    button.setFont(theme.font(12 if role in {"link", "chip", "chip-accent"} else 13, 500))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setAutoDefault(False)
    name_widget(button, text, tooltip)
    if icon:
        button.setIconSize(QSize(16 + _ICON_GAP, 16))
        theme.bind_icon(button, icon, _ICON_COLORS.get(role, "text2"), gap=_ICON_GAP)
    return button


def make_icon_button(theme: Theme, icon: str, name: str, *, tooltip: str = "", size: int = 16) -> QToolButton:
    """A button that is only an icon; `name` says what it does."""
    button = QToolButton()
    button.setProperty("role", "icon")
    button.setIconSize(QSize(size, size))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    name_widget(button, name, tooltip)
    theme.bind_icon(button, icon, size=size)
    return button


class Segmented(QFrame):
    """One of a few choices, all visible; arrow keys move between them."""

    chosen = Signal(str)
    """The user chose the option with this key."""

    def __init__(self, theme: Theme, name: str, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.setProperty("role", "segmented")
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._keys = [key for key, _ in options]
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for index, (_, text) in enumerate(options):
            button = make_button(theme, text, "segment")
            button.setFont(theme.font(12, 500))
            button.setCheckable(True)
            name_widget(button, f"{name}: {text}", text)
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self._on_clicked)

    @property
    def value(self) -> str:
        """The key of the chosen option."""
        return self._keys[self._group.checkedId()]

    def set_value(self, key: str) -> None:
        """Choose without telling anyone."""
        self._group.button(self._keys.index(key)).setChecked(True)

    def button(self, key: str) -> QWidget:
        """The button of one option."""
        return self._group.button(self._keys.index(key))

    @Slot(int)
    def _on_clicked(self, index: int) -> None:
        self.chosen.emit(self._keys[index])
