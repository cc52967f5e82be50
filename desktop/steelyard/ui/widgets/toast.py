"""A short message at the bottom right; errors stay until they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.labels import make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

WIDTH_PX = 380
SHOWN_MS = 6000
MAX_TOASTS = 4
_MAX_DETAIL_CHARS = 2000
_MARGIN_PX = 16


class Toast(QFrame):
    """Title, hint, and details that unfold."""

    closed = Signal()
    """The user closed it, or its time is over."""

    def __init__(
        self, theme: Theme, title: str, hint: str, detail: str, kind: Literal["good", "bad", "info"]
    ) -> None:
        super().__init__()
        self.key = (kind, title, hint, detail)
        self._title_text = title
        self._count = 1
        self.setProperty("role", "toast-bad" if kind == "bad" else "toast")
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName(title)
        self.setAccessibleDescription(hint)
        icon = QLabel()
        icon.setContentsMargins(0, 5, 0, 0)
        name = {"good": "circle-check", "bad": "circle-alert", "info": "info"}[kind]
        icon.setPixmap(theme.pixmap(name, kind, 16))
        self._title = make_label(theme, title, weight=600, wrap=True)
        self._detail = make_label(theme, detail[:_MAX_DETAIL_CHARS], "prose", px=12, wrap=True)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._detail.hide()
        self.close_button = make_icon_button(theme, "x", "Close this message")
        self.details_button = make_button(theme, "Details", "link")
        self.details_button.setVisible(bool(detail))
        self._lay_out(icon, make_label(theme, hint, "prose", px=12, wrap=True) if hint else None)
        self.close_button.clicked.connect(self.closed)
        self.details_button.clicked.connect(self._on_details_clicked)
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._timer.timeout.connect(self.closed)
        if kind != "bad":
            self._timer.start()

    @property
    def text(self) -> str:
        """The title."""
        return self._title.text()

    def add_one_more(self) -> None:
        """The same message came again."""
        self._count += 1
        self._title.setText(f"{self._title_text} ({self._count} times)")

    def wanted_height(self) -> int:
        """For the fixed width, with the details as they are now."""
        self._column.activate()
        return max(self._column.totalHeightForWidth(WIDTH_PX), self._column.totalMinimumSize().height())

    def _lay_out(self, icon: QLabel, hint: QLabel | None) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._title, 1)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 12)
        column.setSpacing(4)
        column.addLayout(head)
        body = QVBoxLayout()
        body.setContentsMargins(24, 0, 8, 0)
        body.setSpacing(6)
        if hint is not None:
            body.addWidget(hint)
        body.addWidget(self._detail)
        body.addWidget(self.details_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(body)

    @Slot()
    def _on_details_clicked(self) -> None:
        is_open = self._detail.isHidden()
        self._detail.setVisible(is_open)
        self.details_button.setText("Hide details" if is_open else "Details")
        self._timer.stop()  # who reads the details is not to be hurried
        area = self.parentWidget()
        if isinstance(area, ToastArea):
            area.place()


class ToastArea(QWidget):
    """Keeps the messages at the bottom right of a window."""

    def __init__(self, theme: Theme, window: QWidget, bottom_px: int) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._bottom_px = bottom_px
        self.toasts: list[Toast] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        window.installEventFilter(self)
        self.hide()

    def add(
        self, title: str, hint: str = "", detail: str = "", kind: Literal["good", "bad", "info"] = "info"
    ) -> Toast:
        """Show a message; one that is shown already is counted instead."""
        for shown in self.toasts:
            if shown.key == (kind, title, hint, detail):
                shown.add_one_more()
                self.place()
                return shown
        toast = Toast(self._theme, title, hint, detail, kind)
        toast.closed.connect(self._on_closed)
        self.toasts.append(toast)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(toast, f"{title}. {hint}"))
        self._column.addWidget(toast)
        if len(self.toasts) > MAX_TOASTS:
            self._remove(self.toasts[0])
        self.place()
        return toast

    def place(self) -> None:
        """Back to the corner, over everything."""
        self.setVisible(bool(self.toasts))
        if not self.toasts:
            return
        self._column.activate()
        height = sum(toast.wanted_height() for toast in self.toasts) + 8 * (len(self.toasts) - 1)
        left = self._window.width() - WIDTH_PX - _MARGIN_PX
        top = self._window.height() - height - self._bottom_px - _MARGIN_PX
        self.setGeometry(left, top, WIDTH_PX, height)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() == QEvent.Type.Resize and watched is self._window:
            self.place()
        return False

    @Slot()
    def _on_closed(self) -> None:
        toast = self.sender()
        if isinstance(toast, Toast):
            self._remove(toast)
            self.place()

    def _remove(self, toast: Toast) -> None:
        if toast in self.toasts:
            self.toasts.remove(toast)
        self._column.removeWidget(toast)
        toast.hide()
        toast.deleteLater()
