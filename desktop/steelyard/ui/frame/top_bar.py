"""The bar above each page: its title, what the page puts there, and the command palette's field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QStackedWidget, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_HEIGHT = 48
_FIELD_WIDTH = 264


class TopBar(QFrame):
    """Title at the left, palette at the right, the page's own widget between them."""

    palette_wanted = Signal()
    """The user clicked the palette's field."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.setFixedHeight(_HEIGHT)
        self._title = make_label(theme, "", px=15, weight=600)
        self._line = make_line("vline")
        self._line.setFixedHeight(16)
        self._middle = QStackedWidget()
        self._middle.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._nothing = QWidget()
        self._middle.addWidget(self._nothing)
        self.palette_field = _make_field(theme, actions)
        self.palette_field.clicked.connect(self.palette_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self._title)
        row.addWidget(self._line)
        row.addWidget(self._middle, 1)
        row.addWidget(self.palette_field)

    @property
    def title(self) -> str:
        """The title that is shown."""
        return self._title.text()

    def show_page(self, title: str, middle: QWidget | None) -> None:
        """Show a page's title and its own widget, which the bar keeps."""
        self._title.setText(title)
        if middle is not None and self._middle.indexOf(middle) < 0:
            self._middle.addWidget(middle)
        self._middle.setCurrentWidget(middle or self._nothing)
        self._line.setVisible(middle is not None)


def _make_field(theme: Theme, actions: Actions) -> QPushButton:
    field = QPushButton("Search or run a command")
    field.setFont(theme.font(13))
    field.setFixedWidth(_FIELD_WIDTH)
    field.setCursor(Qt.CursorShape.PointingHandCursor)
    set_role(field, "palette-field")
    field.setIconSize(QSize(20, 16))
    theme.bind_icon(field, "search", "text3", gap=4)
    actions.describe("palette.open", field)
    keys = actions.entry("palette.open").shortcut_text.replace("+", " ")
    shortcut = make_label(theme, keys, "keycap", px=11)
    shortcut.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    row = QHBoxLayout(field)
    row.setContentsMargins(0, 0, 8, 0)
    row.addStretch(1)
    row.addWidget(shortcut)
    return field
