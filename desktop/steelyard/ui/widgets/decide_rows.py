"""Cards of lines: what is said, a quiet line below it, and at the right a tag or something to press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.cards import Card
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import make_label, make_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

    from steelyard.ui.theme.theme import Theme

_SHOWN = 5


class Line(QFrame):
    """One line of a card; `add_right` fills its right end."""

    pressed = Signal(str)
    """Its button, with the line's key."""

    def __init__(self, theme: Theme, title: str, below: str = "", *, key: str = "", tip: str = "") -> None:
        super().__init__()
        self._theme = theme
        self.key = key
        self.title = make_label(theme, title, weight=500, wrap=True)
        self.below = make_label(theme, below, "muted", px=12, wrap=True)
        if not below:  # shown without a parent it would be a window for a moment, and take the keyboard
            self.below.hide()
        self.button: QPushButton | QToolButton | None = None
        words = QVBoxLayout()
        words.setSpacing(1)
        words.addWidget(self.title)
        words.addWidget(self.below)
        self._right = QHBoxLayout()
        self._right.setSpacing(8)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 6)
        row.setSpacing(10)
        row.addLayout(words, 1)
        row.addLayout(self._right)
        self.setAccessibleName(title)
        self.setAccessibleDescription(below)
        if tip:
            self.setToolTip(plain_tooltip(tip))

    @property
    def text(self) -> str:
        """All that is said."""
        return f"{self.title.text()} {self.below.text()}".strip()

    def add_pill(self, text: str, tone: str = "", tip: str = "") -> QLabel:
        """A tag such as `measured`."""
        pill = make_label(self._theme, text, f"pill-{tone}" if tone else "pill", px=11, weight=500)
        pill.setToolTip(plain_tooltip(tip))
        self._right.addWidget(pill, 0, Qt.AlignmentFlag.AlignVCenter)
        return pill

    def add_stack(self, *widgets: QWidget) -> None:
        """Several small things, one below the other, at the right."""
        column = QVBoxLayout()
        column.setSpacing(2)
        for widget in widgets:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignRight)
        self._right.addLayout(column)

    def add_chevron(self, name: str) -> None:
        """A small arrow that leads on."""
        self._take_button(make_icon_button(self._theme, "chevron-right", name, size=14))

    def add_button(self, text: str, name: str) -> None:
        """A button with a word."""
        button = make_button(self._theme, text, "secondary")
        button.setFont(self._theme.font(12, 500))
        button.setAccessibleName(name)
        button.setToolTip(plain_tooltip(name))
        self._take_button(button)

    def _take_button(self, button: QPushButton | QToolButton) -> None:
        self.button = button
        self._right.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        button.clicked.connect(self._on_clicked)

    @Slot()
    def _on_clicked(self) -> None:
        self.pressed.emit(self.key)


class LinesCard(Card):
    """A title with a quiet remark, and lines; after the fifth they wait behind a button."""

    pressed = Signal(str)
    """The button of the line with this key."""

    def __init__(self, theme: Theme, title: str, nothing: str) -> None:
        super().__init__(theme, title)
        self._theme = theme
        self._nothing = nothing
        self._is_open = False
        self.lines: list[Line] = []
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.column.setContentsMargins(16, 12, 16, 12)
        self.column.setSpacing(4)
        self._about = make_label(theme, "", "muted", px=12)
        self._about.setMinimumWidth(1)
        self.head.insertWidget(1, self._about)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.column.addLayout(self._list)
        self.more_button = make_button(theme, "", "link")
        self.more_button.clicked.connect(self._on_more)
        self.column.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addStretch(1)
        self.show_lines([], "")

    def show_lines(self, lines: Sequence[Line], about: str) -> None:
        """Show others; a card without any says so."""
        self._about.setText(about)
        self._empty_list()
        self.lines = list(lines)
        for at, line in enumerate(self.lines):
            if at:
                self._list.addWidget(make_line())
            self._list.addWidget(line)
            line.pressed.connect(self.pressed)
        if not self.lines:
            self._list.addWidget(make_label(self._theme, self._nothing, "muted", px=12, wrap=True))
        self._fold()

    def _fold(self) -> None:
        """Lines and their separators come in turn in the layout."""
        for at in range(self._list.count()):
            item = self._list.itemAt(at)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setVisible(self._is_open or at < 2 * _SHOWN - 1)
        rest = len(self.lines) - _SHOWN
        self.more_button.setVisible(rest > 0)
        text = "Show fewer" if self._is_open else f"Show {rest} more"
        self.more_button.setText(text)
        self.more_button.setAccessibleName(f"{text}: {self.accessibleName()}")
        self.more_button.setToolTip(text)

    def _empty_list(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    @Slot()
    def _on_more(self) -> None:
        self._is_open = not self._is_open
        self._fold()
