"""The text of one column: one read-only document, boxes painted behind it, nothing ever loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QRect, QRectF, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QPainter, QPalette, QPen, QTextCursor
from PySide6.QtWidgets import QFrame, QScrollBar, QTextBrowser

from steelyard.ui.widgets.markdown_parse import QuietDocument
from steelyard.ui.widgets.markdown_style import (
    CODE_PAD_PX,
    LIST_INDENT_PX,
    THIN_SPACE,
    BlockKind,
    BlockProperty,
)
from steelyard.ui.widgets.response_badges import BadgePool
from steelyard.ui.widgets.response_folding import FOLD_BAR_PX, CodeFolding

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent, QShowEvent, QTextBlock, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from steelyard.ui.theme.theme import Theme

SIDE_PX = 16
RIGHT_PX = 6
"""The scroll bar's ten pixels are kept free beside it, so that no text moves when the bar appears."""
TOP_PX = 12
BOTTOM_PX = 16
_END_SLACK_PX = 4
_MIN_HEIGHT_PX = 24


class QuietScrollBar(QScrollBar):
    """Takes its place at all times, but is seen only where there is something to scroll."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Nothing while everything fits."""
        if self.maximum() > self.minimum():
            super().paintEvent(event)


class ResponseView(QTextBrowser):
    """Shows an answer; `follow` keeps its end in view until the user scrolls away from it."""

    link_clicked = Signal(str)
    """The user asked for a link; nothing has been opened."""
    user_scrolled = Signal()
    """The user moved the text; not sent for text that arrives, nor for `scroll_to_share`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_following = True
        self._has_caret = False
        self._is_moving = False
        self._is_untouched = True
        self.codes: dict[int, tuple[str, str]] = {}
        self.setProperty("role", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(QuietScrollBar(Qt.Orientation.Vertical, self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setMinimumHeight(_MIN_HEIGHT_PX)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setBackgroundRole(QPalette.ColorRole.NoRole)
        self._quiet = QuietDocument(self)
        self._quiet.setUndoRedoEnabled(False)
        self._quiet.setDefaultFont(theme.font(13))
        self.setDocument(self._quiet)
        self.folding = CodeFolding(self)
        self.badges = BadgePool(theme, self)
        self.folding.changed.connect(self._on_folding_changed)
        self.anchorClicked.connect(self._on_anchor_clicked)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._on_range_changed)
        self.reset()

    # ---- content -------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Empty the document."""
        self.codes.clear()
        self.folding.clear()
        self._quiet.clear()
        self._quiet.setDocumentMargin(0)
        look = self._quiet.rootFrame().frameFormat()
        look.setLeftMargin(SIDE_PX)
        look.setRightMargin(RIGHT_PX)
        look.setTopMargin(TOP_PX)
        look.setBottomMargin(BOTTOM_PX)
        self._quiet.rootFrame().setFrameFormat(look)
        self._quiet.setIndentWidth(LIST_INDENT_PX)
        self._is_untouched = True
        self._is_following = True
        self.badges.place()

    def set_caret(self, *, is_shown: bool) -> None:
        """Show or hide the brass bar at the end."""
        self._has_caret = is_shown
        self.viewport().update()

    def text_grew(self) -> None:
        """Repaint what the layout does not know of: boxes and caret at the end."""
        if self._is_untouched:
            # A cursor at the end would travel with the text that is added there.
            self._is_untouched = False
            self._cursor_to_start()
        self._fit_bottom()
        bottom = self.viewport().height()
        top = max(0, self._end_rect().top() - 160)
        self.viewport().update(0, top, self.viewport().width(), bottom - top)
        self.badges.place_soon()

    def set_following(self, *, is_following: bool) -> None:
        """Keep the end in view, or go to the top and stay there."""
        self._is_following = is_following
        if is_following:
            self._to_end()
        else:
            self._is_moving = True
            self.verticalScrollBar().setValue(0)
            self._is_moving = False

    @property
    def is_following(self) -> bool:
        """Whether new text keeps scrolling the view."""
        return self._is_following

    @property
    def scrolled_share(self) -> float:
        """How far down it is scrolled, 0 to 1."""
        bar = self.verticalScrollBar()
        return bar.value() / bar.maximum() if bar.maximum() > 0 else 0.0

    def scroll_to_share(self, share: float) -> None:
        """Scroll so far down, 0 to 1; at the end it follows new text again."""
        bar = self.verticalScrollBar()
        self._is_moving = True
        bar.setValue(round(share * bar.maximum()))
        self._is_moving = False
        self._is_following = bar.value() >= bar.maximum() - _END_SLACK_PX

    def show_position(self, position: int) -> None:
        """Bring a character of the document into view, a third from the top unless it is there already."""
        cursor = QTextCursor(self._quiet)
        cursor.setPosition(position)
        rect = self.cursorRect(cursor)
        height = self.viewport().height()
        if rect.top() < 0 or rect.bottom() > height:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + rect.top() - height // 3)

    def loadResource(self, type_: int, name: QUrl | str) -> object:
        """Nothing, from anywhere."""
        return None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Plain text as the model wrote it, without the thin spaces around inline code."""
        data = QMimeData()
        text = self.textCursor().selection().toPlainText()
        data.setText(text.replace(THIN_SPACE, ""))
        return data

    # ---- following the end ---------------------------------------------------------------------------------

    @Slot()
    def _on_scrolled(self) -> None:
        if not self._is_moving:
            bar = self.verticalScrollBar()
            self._is_following = bar.value() >= bar.maximum() - _END_SLACK_PX
            self.user_scrolled.emit()
        self.badges.place_soon()

    @Slot()
    def _on_range_changed(self) -> None:
        if self._is_following:
            self._to_end()

    @Slot()
    def _on_folding_changed(self) -> None:
        self._fit_bottom()
        self.viewport().update()
        self.badges.place_soon()

    def _fit_bottom(self) -> None:
        """Folded code at the very end needs room for its bar: no unseen line's margin counts there."""
        is_folded = not self._quiet.lastBlock().isVisible()
        look = self._quiet.rootFrame().frameFormat()
        wanted_px = BOTTOM_PX + (FOLD_BAR_PX + CODE_PAD_PX if is_folded else 0)
        if look.bottomMargin() != wanted_px:
            look.setBottomMargin(wanted_px)
            self._quiet.rootFrame().setFrameFormat(look)

    def _to_end(self) -> None:
        self._is_moving = True
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._is_moving = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The badges sit at the right edge."""
        super().resizeEvent(event)
        self.badges.place_soon()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt brings the text cursor into view when it is first shown; the place stays where it was."""
        at_px = self.verticalScrollBar().value()
        self._is_moving = True
        super().showEvent(event)
        self.verticalScrollBar().setValue(at_px)
        self._is_moving = False
        if self._is_following:
            self._to_end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolling up at any moment stops the following, also before the value changes."""
        if event.angleDelta().y() > 0 and self.verticalScrollBar().maximum() > 0:
            self._is_following = False
        super().wheelEvent(event)

    def _cursor_to_start(self) -> None:
        at_px = self.verticalScrollBar().value()
        self._is_moving = True
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.verticalScrollBar().setValue(at_px)
        self._is_moving = False
        if self._is_following:
            self._to_end()

    # ---- links ---------------------------------------------------------------------------------------------

    @Slot(QUrl)
    def _on_anchor_clicked(self, url: QUrl) -> None:
        self.link_clicked.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    # ---- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Boxes first, then the text, then the caret."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for kind, rect in self.visible_boxes():
            self._paint_box(painter, kind, rect)
        painter.end()
        super().paintEvent(event)
        if self._has_caret and self._quiet.lastBlock().isVisible():
            painter = QPainter(self.viewport())
            painter.fillRect(self._caret_rect(), self._theme.color("accent"))
            painter.end()

    def visible_boxes(self) -> list[tuple[BlockKind, QRectF]]:
        """What is to be painted behind the visible text, in viewport coordinates."""
        boxes: list[tuple[BlockKind, QRectF]] = []
        last_code = 0
        for block, rect in self.visible_blocks():
            look = block.blockFormat()
            kind = look.intProperty(BlockProperty.KIND)
            if kind == BlockKind.PROSE:
                continue
            code_id = look.intProperty(BlockProperty.CODE_ID)
            if kind == BlockKind.CODE and code_id == last_code:
                boxes[-1] = (BlockKind.CODE, boxes[-1][1].united(rect))
            else:
                boxes.append((BlockKind(kind), self._extended(block, rect, code_id)))
            last_code = code_id
        return boxes

    def visible_blocks(self) -> list[tuple[QTextBlock, QRectF]]:
        """The text blocks in the viewport and their places there."""
        layout = self._quiet.documentLayout()
        offset = self.verticalScrollBar().value()
        bottom = offset + self.viewport().height() + CODE_PAD_PX
        block = self.cursorForPosition(QPoint(SIDE_PX, 0)).block()
        found: list[tuple[QTextBlock, QRectF]] = []
        while block.isValid():
            if not block.isVisible():
                block = self.folding.after(block.blockFormat().intProperty(BlockProperty.CODE_ID))
                continue
            rect = layout.blockBoundingRect(block)
            if rect.top() > bottom:
                break
            following = block.next()
            if following.isValid() and not following.isVisible():
                rect.setHeight(rect.height() + FOLD_BAR_PX)
            found.append((block, rect.translated(0, -offset)))
            block = following
        return found

    def _extended(self, block: QTextBlock, rect: QRectF, code_id: int) -> QRectF:
        if code_id and block.previous().blockFormat().intProperty(BlockProperty.CODE_ID) == code_id:
            return rect.adjusted(0, -200, 0, 0)
        return rect

    def _paint_box(self, painter: QPainter, kind: BlockKind, rect: QRectF) -> None:
        left, right = SIDE_PX, self.viewport().width() - RIGHT_PX
        theme = self._theme
        match kind:
            case BlockKind.CODE:
                box = QRectF(left, rect.top() - CODE_PAD_PX, right - left, rect.height() + 2 * CODE_PAD_PX)
                painter.setPen(QPen(theme.color("line"), 1))
                painter.setBrush(theme.color("sunken"))
                painter.drawRoundedRect(box.adjusted(0.5, 2.5, -0.5, -2.5), 6, 6)
            case BlockKind.PROMPT:
                box = QRectF(left, rect.top() - 6, right - left, rect.height() + 12)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("raised"))
                painter.drawRoundedRect(box, 6, 6)
            case BlockKind.QUOTE | BlockKind.REASONING:
                painter.fillRect(QRectF(left, rect.top(), 3, rect.height()), theme.color("line2"))
            case BlockKind.RULE:
                painter.fillRect(QRectF(left, rect.center().y(), right - left, 1), theme.color("line2"))
            case _:
                pass

    def _end_rect(self) -> QRect:
        end = QTextCursor(self._quiet)
        end.movePosition(QTextCursor.MoveOperation.End)
        return self.cursorRect(end)

    def _caret_rect(self) -> QRect:
        rect = self._end_rect()
        return QRect(rect.left() + 2, rect.top() + 1, 3, min(rect.height(), 18) - 2)
