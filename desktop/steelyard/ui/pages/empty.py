"""A page, or a part of one, that has nothing to show: one icon, one title, one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_ICON_PX = 40
_TEXT_PX = 520


class EmptyView(QWidget):
    """Centred: an icon, a title, one sentence; buttons may be added below."""

    def __init__(self, theme: Theme, icon: str, title: str, sentence: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self._icon = QLabel()
        self._icon.setAlignment(Qt.AlignmentFlag.AlignCenter)
        heading = make_label(theme, title, px=20, weight=600)
        text = make_label(theme, sentence, "prose", wrap=True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        # A wrapped label in a centred place does not get the height of its width by itself.
        text.setFixedSize(_TEXT_PX, text.heightForWidth(_TEXT_PX))
        self.column = QVBoxLayout(self)
        self.column.setSpacing(8)
        self.column.addStretch(4)
        self.column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addSpacing(8)
        self.column.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addWidget(text, 0, Qt.AlignmentFlag.AlignHCenter)
        self.column.addStretch(5)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def add_action(self, widget: QWidget) -> None:
        """Put a control below the sentence."""
        self.column.insertSpacing(self.column.count() - 1, 8)
        self.column.insertWidget(self.column.count() - 1, widget, 0, Qt.AlignmentFlag.AlignHCenter)

    def _on_theme_changed(self) -> None:
        self._icon.setPixmap(self._theme.pixmap(self._icon_name, "text3", _ICON_PX))
