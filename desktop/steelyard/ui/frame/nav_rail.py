"""The rail at the left: logo, pages, and at the bottom privacy and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from steelyard.ui.actions import tooltip_with_shortcut
from steelyard.ui.frame.page_list import PAGES, PageSpec

if TYPE_CHECKING:
    from steelyard.ui.actions import Actions
    from steelyard.ui.theme.theme import Theme

_WIDTH = 80
_LOGO = 32
_DOT_PX = 9


class NavRail(QFrame):
    """Buttons of all pages; the selected one has a brass bar."""

    chosen = Signal(str)
    """The user chose the page of this name."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._theme = theme
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self.setProperty("role", "rail")
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName("Pages")
        self._logo = QLabel()
        self._logo.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._logo.setFixedHeight(48)
        self._logo.setToolTip("Steelyard")
        self._lay_out(actions)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def select(self, name: str) -> None:
        """Show that this page is the current one."""
        self._buttons[name].setChecked(True)
        self.update()

    def button(self, name: str) -> QToolButton:
        """The button of a page."""
        return self._buttons[name]

    def mark(self, name: str, why: str) -> None:
        """Put a dot on a page's button because of something there, or with an empty text take it off."""
        button = self._buttons[name]
        dot = button.findChild(_Dot)
        if dot is None:
            if not why:
                return
            dot = _Dot(self._theme, button)
        dot.setVisible(bool(why))
        title = button.text()
        button.setAccessibleName(f"{title}: {why}" if why else title)

    def marked(self, name: str) -> bool:
        """Whether a page's button has the dot."""
        dot = self._buttons[name].findChild(_Dot)
        return dot is not None and not dot.isHidden()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The brass bar beside the selected page."""
        super().paintEvent(event)
        checked = self._group.checkedButton()
        if checked is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("accent"))
        where = checked.geometry()
        painter.drawRoundedRect(QRectF(-3, where.top() + 11, 6, where.height() - 22), 3, 3)

    def _lay_out(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 4)
        column.setSpacing(4)
        column.addWidget(self._logo)
        column.addSpacing(8)
        has_stretched = False
        for page in PAGES:
            if page.is_at_bottom and not has_stretched:
                column.addStretch(1)
                has_stretched = True
            column.addWidget(self._make_button(page, actions))

    def _make_button(self, page: PageSpec, actions: Actions) -> QToolButton:
        button = self._buttons[page.name] = QToolButton()
        button.setProperty("role", "nav")
        button.setText(page.title)
        button.setFont(self._theme.font(12, 500))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setIconSize(QSize(20, 20))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setFixedHeight(52)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setAccessibleName(page.title)
        entry = actions.entry(f"go.{page.name}")
        button.setToolTip(tooltip_with_shortcut(page.title, entry.shortcut_text))
        self._theme.bind_icon(button, page.icon, size=20, on_color="accent")
        self._group.addButton(button)
        button.setObjectName(page.name)
        button.toggled.connect(self._on_toggled)
        return button

    @Slot(bool)
    def _on_toggled(self, is_on: bool) -> None:
        button = self.sender()
        if is_on and isinstance(button, QToolButton):
            button.setFont(self._theme.font(12, 600))
            self.chosen.emit(button.objectName())
        elif isinstance(button, QToolButton):
            button.setFont(self._theme.font(12, 500))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._logo.setPixmap(self._theme.logo(_LOGO))
        self.update()


class _Dot(QWidget):
    """Something happened on a page that is not shown."""

    def __init__(self, theme: Theme, button: QToolButton) -> None:
        super().__init__(button)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setGeometry(button.width() // 2 + 8, 6, _DOT_PX, _DOT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A small disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("bad"))
        painter.drawEllipse(self.rect())
