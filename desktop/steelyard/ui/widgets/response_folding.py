"""Long code blocks of an answer, folded to their first lines and unfolded again.

The folded lines stay in the document, only unseen: searching finds them, and copying copies them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, Signal
from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCursor

from steelyard.ui.widgets.markdown_style import BLOCK_GAP_PX, CODE_PAD_PX

if TYPE_CHECKING:
    from steelyard.ui.widgets.response_view import ResponseView

FOLDABLE_FROM_LINES = 21
"""Shorter code has nothing to gain."""
HEAD_LINES = 8
"""What stays in view of a folded block."""
FOLD_BAR_PX = 26
"""Room under the last line in view, for the button that unfolds."""
_BAR_ROOM_PX = FOLD_BAR_PX + BLOCK_GAP_PX + CODE_PAD_PX + 8
"""Qt takes the larger of two neighbours' margins, a line unseen among them: this holds the gap, too."""
_NOWHERE = QPointF(0, 1e9)


class CodeFolding(QObject):
    """Knows the code blocks of one view and which of them are folded.

    What the user chose is kept by the beginning of the code: it outlives writing the conversation anew.
    """

    changed = Signal()
    """A block was folded or unfolded, or became long enough to be."""

    def __init__(self, view: ResponseView) -> None:
        super().__init__(view)
        self._view = view
        self._first: dict[int, QTextCursor] = {}
        self._last: dict[int, QTextCursor] = {}
        self._hidden_to: dict[int, int] = {}
        self._chosen: dict[tuple[str, str], bool] = {}
        self._folds_all = False

    def clear(self) -> None:
        """The document was emptied; choices stay."""
        self._first.clear()
        self._last.clear()
        self._hidden_to.clear()

    def begin(self, code_id: int, first: QTextCursor) -> None:
        """A code block starts at the block of this cursor, and goes to the end of the document."""
        self._first[code_id] = first

    def grew(self, code_id: int) -> None:
        """More lines of it were written."""
        if self.is_folded(code_id):
            self._hide(code_id)

    def finish(self, code_id: int) -> None:
        """Nothing more is written to it: what follows in the document is something else."""
        last = QTextCursor(self._view.document())
        last.movePosition(QTextCursor.MoveOperation.End)
        last.setKeepPositionOnInsert(True)
        self._last[code_id] = last
        self.grew(code_id)
        self.changed.emit()

    def lines(self, code_id: int) -> int:
        """Lines on the screen when unfolded, broken ones counted as often as they were broken."""
        first = self._first.get(code_id)
        if first is None:
            return 0
        return self._last_number(code_id) - first.block().blockNumber() + 1

    def is_foldable(self, code_id: int) -> bool:
        """Whether it is long enough."""
        return self.lines(code_id) >= FOLDABLE_FROM_LINES

    def is_folded(self, code_id: int) -> bool:
        """Whether it shows its first lines only."""
        return self.is_foldable(code_id) and self._chosen.get(self._key(code_id), self._folds_all)

    @property
    def has_folded(self) -> bool:
        """Whether any block is folded."""
        return any(self.is_folded(code_id) for code_id in self._first)

    def hidden_lines(self, code_id: int) -> int:
        """Lines that are not seen now."""
        return self.lines(code_id) - HEAD_LINES if self.is_folded(code_id) else 0

    def toggle(self, code_id: int) -> None:
        """Fold or unfold one block."""
        self._chosen[self._key(code_id)] = not self.is_folded(code_id)
        self._apply(code_id)
        self.changed.emit()

    def fold_all(self, *, is_folded: bool) -> None:
        """Fold or unfold all, those that are still to come included."""
        self._folds_all = is_folded
        self._chosen.clear()
        for code_id in self._first:
            self._apply(code_id)
        self.changed.emit()

    def reveal(self, position: int) -> bool:
        """Unfold what hides this place of the document; True if something did."""
        block = self._view.document().findBlock(position)
        if block.isVisible():
            return False
        for code_id, first in self._first.items():
            if first.block().blockNumber() <= block.blockNumber() <= self._last_number(code_id):
                self.toggle(code_id)
                return True
        return False

    def after(self, code_id: int) -> QTextBlock:
        """The block that follows a code block."""
        return self._view.document().findBlockByNumber(self._last_number(code_id) + 1)

    # ---- lines in and out of view --------------------------------------------------------------------------

    def _key(self, code_id: int) -> tuple[str, str]:
        language, text = self._view.codes.get(code_id, ("", ""))
        return language, "\n".join(text.split("\n", HEAD_LINES)[:HEAD_LINES])

    def _last_number(self, code_id: int) -> int:
        last = self._last.get(code_id)
        return last.block().blockNumber() if last else self._view.document().blockCount() - 1

    def _apply(self, code_id: int) -> None:
        if self.is_folded(code_id):
            self._hide(code_id)
        elif code_id in self._hidden_to:
            self._show(code_id)

    def _hide(self, code_id: int) -> None:
        start = self._first[code_id].block().blockNumber() + HEAD_LINES
        last = self._last_number(code_id)
        document = self._view.document()
        block = document.findBlockByNumber(self._hidden_to.get(code_id, start))
        begin = block.position()
        for _ in range(last - block.blockNumber() + 1):
            block.setVisible(False)
            # The layout still asks unseen lines what lies under a point; there they are never hit.
            block.layout().clearLayout()
            block.layout().setPosition(_NOWHERE)
            block = block.next()
        end = document.findBlockByNumber(last)
        _set_bottom(end, _BAR_ROOM_PX)
        document.markContentsDirty(begin, max(1, end.position() + end.length() - 1 - begin))
        self._hidden_to[code_id] = last

    def _show(self, code_id: int) -> None:
        block = self._first[code_id].block()
        begin = end = block.position()
        for _ in range(self.lines(code_id)):
            block.setVisible(True)
            if block.blockFormat().bottomMargin():
                _set_bottom(block, 0)
            end = block.position() + block.length()
            block = block.next()
        self._view.document().markContentsDirty(begin, max(1, end - 1 - begin))
        del self._hidden_to[code_id]


def _set_bottom(block: QTextBlock, room_px: float) -> None:
    look = QTextBlockFormat()
    look.setBottomMargin(room_px)
    QTextCursor(block).mergeBlockFormat(look)
