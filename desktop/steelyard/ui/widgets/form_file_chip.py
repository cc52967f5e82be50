"""One attached file: a small picture or an icon, its name and size, and a button that takes it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_icon_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import ElidedLabel, make_label

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme

_NAME_MAX_PX = 180
_PICTURE_PX = 28
_HEIGHT_PX = 36


class FileChip(QFrame):
    """Says what became of a file: it is read, it is there, or why it is not."""

    removed = Signal(object)
    """Carries this chip."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._picture = _Picture(theme)
        self._label = ElidedLabel(theme, name, px=12, weight=500)
        self._label.setMaximumWidth(_NAME_MAX_PX)
        self._detail = make_label(theme, "reading…", "muted", px=11, tabular=True)
        self.remove_button = make_icon_button(theme, "x", f"Remove {name}", size=14)
        self.remove_button.clicked.connect(self._on_remove)
        self.setProperty("role", "raised")
        self.setFixedHeight(_HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 2, 0)
        row.setSpacing(8)
        row.addWidget(self._picture)
        row.addWidget(self._label)
        row.addWidget(self._detail)
        row.addWidget(self.remove_button)
        self._say("reading…")

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self._name

    @property
    def detail(self) -> str:
        """What stands after the name."""
        return self._detail.text()

    def sizeHint(self) -> QSize:
        """As wide as its parts; all chips are equally high."""
        return QSize(super().sizeHint().width(), _HEIGHT_PX)

    def show_file(self, name: str, detail: str, icon: str) -> None:
        """It was read."""
        self._name = name
        self._label.setText(name)
        self._picture.show_icon(icon)
        self._say(detail)

    @property
    def has_picture(self) -> bool:
        """Whether the image itself is shown."""
        return self._picture.has_image

    def show_picture(self, image: QImage) -> None:
        """What the image shows."""
        self._picture.show_image(image)

    def show_refusal(self, title: str, why: str) -> None:
        """It cannot be sent, and why."""
        set_role(self, "note-bad")
        self._picture.show_icon("circle-alert", "bad")
        set_role(self._detail, "bad")
        self._say(title, why)

    def _say(self, detail: str, why: str = "") -> None:
        self._detail.setText(detail)
        self.setToolTip(plain_tooltip(f"{self._name}: {why or detail}"))
        self.setAccessibleName(f"Attachment {self._name}, {detail}")
        self.setAccessibleDescription(why)

    def _on_remove(self) -> None:
        self.removed.emit(self)


class _Picture(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._icon = ("hourglass", "text3")
        self._image: QPixmap | None = None
        self.setFixedSize(QSize(_PICTURE_PX, _PICTURE_PX))
        theme.changed.connect(self.update)

    @property
    def has_image(self) -> bool:
        return self._image is not None

    def show_icon(self, icon: str, color: str = "text2") -> None:
        self._icon = (icon, color)
        self.update()

    def show_image(self, image: QImage) -> None:
        if not image.isNull():
            self._image = QPixmap.fromImage(image)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The image fills the square; without one the icon stands in the middle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            icon = self._theme.pixmap(self._icon[0], self._icon[1], 16)
            painter.drawPixmap(6, 6, icon)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(
            (self.width() - size.width()) / 2,
            (self.height() - size.height()) / 2,
            size.width(),
            size.height(),
        )
        painter.drawPixmap(place, self._image, QRectF(self._image.rect()))
