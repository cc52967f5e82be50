"""One entry of the download list; equally high in all of its states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from steelyard.ui.pages.models_download_texts import CAN_PAUSE, DownloadLook, look_of
from steelyard.ui.theme.theme import set_role
from steelyard.ui.widgets.buttons import make_button, make_icon_button
from steelyard.ui.widgets.compare_plain import plain_tooltip
from steelyard.ui.widgets.labels import ElidedLabel, make_label, name_widget
from steelyard.ui.widgets.models_badge import IconLabel
from steelyard.ui.widgets.models_paint import draw_meter
from steelyard.ui.widgets.models_text import bare_repo, plain

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QPaintEvent

    from steelyard.core.values.hub import DownloadRow
    from steelyard.ui.theme.theme import Theme

HEIGHT_PX = 62
LEAST_PX = 360
MOST_PX = 520
_ROLES = {"accent": "accent", "good": "good", "bad": "bad", "text2": "prose", "text3": "muted"}


class DownloadCard(QWidget):
    """Name, state, bar, figures; what can be done with it."""

    wanted = Signal(str, str)
    """What (pause, resume, cancel, first, earlier, later, last) and the entry's id."""

    def __init__(self, theme: Theme, row: DownloadRow) -> None:
        super().__init__()
        self._theme = theme
        self.row = row
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(LEAST_PX)
        self.setMaximumWidth(MOST_PX)
        name = bare_repo(row.repo)
        self._icon = IconLabel(theme, "download", "accent", 14)
        self.name = ElidedLabel(theme, name, weight=600)
        self.quant = make_label(theme, plain(row.quant, 16), "code-chip", px=11, mono=True)
        if not row.quant:
            self.quant.hide()
        self.status = make_label(theme, "", px=12, weight=500, tabular=True)
        self.go_button = make_icon_button(theme, "pause", f"Pause {name}")
        self.retry_button = make_button(theme, "Retry", "link")
        name_widget(self.retry_button, f"Retry {name}", "Try again; what is on disk is kept")
        self.cancel_button = make_icon_button(theme, "x", f"Cancel {name}")
        self.more_button = make_icon_button(theme, "ellipsis-vertical", f"Order of {name}")
        self.left = ElidedLabel(theme, "", px=12)
        self.right = make_label(theme, "", "muted", px=12, tabular=True)
        self.bar = _Bar(theme)
        self._lay_out()
        self.go_button.clicked.connect(self._on_go)
        self.retry_button.clicked.connect(self._on_retry)
        self.cancel_button.clicked.connect(self._on_cancel)
        self.more_button.clicked.connect(self._on_more)
        self.show_row(row)

    def show_row(self, row: DownloadRow) -> None:
        """Show a newer state."""
        self.row = row
        look = look_of(row)
        name = self.name.text()
        self.status.setText(look.status)
        set_role(self.status, _ROLES[look.status_color])
        self.left.setText(look.left)
        set_role(self.left, _ROLES[look.left_color])
        self.left.setToolTip(plain_tooltip(look.tooltip))
        self.right.setText(look.right)
        self.bar.show_share(look)
        self.setAccessibleName(f"{name}: {look.status}")
        self.setAccessibleDescription(f"{look.left}, {look.right}")
        can_pause, can_go = row.state in CAN_PAUSE, row.state == "paused"
        self.go_button.setVisible(can_pause or can_go)
        self.retry_button.setVisible(row.state == "failed")
        self.more_button.setVisible(row.state != "done")
        self._theme.bind_icon(self.go_button, "pause" if can_pause else "play")
        name_widget(self.go_button, f"{'Pause' if can_pause else 'Resume'} {name}")
        cancel = "Take it off the list" if row.state == "done" else "Cancel"
        name_widget(self.cancel_button, f"{cancel}: {name}", cancel)
        self._icon.show_icon(look.icon, look.icon_color)

    @property
    def buttons(self) -> tuple[QAbstractButton, ...]:
        """From left to right."""
        return self.retry_button, self.go_button, self.cancel_button, self.more_button

    @property
    def menu(self) -> QMenu:
        """Where in the order it may go."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, text in (
            ("first", "First in the list"),
            ("earlier", "Earlier"),
            ("later", "Later"),
            ("last", "Last in the list"),
        ):
            menu.addAction(text).setData(key)
        menu.triggered.connect(self._on_menu)
        return menu

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self._icon)
        top.addWidget(self.name, 1)
        top.addWidget(self.quant)
        top.addSpacing(4)
        top.addWidget(self.status)
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        for button in self.buttons:
            buttons.addWidget(button)
        top.addLayout(buttons)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.left, 1)
        below.addWidget(self.right)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addLayout(below)

    @Slot()
    def _on_go(self) -> None:
        self.wanted.emit("resume" if self.row.state == "paused" else "pause", self.row.id)

    @Slot()
    def _on_retry(self) -> None:
        self.wanted.emit("resume", self.row.id)

    @Slot()
    def _on_cancel(self) -> None:
        self.wanted.emit("cancel", self.row.id)

    @Slot()
    def _on_more(self) -> None:
        self.menu.popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))

    def _on_menu(self, action: QAction) -> None:
        self.wanted.emit(action.data(), self.row.id)


class _Bar(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._share = 0.0
        self._color = "accent_fill"
        self.setFixedHeight(6)
        theme.changed.connect(self.update)

    def show_share(self, look: DownloadLook) -> None:
        """Fill it to the share of the look."""
        self._share, self._color = look.share, look.bar_color
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_meter(painter, self._theme, QRectF(self.rect()), self._share, self._color)
