"""What stands on the code blocks in view: language and copy, fold and unfold. A few real buttons move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QToolButton

from steelyard.ui.widgets.labels import name_widget
from steelyard.ui.widgets.markdown_style import CODE_PAD_PX, BlockProperty
from steelyard.ui.widgets.response_folding import FOLD_BAR_PX

if TYPE_CHECKING:
    from PySide6.QtCore import QRectF

    from steelyard.ui.theme.theme import Theme
    from steelyard.ui.widgets.response_view import ResponseView

COPIED_MS = 1200
PLACE_MS = 60
_BADGE_HEIGHT_PX = 22
_FOLD_WIDTH_PX = 24
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


class FoldButton(QToolButton):
    """Folds or unfolds one code block: a small one beside the badge, or the bar under the lines in view."""

    def __init__(self, theme: Theme, view: ResponseView, *, is_bar: bool) -> None:
        super().__init__(view.viewport())
        self._theme = theme
        self._view = view
        self._is_bar = is_bar
        self._shown: tuple[bool, int] | None = None
        self.code_id = 0
        self.setProperty("role", "icon")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(14, 14))
        self.setMaximumHeight(_BADGE_HEIGHT_PX)
        if is_bar:
            self.setFont(theme.font(11, 500))
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        else:
            self.setFixedWidth(_FOLD_WIDTH_PX)
        self.clicked.connect(self._on_clicked)

    def show_code(self, code_id: int) -> None:
        """Stand for another code block, or for another state of it."""
        folding = self._view.folding
        now = (folding.is_folded(code_id), folding.hidden_lines(code_id))
        if (code_id, now) == (self.code_id, self._shown):
            return
        self.code_id, self._shown = code_id, now
        self._theme.bind_icon(self, "chevron-down" if now[0] else "chevron-up", "text3", 14)
        name_widget(self, "Unfold this code" if now[0] else "Fold this code")
        if self._is_bar:
            self.setText(f"{now[1]:,} more {'line' if now[1] == 1 else 'lines'}")

    @Slot()
    def _on_clicked(self) -> None:
        self._view.folding.toggle(self.code_id)


class BadgePool(QObject):
    """Places the buttons of each code block in view."""

    def __init__(self, theme: Theme, view: ResponseView) -> None:
        super().__init__(view)
        self._theme = theme
        self._view = view
        self._badges: list[CodeBadge] = []
        self._folds: list[FoldButton] = []
        self._bars: list[FoldButton] = []
        self._timer = QTimer(self, singleShot=True, interval=PLACE_MS)
        self._timer.timeout.connect(self.place)

    def place_soon(self) -> None:
        """Scrolling carries the badges along by itself, so placing them anew can wait a moment."""
        if self._view.codes and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def place(self) -> None:
        """Move the buttons to where the code blocks now are."""
        starts, tails = self._found() if self._view.codes else ([], [])
        for at, (code_id, top) in enumerate(starts):
            self._place_badge(at, code_id, round(top) - CODE_PAD_PX + 6)
        foldable = [(code_id, top) for code_id, top in starts if self._view.folding.is_foldable(code_id)]
        for at, (code_id, top) in enumerate(foldable):
            self._place_fold(at, code_id, round(top) - CODE_PAD_PX + 6)
        for at, (code_id, bottom) in enumerate(tails):
            self._place_bar(at, code_id, round(bottom) - FOLD_BAR_PX + 6)
        used: tuple[tuple[list[CodeBadge] | list[FoldButton], int], ...] = (
            (self._badges, len(starts)),
            (self._folds, len(foldable)),
            (self._bars, len(tails)),
        )
        for pool, count in used:
            for spare in pool[count:]:
                spare.hide()

    def _place_badge(self, at: int, code_id: int, top: int) -> None:
        if at == len(self._badges):
            self._badges.append(CodeBadge(self._theme, self._view))
        badge = self._badges[at]
        badge.show_code(code_id)
        badge.move(self._right() - badge.width(), top)
        badge.show()

    def _place_fold(self, at: int, code_id: int, top: int) -> None:
        if at == len(self._folds):
            self._folds.append(FoldButton(self._theme, self._view, is_bar=False))
        button = self._folds[at]
        button.show_code(code_id)
        badge_px = badge_width(self._theme, self._view.codes[code_id][0])
        button.move(self._right() - badge_px - button.width() - 2, top)
        button.show()

    def _place_bar(self, at: int, code_id: int, top: int) -> None:
        if at == len(self._bars):
            self._bars.append(FoldButton(self._theme, self._view, is_bar=True))
        bar = self._bars[at]
        bar.show_code(code_id)
        bar.resize(bar.sizeHint().width(), _BADGE_HEIGHT_PX)
        bar.move(CODE_PAD_PX + 10, top)
        bar.show()

    def _right(self) -> int:
        return self._view.viewport().width() - CODE_RIGHT_PX

    def _found(self) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """Where code blocks begin, and where folded ones end."""
        starts: dict[int, float] = {}
        ends: dict[int, QRectF] = {}
        for block, rect in self._view.visible_blocks():
            code_id = block.blockFormat().intProperty(BlockProperty.CODE_ID)
            if not code_id or code_id not in self._view.codes:
                continue
            before = block.previous().blockFormat().intProperty(BlockProperty.CODE_ID)
            if code_id != before:
                starts[code_id] = rect.top()
            if block.next().isValid() and not block.next().isVisible():
                ends[code_id] = rect
        return list(starts.items()), [(code_id, rect.bottom()) for code_id, rect in ends.items()]


def badge_width(theme: Theme, language: str) -> int:
    """How wide the badge of a language is."""
    text = QFontMetrics(theme.font(11, mono=True)).horizontalAdvance(language) if language else 0
    return text + 14 + (18 if language else 12)


def badge_room(theme: Theme, language: str) -> int:
    """How much of the first line the buttons of a code block take."""
    return badge_width(theme, language) + 8 + _FOLD_WIDTH_PX
