"""Language and copy button of each code block that is in view: a few real buttons that are moved about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QToolButton

from steelyard.ui.widgets.markdown_style import CODE_PAD_PX, BlockProperty

if TYPE_CHECKING:
    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

COPIED_MS = 1200
PLACE_MS = 60
_BADGE_HEIGHT_PX = 22
CODE_RIGHT_PX = 10


class CodeBadge(QToolButton):
    """Names the language; a click copies the whole code block."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        super().__init__(view.viewport())
        self._theme = theme
        self._view = view
        self.code_id = 0
        self.setProperty("role", "icon")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.setFont(theme.font(11, mono=True))
        self.setIconSize(QSize(14, 14))
        self.setToolTip("Copy this code")
        theme.bind_icon(self, "copy", "text3", 14)
        self.clicked.connect(self._on_clicked)
        self._reset_timer = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._reset_timer.timeout.connect(self._on_reset)

    def show_code(self, code_id: int) -> None:
        """Stand for another code block."""
        language, _ = self._view.codes[code_id]
        if code_id != self.code_id or self.text() != language:
            self.code_id = code_id
            self.setText(language)
            self.setAccessibleName(f"Copy {language or 'code'}")
            self._on_reset()
            self.setFixedHeight(_BADGE_HEIGHT_PX)
            self.setFixedWidth(badge_width(self._theme, language))

    @Slot()
    def _on_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._view.codes[self.code_id][1])
        self._theme.bind_icon(self, "check", "good", 14)
        self._reset_timer.start()

    @Slot()
    def _on_reset(self) -> None:
        self._theme.bind_icon(self, "copy", "text3", 14)


class BadgePool(QObject):
    """Places one badge at the top right of each code block in view."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._pool: list[CodeBadge] = []
        self._timer = QTimer(self, singleShot=True, interval=PLACE_MS)
        self._timer.timeout.connect(self.place)

    def place_soon(self) -> None:
        """Scrolling carries the badges along by itself, so placing them anew can wait a moment."""
        if self._view.codes and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def place(self) -> None:
        """Move the badges to where the code blocks now are."""
        if not self._view.codes:
            for badge in self._pool:
                badge.hide()
            return
        used = 0
        for code_id, top in self._starts():
            badge = self._badge(used)
            badge.show_code(code_id)
            right = self._view.viewport().width() - CODE_RIGHT_PX
            badge.move(right - badge.width(), round(top) - CODE_PAD_PX + 6)
            badge.show()
            used += 1
        for badge in self._pool[used:]:
            badge.hide()

    def _starts(self) -> list[tuple[int, float]]:
        starts: dict[int, float] = {}
        for block, rect in self._view.visible_blocks():
            code_id = block.blockFormat().intProperty(BlockProperty.CODE_ID)
            before = block.previous().blockFormat().intProperty(BlockProperty.CODE_ID)
            if code_id and code_id != before and code_id in self._view.codes:
                starts[code_id] = rect.top()
        return list(starts.items())

    def _badge(self, index: int) -> CodeBadge:
        while len(self._pool) <= index:
            self._pool.append(CodeBadge(self._theme, self._view))
        return self._pool[index]


def badge_width(theme: Theme, language: str) -> int:
    """How wide the badge of a language is."""
    text = QFontMetrics(theme.font(11, mono=True)).horizontalAdvance(language) if language else 0
    return text + 14 + (18 if language else 12)
