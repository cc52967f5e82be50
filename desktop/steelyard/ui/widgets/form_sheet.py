"""A panel over a page: for editors that need room. The page below stays alive; Esc or the X closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.labels import ElidedLabel, make_label, make_line, name_widget

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QShowEvent

    from steelyard.ui.theme.theme import Theme

_SIDE_PX = 16
_GAP_PX = 8
_LEAST_PX = 260
_REST_PX = 72


class Sheet(QFrame):
    """Lies over `host`, above `floor`, as high as it wants to be and as there is room; `column` takes the
    content.
    """

    closed = Signal()
    """It went away."""

    def __init__(
        self, theme: Theme, host: QWidget, floor: QWidget, title: str, about: str, *, wanted_px: int = 460
    ) -> None:
        super().__init__(host)
        self._theme = theme
        self._host = host
        self._floor = floor
        self._wanted_px = wanted_px
        self.setProperty("role", "popup")
        self.setAutoFillBackground(True)
        name_widget(self, title, title)
        self.setToolTip("")
        self.close_button = make_icon_button(theme, "x", f"Close: {title}", tooltip="Close (Esc)")
        self.close_button.clicked.connect(self.leave)
        self.head = QHBoxLayout()
        self.head.setContentsMargins(16, 8, 8, 8)
        self.head.setSpacing(10)
        self.head.addWidget(make_label(theme, title, px=13, weight=600))
        self.head.addWidget(ElidedLabel(theme, about, "muted", px=12, cut=Qt.TextElideMode.ElideRight), 1)
        self.head.addWidget(self.close_button)
        self.column = QVBoxLayout()
        self.column.setContentsMargins(16, 12, 16, 14)
        self.column.setSpacing(10)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        outer.addLayout(self.head)
        outer.addWidget(make_line())
        outer.addLayout(self.column, 1)
        host.installEventFilter(self)
        floor.installEventFilter(self)
        self.hide()

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.isVisibleTo(self._host)

    def open(self) -> None:
        """Show it and take the keyboard."""
        self._place()
        self.show()
        self.raise_()
        self.start()

    def start(self) -> None:
        """Put the keyboard where the work begins; sheets say where."""
        self.close_button.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close it."""
        if self.is_open:
            self.hide()
            self.closed.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The page or what lies below changed its place."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and self.is_open:
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Esc belongs to the sheet while the keyboard is in it, whatever else it stops."""
        if event.type() == QEvent.Type.ShortcutOverride and is_escape(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves; no other key goes through to the page."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """The place may have changed meanwhile."""
        super().showEvent(event)
        self._place()

    def _place(self) -> None:
        host = self._host
        bottom = self._floor.mapTo(host, self._floor.rect().topLeft()).y() - _GAP_PX
        room = max(_LEAST_PX, bottom - _GAP_PX)
        height = min(self._wanted_px, room)
        top = bottom - height
        if top < _REST_PX:
            top = _GAP_PX  # no half of what is above looks out
        self.setGeometry(QRect(_SIDE_PX, top, host.width() - 2 * _SIDE_PX, bottom - top))


def is_escape(event: QEvent) -> bool:
    """Whether a key event is one of Esc."""
    key: int = event.key()  # type: ignore[attr-defined]
    return key == Qt.Key.Key_Escape
