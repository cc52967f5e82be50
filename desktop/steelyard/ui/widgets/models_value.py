"""A value that can be selected and copied by mouse and keyboard, however it is broken into lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QSizePolicy, QTextEdit

from steelyard.ui.widgets.labels import name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QResizeEvent, QWheelEvent

    from steelyard.ui.theme.theme import Theme

_LEAST_PX = 60


class ValueText(QTextEdit):
    """Looks like a label; long paths and hashes go on in the next line wherever they must."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setUndoRedoEnabled(False)
        self.setProperty("role", "value")
        self.setFont(theme.font(12))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        name_widget(self, name, f"{name}: select, or Tab to it and press Ctrl+C")

    def text(self) -> str:
        """The value."""
        return self.toPlainText()

    def set_value(self, text: str, *, is_mono: bool = False) -> None:
        """Show another value; an empty one takes no room."""
        if text != self.toPlainText():
            self.setFont(self._theme.font(11 if is_mono else 12, mono=is_mono))
            self.setPlainText(text)
            self._fit_height()
        self.setVisible(bool(text))

    def sizeHint(self) -> QSize:
        """As high as its lines."""
        return QSize(_LEAST_PX, self.height())

    def minimumSizeHint(self) -> QSize:
        """It breaks its lines, so it may be narrow."""
        return QSize(_LEAST_PX, self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other lines, other height."""
        super().resizeEvent(event)
        self._fit_height()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Who comes by Tab has all of it selected: Ctrl+C is next."""
        super().focusInEvent(event)
        if event.reason() in {Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason}:
            self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Nothing stays marked, unless the menu for copying is what took the keyboard."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The pane around it scrolls."""
        event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """The style may bring another font or frame."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.StyleChange, QEvent.Type.FontChange}:
            self._fit_height()

    def _fit_height(self) -> None:
        frame = self.height() - self.viewport().height()
        wanted = round(self.document().size().height()) + max(0, frame)
        if wanted != self.height():
            self.setFixedHeight(wanted)
