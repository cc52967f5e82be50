"""Cards, notes and scrolling columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme


class Card(QFrame):
    """A surface with an optional title and a column to fill."""

    def __init__(self, theme: Theme, title: str = "", hint: str = "") -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 16)
        self.column.setSpacing(12)
        if title:
            head = QHBoxLayout()
            head.setSpacing(8)
            head.addWidget(make_label(theme, title, weight=600))
            head.addStretch(1)
            self.head = head
            self.column.addLayout(head)
        if hint:
            self.column.addWidget(make_label(theme, hint, "muted", px=12, wrap=True))


class Note(QFrame):
    """A framed remark with an icon: `warn`, `info` or `bad`; hidden while it is empty."""

    _ICONS = {"warn": "triangle-alert", "info": "info", "bad": "circle-alert"}  # noqa: RUF012

    def __init__(self, theme: Theme, kind: str = "info") -> None:
        super().__init__()
        self._theme = theme
        self._kind = kind
        self._icon = QLabel()
        self._text = make_label(theme, "", px=12, wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._text, 1)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    def show_text(self, text: str, kind: str = "") -> None:
        """Show a remark; an empty one hides the frame."""
        self._kind = kind or self._kind
        self._text.setText(text)
        self._on_theme_changed()
        self.setVisible(bool(text))

    @property
    def text(self) -> str:
        """The remark that is shown."""
        return self._text.text()

    def _on_theme_changed(self) -> None:
        set_role(self, f"note-{self._kind}")
        self._icon.setPixmap(self._theme.pixmap(self._ICONS[self._kind], self._kind, 16))


class Switcher(QWidget):
    """One of several widgets; unlike a stack it is never higher than the one that is shown."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._widgets = widgets
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            column.addWidget(widget)
        self.show_at(0)

    def show_at(self, index: int) -> None:
        """Show this one and hide the others."""
        for at, widget in enumerate(self._widgets):
            widget.setVisible(at == index)


def make_scroll(content: QWidget, name: str) -> QScrollArea:
    """A frameless vertical scroll area around a widget."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    return area
